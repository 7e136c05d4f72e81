import type { Tolerance } from '../../tensor/compare.ts';
import type { Traffic } from '../traffic/predict.ts';
import type { Gpu, RaisedLimit } from './device.ts';

/** The use a kernel makes of a buffer and the type in it; a check fills buffers that are only written with NaN. */
export type Access = `${'read' | 'write' | 'read_write'} ${'f32' | 'u32'}`;

export type ParamTypes = Record<string, 'u32' | 'f32'>;
export type Params<P extends ParamTypes> = { readonly [K in keyof P]: number };
export type Arrays<B> = {
  readonly [K in keyof B]: B[K] extends `${string} u32`
    ? Uint32Array<ArrayBuffer>
    : Float32Array<ArrayBuffer>;
};

/** A compile-time constant of a shader, `override NAME: u32`. */
export type Overrides = Readonly<Record<string, number>>;

/**
 * One shader and everything that must agree with it: its file, its uniform, its buffers, its grid, its meaning.
 * `@group(0) @binding(0)` is the uniform `params` with the fields of `params` in order; the buffers follow from
 * `@binding(1)` in the order of `bindings`, under the same names.
 */
export interface Kernel<
  P extends ParamTypes = ParamTypes,
  B extends Record<string, Access> = Record<string, Access>,
> {
  name: string;
  wgsl: string;
  /** Features and limits without which another kernel serves. */
  requires?: Requirements;
  params: P;
  bindings: B;
  /** Workgroups in x and y; 65,535 each at most. */
  workgroups: (params: Params<P>) => readonly [number, number];
  /** The same computation on the CPU: returns the arrays it writes. */
  reference: (params: Params<P>, arrays: Arrays<B>, overrides: Overrides) => Partial<Arrays<B>>;
  /** Kernel error allowed against the reference; `exact` asks for equal bits. */
  tolerance: 'exact' | ((params: Params<P>, overrides: Overrides) => Tolerance);
  /** Shapes that a check runs, with awkward ones among them. */
  cases: () => KernelCase<P, B>[];
  /** What it asks of memory and arithmetic, where somebody wrote it down. */
  traffic?: Traffic<P>;
}

export interface KernelCase<P extends ParamTypes = ParamTypes, B = Record<string, Access>> {
  name: string;
  params: Params<P>;
  arrays: Arrays<B>;
  overrides?: Overrides;
}

/** Features and limits that a kernel needs of a browser and its adapter, beyond those that all have. */
export interface Requirements {
  /** Of WGSL. */
  language_features?: readonly string[];
  /** Of the device; OPTIONAL_FEATURES in device.ts are asked for. */
  features?: readonly GPUFeatureName[];
  /** The least a limit may be. */
  limits?: Partial<Record<RaisedLimit, number>>;
  /** Lanes of every subgroup. */
  subgroup_size?: number;
}

/** True if a device has all that a kernel requires. */
export function canRun({ device, adapter }: Pick<Gpu, 'device' | 'adapter'>, { requires }: Kernel): boolean {
  const { language_features = [], features = [], limits = {}, subgroup_size } = requires ?? {};
  return (
    language_features.every((name) => adapter.language_features.includes(name)) &&
    features.every((name) => device.features.has(name)) &&
    Object.entries(limits).every(([name, least]) => device.limits[name as RaisedLimit] >= least) &&
    (subgroup_size === undefined || hasSubgroupsOf(device, subgroup_size))
  );
}

/** A browser that says nothing of subgroups has none that a kernel may count on. */
function hasSubgroupsOf({ adapterInfo }: Partial<Pick<GPUDevice, 'adapterInfo'>>, size: number): boolean {
  return adapterInfo?.subgroupMinSize === size && adapterInfo.subgroupMaxSize === size;
}

/** Types a kernel definition. */
export const defineKernel = <const P extends ParamTypes, const B extends Record<string, Access>>(
  kernel: Kernel<P, B>,
): Kernel<P, B> => kernel;

/** Workgroups per dimension that every adapter allows. */
export const MAX_WORKGROUPS = 65535;

/**
 * A one-dimensional grid of `invocations`, so many lanes a workgroup, folded into two dimensions when it is too long for
 * one. Shaders unfold it with `(group.y * groups.x + group.x) * lanes + lane`.
 */
export function grid(invocations: number, lanes = 64): readonly [number, number] {
  const groups = Math.max(1, Math.ceil(invocations / lanes));
  const x = Math.min(groups, MAX_WORKGROUPS);
  return [x, Math.ceil(groups / x)];
}

/** The pipeline of a kernel, made on first use. */
export function pipelineOf(gpu: Gpu, kernel: Kernel, overrides: Overrides): GPUComputePipeline {
  const key = pipelineKey(kernel, overrides);
  const ready = gpu.pipelines.get(key);
  if (ready) return ready;
  const pipeline = gpu.device.createComputePipeline(pipelineDescriptor(gpu, kernel, overrides));
  gpu.pipelines.set(key, pipeline);
  return pipeline;
}

/**
 * Begins to make a pipeline before it is asked for: a driver may compile several side by side. One that it refuses is made
 * again, and told, when it is asked for.
 */
export async function prepareFor(gpu: Gpu, kernel: Kernel, overrides: Overrides): Promise<void> {
  const key = pipelineKey(kernel, overrides);
  if (gpu.pipelines.get(key)) return;
  const { device } = gpu;
  device.pushErrorScope('validation');
  const made = device.createComputePipelineAsync(pipelineDescriptor(gpu, kernel, overrides));
  const told = device.popErrorScope();
  const [pipeline, error] = await Promise.all([made, told]).catch(() => []);
  if (pipeline && !error && !gpu.pipelines.get(key)) gpu.pipelines.set(key, pipeline);
}

/** The name a pipeline is kept under: its kernel's and its overrides, sorted. */
export function pipelineKey({ name }: Kernel, overrides: Overrides): string {
  let key = name;
  for (const constant of Object.keys(overrides).sort()) key += ` ${constant}=${overrides[constant]}`;
  return key;
}

function pipelineDescriptor(
  { device }: Gpu,
  { name, wgsl, bindings }: Kernel,
  overrides: Overrides,
): GPUComputePipelineDescriptor {
  const module = device.createShaderModule({ label: name, code: wgsl });
  const visibility = GPUShaderStage.COMPUTE;
  const entries: GPUBindGroupLayoutEntry[] = [
    { binding: 0, visibility, buffer: { type: 'uniform', hasDynamicOffset: true } },
    ...Object.values(bindings).map((access, i) => ({
      binding: i + 1,
      visibility,
      buffer: { type: access.startsWith('read ') ? ('read-only-storage' as const) : ('storage' as const) },
    })),
  ];
  const layout = device.createPipelineLayout({
    bindGroupLayouts: [device.createBindGroupLayout({ entries })],
  });
  return { label: name, layout, compute: { module, entryPoint: 'main', constants: overrides } };
}
