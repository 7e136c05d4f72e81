import type { QuantizableDtype } from './dtype.ts';

/** The exponent bits of each stored type; all set means infinity or NaN. */
const EXPONENT: Record<QuantizableDtype, number> = { F32: 0x7f800000, F16: 0x7c00, BF16: 0x7f80 };

/**
 * The index of the first NaN or infinity among stored values, or -1. Works on the bytes as they are: decoding a
 * gigabyte to look at it would take longer than quantizing it.
 */
export function firstNonFinite(dtype: QuantizableDtype, bytes: Uint8Array<ArrayBuffer>): number {
  const exponent = EXPONENT[dtype];
  const size = dtype === 'F32' ? 4 : 2;
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const count = aligned.byteLength / size;
  const values =
    size === 4
      ? new Uint32Array(aligned.buffer, aligned.byteOffset, count)
      : new Uint16Array(aligned.buffer, aligned.byteOffset, count);
  for (let i = 0; i < count; i++) if ((values[i]! & exponent) === exponent) return i;
  return -1;
}
