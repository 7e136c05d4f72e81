import type { Access, Kernel, Overrides, ParamTypes, Params } from '../device/kernel.ts';
import type { Weights } from '../kernels/matmul.ts';
import type { Int8Input } from './int8_input.ts';

/** A way for weights to lie on the device. */
export interface Storage<Part> {
  /** The decoding that the forms of the matmul use, or the kernels that alone can multiply it, the preferred first. */
  matmul: Weights | readonly OwnKernel[];
  /** The other kernels it takes: to be made, to ready its input. */
  others: readonly Kernel[];
  /** Binds a part for a kernel of `matmul`; x, y, the bias and the matmul's own numbers come on top. */
  bind(part: Part, int8: Int8Input | undefined): Bound;
}

/** A kernel that multiplies a storage and no other: on which adapters, and from how many tokens on. */
export interface OwnKernel {
  kernel: Kernel;
  adapters: 'software' | 'hardware' | 'all';
  M: number;
}

/** Numbers, buffers and constants of one dispatch. */
export interface Bound<P extends ParamTypes = ParamTypes, B = Record<string, Access>> {
  params: Params<P>;
  buffers: { readonly [K in keyof B]: GPUBuffer };
  overrides: Overrides;
}

/** Types a storage: what `bind` gives is what `matmul` declares. */
export const defineStorage = <
  const P extends ParamTypes,
  const B extends Record<string, Access>,
  Part,
>(storage: {
  matmul: Weights<P, B>;
  others: readonly Kernel[];
  bind(part: Part): Bound<P, B>;
}): Storage<Part> => storage;
