import { LabError } from '../errors.ts';

/**
 * Bits per element of the 22 dtypes a safetensors file may hold; `DTYPES.get('BF16')` is 16.
 * Source: `Dtype` in safetensors/src/tensor.rs. A Map, because "constructor" is a key of every object.
 */
export const DTYPES: ReadonlyMap<string, number> = new Map([
  ['BOOL', 8],
  ['F4', 4],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['U8', 8],
  ['I8', 8],
  ['F8_E5M2', 8],
  ['F8_E4M3', 8],
  ['F8_E8M0', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2FNUZ', 8],
  ['I16', 16],
  ['U16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['I32', 32],
  ['U32', 32],
  ['F32', 32],
  ['C64', 64],
  ['F64', 64],
  ['I64', 64],
  ['U64', 64],
]);

/** The dtypes quantization can start from: what published language models are stored in. */
export type QuantizableDtype = 'F32' | 'F16' | 'BF16';

/** Whether weights of this dtype can be quantized: `isQuantizable('BF16')` is true, of 'F64' and 'I8' false. */
export const isQuantizable = (dtype: string): dtype is QuantizableDtype =>
  dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';

const f32 = new Float32Array(1);
const f32Bits = new Uint32Array(f32.buffer);

let f16ToF32: Uint32Array | undefined;

/** 65,536 float32 bit patterns, one per float16: decoding is one look-up per value. Made when first asked for. */
function f16Table(): Uint32Array {
  return (f16ToF32 ??= Uint32Array.from({ length: 65536 }, (_, h) => f32BitsOfF16(h)));
}

function f32BitsOfF16(h: number): number {
  const sign = (h & 0x8000) << 16;
  const exponent = (h >> 10) & 0x1f;
  const fraction = h & 0x3ff;
  if (exponent === 31) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  // Zero or subnormal: fraction * 2^-24, which every float32 holds exactly.
  f32[0] = fraction * 2 ** -24;
  return (sign | f32Bits[0]!) >>> 0;
}

/** Round to nearest, ties to even; 65520 and above is infinity; a NaN stays one and keeps its upper payload bits. */
function f16OfF32Bits(u: number): number {
  const sign = (u >>> 16) & 0x8000;
  const magnitude = u & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7c00 | ((magnitude >>> 13) & 0x3ff || 0x200);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // 2^-14, the smallest normal float16. The carry of the rounding may reach the exponent, as it should.
  if (magnitude >= 0x38800000) {
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // Below 2^-25 everything is zero; 2^-25 itself is a tie and goes to the even zero.
  if (magnitude <= 0x33000000) return sign;
  const exponent = magnitude >>> 23;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && kept & 1) ? 1 : 0));
}

/** Round to nearest, ties to even; a NaN stays one and keeps its upper payload bits. */
function bf16OfF32Bits(u: number): number {
  const h = u >>> 16;
  if ((u & 0x7fffffff) > 0x7f800000) return h & 0x7f ? h : h | 0x40;
  return ((u + 0x7fff + (h & 1)) >>> 16) & 0xffff;
}

/** The value of a float16's sixteen bits: `valueOfF16(0x3c00)` is 1. */
export function valueOfF16(bits: number): number {
  const table = f16Table();
  f32Bits[0] = table[bits]!;
  return f32[0]!;
}

/** The nearest float16 as a float32 value, ties to even: `roundToF16(0.1)` is 0.0999755859375, of 65520 Infinity. */
export function roundToF16(x: number): number {
  f32[0] = x;
  // Before the table: making it writes where x lies.
  const h = f16OfF32Bits(f32Bits[0]!);
  f32Bits[0] = f16Table()[h]!;
  return f32[0];
}

/** The nearest bfloat16 as a float32 value, ties to even: `roundToBF16(0.1)` is 0.10009765625. */
export function roundToBF16(x: number): number {
  f32[0] = x;
  f32Bits[0] = bf16OfF32Bits(f32Bits[0]!) << 16;
  return f32[0];
}

const bitsOf = (data: Float32Array): Uint32Array =>
  new Uint32Array(data.buffer, data.byteOffset, data.length);

/** Float32 values as float16 bit patterns, ties to even: `encodeF16([1, -2])` is [0x3c00, 0xc000]. */
export function encodeF16(data: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = bitsOf(data);
  const out = new Uint16Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = f16OfF32Bits(bits[i]!);
  return out;
}

/** Float32 values as bfloat16 bit patterns, ties to even: `encodeBF16([1, -2])` is [0x3f80, 0xc000]. */
export function encodeBF16(data: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = bitsOf(data);
  const out = new Uint16Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = bf16OfF32Bits(bits[i]!);
  return out;
}

/** Float32 values as the bytes of a dtype, ties to even. */
export function encodeFloats(
  dtype: QuantizableDtype,
  data: Float32Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const stored = dtype === 'F32' ? data : dtype === 'F16' ? encodeF16(data) : encodeBF16(data);
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

/**
 * Little-endian stored values as float32, exactly: decoding F16 bytes `00 3c 00 c0` gives [1, -2].
 * The bytes may start at any address. Aligned F32 bytes are not copied: the result shares their memory.
 * With `room`, of as many values, they are written there.
 * Typed arrays have the byte order of the machine; every machine that runs a browser is little-endian.
 */
export function decode(
  dtype: QuantizableDtype,
  bytes: Uint8Array<ArrayBuffer>,
  room?: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  const size = DTYPES.get(dtype)! / 8;
  if (bytes.byteLength % size !== 0) {
    throw new LabError(
      'internal',
      `${bytes.byteLength} bytes are no whole number of ${dtype} values of ${size} bytes`,
    );
  }
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const length = bytes.byteLength / size;
  if (dtype === 'F32') {
    const values = new Float32Array(aligned.buffer, aligned.byteOffset, length);
    room?.set(values);
    return room ?? values;
  }

  const stored = new Uint16Array(aligned.buffer, aligned.byteOffset, length);
  const data = room ?? new Float32Array(length);
  // Integers, not floats, are copied: a signalling NaN would change on its way through a number.
  const bits = bitsOf(data);
  if (dtype === 'BF16') for (let i = 0; i < length; i++) bits[i] = stored[i]! << 16;
  else {
    const table = f16Table();
    for (let i = 0; i < length; i++) bits[i] = table[stored[i]!]!;
  }
  return data;
}
