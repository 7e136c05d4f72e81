import { countSteps } from '../../test/fixtures/count_steps.ts';
import { expect, test } from 'vitest';
import { decode, DTYPES, encodeBF16, encodeF16, isQuantizable, roundToBF16, roundToF16 } from './dtype.ts';

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
const allBytes = new Uint8Array(all.buffer);

/** The textbook definition, in doubles: (-1)^s 2^(e-15) (1 + f/1024), or 2^-14 f/1024 where e is 0. */
function f16Value(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** (-1)^s 2^(e-127) (1 + f/128), or 2^-126 f/128 where e is 0. */
function bf16Value(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 7) & 255;
  const fraction = h & 127;
  if (exponent === 255) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -133 : (128 + fraction) * 2 ** (exponent - 134));
}

const FORMATS = [
  { dtype: 'F16', encode: encodeF16, round: roundToF16, value: f16Value, infinity: 0x7c00, over: 65520 },
  {
    dtype: 'BF16',
    encode: encodeBF16,
    round: roundToBF16,
    value: bf16Value,
    infinity: 0x7f80,
    over: 2 ** 127 * (2 - 2 ** -8),
  },
] as const;

test('the table has the 22 dtypes and three of them can be quantized', () => {
  expect(DTYPES.size).toBe(22);
  expect([...DTYPES.keys()].filter(isQuantizable)).toEqual(['F16', 'BF16', 'F32']);
});

for (const { dtype, encode, round, value, infinity, over } of FORMATS) {
  test(`${dtype}: all 65,536 patterns decode to the defined value and encode back to themselves`, () => {
    const data = decode(dtype, allBytes);
    for (let h = 0; h < 65536; h++) {
      if (!Object.is(data[h], value(h))) expect.fail(`${h.toString(16)} is ${data[h]}, not ${value(h)}`);
    }
    expect(encode(data)).toEqual(all);
  });

  test(`${dtype}: between any two neighbours the middle goes to the even one, the rest to the nearer`, () => {
    for (const sign of [0, 0x8000]) {
      for (let h = 0; h < infinity; h++) {
        const low = value(sign | h);
        // The neighbour of the largest finite value is where infinity would be if the exponents went on.
        const high = h + 1 < infinity ? value(sign | (h + 1)) : low + (low - value(sign | (h - 1)));
        const middle = (low + high) / 2;
        const even = h % 2 === 0 ? sign | h : sign | (h + 1);
        const pair = [sign | h, sign | (h + 1)];
        const ulp = decode('F32', new Uint8Array(Uint32Array.of(bits(middle) - 1, bits(middle) + 1).buffer));
        const got = encode(Float32Array.of(middle, ulp[0]!, ulp[1]!));
        if (got[0] !== even || got[1] !== pair[0] || got[2] !== pair[1]) {
          expect.fail(`around ${middle}: ${got.join()} instead of ${[even, ...pair].join()}`);
        }
      }
    }
  });

  test(`${dtype}: overflow, zeros and NaN`, () => {
    expect(round(over)).toBe(Infinity);
    expect(round(-over)).toBe(-Infinity);
    expect(round(-0)).toBe(-0);
    expect(round(NaN)).toBeNaN();
    expect(round(1e-45)).toBe(0);
    // A NaN whose payload lies only in the dropped bits must not become infinity.
    const quiet = decode(dtype, new Uint8Array(encode(fromBits(0x7f800001)).buffer));
    expect(quiet[0]).toBeNaN();
  });
}

test('rounding one value by hand', () => {
  expect(roundToF16(0.1)).toBe(0.0999755859375);
  expect(roundToBF16(0.1)).toBe(0.10009765625);
  expect(encodeF16(Float32Array.of(1, -2))).toEqual(Uint16Array.of(0x3c00, 0xc000));
  expect(encodeBF16(Float32Array.of(1, -2))).toEqual(Uint16Array.of(0x3f80, 0xc000));
});

test('unaligned bytes decode like aligned ones', () => {
  const values = Float32Array.of(1, -2.5, 3e-8, 65504);
  for (const dtype of ['F32', 'F16', 'BF16'] as const) {
    const stored = dtype === 'F32' ? values : dtype === 'F16' ? encodeF16(values) : encodeBF16(values);
    const bytes = new Uint8Array(stored.buffer);
    for (let offset = 0; offset < 4; offset++) {
      const moved = new Uint8Array(bytes.length + 4);
      moved.set(bytes, offset);
      expect(decode(dtype, moved.subarray(offset, offset + bytes.length))).toEqual(decode(dtype, bytes));
    }
  }
});

test('half a value is refused', () => {
  expect(() => decode('F16', new Uint8Array(3))).toThrow(
    '3 bytes are no whole number of F16 values of 2 bytes',
  );
});

test('decoding takes one turn of a loop a value', async () => {
  decode('F16', new Uint8Array(2));
  const stored = new Uint8Array(2 * 1_000_000);
  for (const dtype of ['F16', 'BF16'] as const) {
    const steps = await countSteps('src/tensor', () => decode(dtype, stored));
    // A turn counts once or twice: the loop's body, and the branch it stands in.
    expect(steps / 1_000_000, dtype).toBeGreaterThan(0.9);
    expect(steps / 1_000_000, dtype).toBeLessThan(2.1);
  }
});

function bits(x: number): number {
  return new Uint32Array(Float32Array.of(x).buffer)[0]!;
}
function fromBits(u: number): Float32Array {
  return new Float32Array(Uint32Array.of(u).buffer);
}
