import type { NestedAbsmax } from '../../quant/double_quant.ts';
import type { Arena } from '../device/buffers.ts';
import { SCALES } from '../kernels/blockwise.ts';

/** The scales of a part's blocks: absmax as measured, or double-quantized as those of the whole matrix. */
export type PartScales =
  | { kind: 'absmax'; absmax: GPUBuffer }
  | {
      kind: 'nested';
      /** The part's own, one byte a block. */
      codes: GPUBuffer;
      /** Blocks of earlier parts. */
      first_block: number;
      nested_absmax: GPUBuffer;
      nested_code: GPUBuffer;
      offset: number;
    };

/** Brings the scales of blocks [first, end) of a matrix to the device. */
export type ScalesUpload = (first: number, end: number) => Promise<PartScales>;

/** Absmax values of a whole matrix, to be uploaded part by part. */
export const absmaxUpload =
  (arena: Arena, absmax: Float32Array<ArrayBuffer>): ScalesUpload =>
  async (first, end) => ({
    kind: 'absmax',
    absmax: await arena.upload(absmax.slice(first, end), 'absmax'),
  });

/** The same for double-quantized ones, of which all parts share the scales of the scales. */
export async function nestedUpload(
  arena: Arena,
  nested: NestedAbsmax,
  nested_code: GPUBuffer,
): Promise<ScalesUpload> {
  const nested_absmax = await arena.upload(nested.nested_absmax, 'nested absmax');
  return async (first, end) => ({
    kind: 'nested',
    codes: await arena.upload(nested.codes.slice(first, end), 'absmax codes'),
    first_block: first,
    nested_absmax,
    nested_code,
    offset: nested.offset,
  });
}

/** Binds scales for scales.wgsl; absmax stands in for the buffers that this kind of scales does not have. */
export function bindScales(scales: PartScales) {
  if (scales.kind === 'absmax') {
    const { absmax } = scales;
    return {
      params: { first_block: 0, absmax_offset: 0 },
      buffers: { scales: absmax, nested_absmax: absmax, nested_code: absmax },
      overrides: { SCALES: SCALES.absmax },
    };
  }
  const { codes, first_block, nested_absmax, nested_code, offset } = scales;
  return {
    params: { first_block, absmax_offset: offset },
    buffers: { scales: codes, nested_absmax, nested_code },
    overrides: { SCALES: SCALES.nested },
  };
}
