import { nestedBlocks, type NestedAbsmax } from '../../quant/double_quant.ts';
import { E4M3 } from '../../quant/e4m3.ts';
import type { Shift } from '../../quant/quantized.ts';
import { E8M0, type Scales } from '../../quant/scales.ts';
import type { Arena } from '../device/buffers.ts';
import type { Tables } from './tables.ts';
import { nestedArrays, rangeParams, SCALES, SHIFT, type NestedRange } from '../kernels/blockwise.ts';

/** The scales of a part's blocks: absmax as measured, or double-quantized as those of the whole matrix. */
export type PartScales =
  | { kind: 'absmax'; absmax: GPUBuffer; shift?: { kind: Shift['kind']; values: GPUBuffer } }
  | {
      kind: 'nested';
      /** One byte a block of the whole matrix. */
      codes: GPUBuffer;
      nested_absmax: GPUBuffer;
      nested_code: GPUBuffer;
      /** One, or those of up to three matrices that lie one behind the other. */
      ranges: readonly NestedRange[];
    };

/** Brings the scales of blocks [first, end) of a matrix to the device. */
export type ScalesUpload = (first: number, end: number) => Promise<PartScales>;

/** Scales of a whole matrix, as they were stored, to be uploaded part by part. */
export async function scalesUpload(
  arena: Arena,
  scales: Scales,
  shift: Shift | undefined,
  tables: Tables,
): Promise<ScalesUpload> {
  switch (scales.kind) {
    case 'absmax':
      return absmaxUpload(arena, scales.absmax, shift);
    case 'nested':
      return nestedUpload(arena, scales, await tables(scales.code, 'nested code'));
    case 'e8m0':
      return tableUpload(arena, scales.exponents, await tables(E8M0, 'scale table'), 1);
    case 'e4m3':
      return tableUpload(arena, scales.codes, await tables(E4M3, 'scale table'), scales.tensor_scale);
  }
}

const absmaxUpload =
  (arena: Arena, absmax: Float32Array<ArrayBuffer>, shift: Shift | undefined): ScalesUpload =>
  async (first, end) => ({
    kind: 'absmax',
    absmax: await arena.upload(absmax.slice(first, end), 'absmax'),
    ...(shift && {
      shift: {
        kind: shift.kind,
        values: await arena.upload(shift.values.slice(first, end), `${shift.kind} points`),
      },
    }),
  });

/** Places in a table times one number: double quantization with that number for every scale of the scales. */
const tableUpload = async (
  arena: Arena,
  codes: Uint8Array<ArrayBuffer>,
  table: GPUBuffer,
  factor: number,
): Promise<ScalesUpload> => {
  const nested_absmax = new Float32Array(nestedBlocks(codes.length)).fill(factor);
  return nestedUpload(arena, { codes, nested_absmax, offset: 0 }, table);
};

/** The same for double-quantized ones, which all parts share. */
async function nestedUpload(
  arena: Arena,
  nested: Pick<NestedAbsmax, 'codes' | 'nested_absmax' | 'offset'>,
  nested_code: GPUBuffer,
): Promise<ScalesUpload> {
  const arrays = nestedArrays(nested);
  const codes = await arena.upload(arrays.codes, 'absmax codes');
  const nested_absmax = await arena.upload(arrays.nested_absmax, 'nested absmax');
  const whole = { codes, nested_absmax, nested_code, blocks: nested.codes.length };
  return (first) => Promise.resolve(nestedPart(whole, first));
}

/** The scales of a part that begins at block `first`, among those of a matrix of so many blocks. */
export const nestedPart = (
  { blocks, codes, nested_absmax, nested_code }: NestedScales & { blocks: number },
  first: number,
): PartScales => ({
  ...{ kind: 'nested', codes, nested_absmax, nested_code },
  ranges: [{ block: 0, first_block: first, offset: nestedBlocks(blocks) }],
});

type NestedScales = Pick<Extract<PartScales, { kind: 'nested' }>, 'codes' | 'nested_absmax' | 'nested_code'>;

/** Binds scales for scales.wgsl; absmax stands in for the buffers that this kind of scales does not have. */
export function bindScales(scales: PartScales) {
  if (scales.kind === 'absmax') {
    const { absmax, shift } = scales;
    return {
      params: rangeParams([]),
      buffers: { scales: absmax, nested_absmax: shift?.values ?? absmax, nested_code: absmax },
      overrides: { SCALES: SCALES.absmax, SHIFT: SHIFT[shift?.kind ?? 'none'] },
    };
  }
  const { codes, ranges, nested_absmax, nested_code } = scales;
  return {
    params: rangeParams(ranges),
    buffers: { scales: codes, nested_absmax, nested_code },
    overrides: { SCALES: SCALES.nested, SHIFT: SHIFT.none },
  };
}
