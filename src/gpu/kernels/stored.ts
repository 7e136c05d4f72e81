import { decode, encodeBF16, encodeF16, type QuantizableDtype } from '../../tensor/dtype.ts';
import { bytes, words } from '../../tensor/words.ts';

/** The number a shader knows a stored dtype by: `override DTYPE` of shaders/preludes/stored.wgsl. */
export const DTYPE: Record<QuantizableDtype, number> = { F32: 0, F16: 1, BF16: 2 };

const DTYPE_NAMES: readonly QuantizableDtype[] = ['F32', 'F16', 'BF16'];

/** Bytes of one stored element. */
export const dtypeBytes = (dtype: QuantizableDtype): number => (dtype === 'F32' ? 4 : 2);

/** The float32 values of stored words, as a shader with `DTYPE` sees them. */
export const decodeWords = (
  stored: ArrayBufferView<ArrayBuffer>,
  overrides: Readonly<Record<string, number>>,
): Float32Array<ArrayBuffer> => decode(DTYPE_NAMES[overrides.DTYPE ?? 0]!, bytes(stored));

/** float32 values as the words of a stored dtype. */
export function encodeWords(
  data: Float32Array<ArrayBuffer>,
  dtype: QuantizableDtype,
): Uint32Array<ArrayBuffer> {
  return words(dtype === 'F32' ? data : dtype === 'F16' ? encodeF16(data) : encodeBF16(data));
}
