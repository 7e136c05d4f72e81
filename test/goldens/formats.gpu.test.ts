import { afterAll, expect, test } from 'vitest';
import { openArena, readBack } from '../../src/gpu/device/buffers.ts';
import { recordCommands } from '../../src/gpu/device/commands.ts';
import { openGpu } from '../../src/gpu/device/device.ts';
import { linear } from '../../src/gpu/matrix/linear.ts';
import { loadMatrix, storeAs } from '../../src/gpu/matrix/load_matrix.ts';
import { configName, type QuantConfig } from '../../src/quant/config.ts';
import { dequantize, quantize, type Quantizing } from '../../src/quant/quantize.ts';
import type { Blockwise4bit, ByteCodes } from '../../src/quant/quantized.ts';
import { unpackNibbles } from '../../src/quant/pack.ts';
import { compare, formatMismatch } from '../../src/tensor/compare.ts';
import { openGolden } from '../fixtures/golden_files.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const golden = await openGolden('formats');
const shape = golden.shape('weight');
const weight = { shape, data: await golden.floats('weight') };
const n = weight.data.length;
const float32 = { compute_dtype: 'float32' } as const;

const quantized = <T = Blockwise4bit>(config: Extract<QuantConfig, Quantizing>): T =>
  quantize(weight, config) as T;

/** The codes of a tool that keeps the even element in the low nibble. */
const lowFirst = (packed: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: 2 * packed.length }, (_, i) => (packed[i >> 1]! >> (4 * (i % 2))) & 15);

const codesOf = ({ packed }: Blockwise4bit): Uint8Array => unpackNibbles(packed, n);

test.each(['floor', 'even', 'ceil', 'rceil'] as const)(
  'MXFP4 by the rule %s is torchao’s',
  async (scale_rule) => {
    const made = quantized({ quant_type: 'mxfp4', scale_rule, ...float32 });
    expect(made.scales).toEqual({ kind: 'e8m0', exponents: await golden.bytes(`mxfp4.${scale_rule}.scale`) });
    expect(codesOf(made)).toEqual(lowFirst(await golden.bytes(`mxfp4.${scale_rule}.packed`)));
  },
);

test('NVFP4 is torchao’s', async () => {
  const made = quantized({ quant_type: 'nvfp4', ...float32 });
  expect(made.scales).toEqual({
    kind: 'e4m3',
    codes: await golden.bytes('nvfp4.scale'),
    tensor_scale: (await golden.floats('nvfp4.tensor_scale'))[0],
  });
  expect(codesOf(made)).toEqual(lowFirst(await golden.bytes('nvfp4.packed')));
});

test.each(['row', 'tensor', '128x128'] as const)('FP8 per %s is torch’s', async (scaling) => {
  const { codes, scales } = quantized<ByteCodes>({ quant_type: 'fp8', scaling, ...float32 });
  expect(codes).toEqual(await golden.bytes(`fp8.${scaling}.codes`));
  expect([...new Set(scales.absmax)]).toEqual([...new Set(await golden.floats(`fp8.${scaling}.scale`))]);
});

test.each([
  [32, true],
  [32, false],
  [128, true],
  [128, false],
])('INT4 in groups of %i, symmetric: %s, is that of compressed-tensors', async (group_size, symmetric) => {
  const name = `int4.g${group_size}.${symmetric ? 'symmetric' : 'asymmetric'}`;
  const made = quantized({ quant_type: 'int4_group', group_size, symmetric, ...float32 });
  expect(made.scales).toMatchObject({ absmax: await golden.floats(`${name}.scale`) });
  expect(codesOf(made)).toEqual(lowFirst(await golden.bytes(`${name}.packed`)));
  if (!symmetric) {
    const zeros = new Int8Array((await golden.bytes(`${name}.zero`)).slice().buffer);
    expect([...made.shift!.values]).toEqual([...zeros]);
  }
  if (golden.has(`${name}.dequantized`)) {
    expect(dequantize(made).data).toEqual(await golden.floats(`${name}.dequantized`));
  }
});

test.each([32, 64])('HQQ in groups of %i is that of hqq on a CPU', async (group_size) => {
  const name = `hqq.g${group_size}`;
  const made = quantized({ quant_type: 'hqq', group_size, ...float32 });
  expect(made.scales).toMatchObject({ absmax: await golden.floats(`${name}.scale`) });
  expect(codesOf(made)).toEqual(await golden.bytes(`${name}.codes`));
  // Means of a row are summed in an order that depends on torch's vector unit.
  const zeros = await golden.floats(`${name}.zero`);
  made.shift!.values.forEach((zero, g) => {
    expect(Math.abs(zero - zeros[g]!)).toBeLessThanOrEqual(1e-6 * Math.abs(zeros[g]!));
  });
});

/** A float16 of a block of GGUF. */
const half = (bytes: Uint8Array, at: number): number => {
  const bits = bytes[at]! | (bytes[at + 1]! << 8);
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
};

test.each([
  ['Q4_0', 18],
  ['Q4_1', 20],
  ['IQ4_NL', 18],
] as const)('%s is ggml’s', async (gguf_type, bytes) => {
  const made = quantized({ quant_type: 'gguf', gguf_type, ...float32 });
  const stored = await golden.bytes(`gguf.${gguf_type}.stored`);
  const codes = new Uint8Array(n);
  for (let b = 0; b < n / 32; b++) {
    const at = b * bytes;
    expect(made.scales).toMatchObject({ kind: 'absmax' });
    expect((made.scales as { absmax: Float32Array }).absmax[b]).toBe(half(stored, at));
    if (made.shift) expect(made.shift.values[b]).toBe(half(stored, at + 2));
    // Byte j holds element j low and element j + 16 high.
    for (let j = 0; j < 16; j++) {
      const byte = stored[at + bytes - 16 + j]!;
      codes[32 * b + j] = byte & 15;
      codes[32 * b + j + 16] = byte >> 4;
    }
  }
  expect(codesOf(made)).toEqual(codes);
  if (golden.has(`gguf.${gguf_type}.dequantized`)) {
    expect(dequantize(made).data).toEqual(await golden.floats(`gguf.${gguf_type}.dequantized`));
  }
});

test('Q4_K comes back as ggml’s does', async () => {
  const made = quantized({ quant_type: 'gguf', gguf_type: 'Q4_K', ...float32 });
  expect(dequantize(made).data).toEqual(await golden.floats('gguf.Q4_K.dequantized'));
});

test('Q8_0 is ggml’s', async () => {
  const { codes, scales } = quantized<ByteCodes>({ quant_type: 'gguf', gguf_type: 'Q8_0', ...float32 });
  const stored = await golden.bytes('gguf.Q8_0.stored');
  for (let b = 0; b < n / 32; b++) {
    expect(scales.absmax[b]).toBe(half(stored, 34 * b));
    expect(codes.slice(32 * b, 32 * b + 32)).toEqual(stored.slice(34 * b + 2, 34 * b + 34));
  }
});

const CONFIGS: Extract<QuantConfig, Quantizing>[] = [
  { quant_type: 'mxfp4', scale_rule: 'even', ...float32 },
  { quant_type: 'nvfp4', ...float32 },
  { quant_type: 'int4_group', group_size: 32, symmetric: true, ...float32 },
  { quant_type: 'int4_group', group_size: 64, symmetric: false, ...float32 },
  { quant_type: 'hqq', group_size: 64, ...float32 },
  ...(['Q4_0', 'Q4_1', 'IQ4_NL', 'Q4_K', 'Q8_0'] as const).map(
    (gguf_type) => ({ quant_type: 'gguf', gguf_type, ...float32 }) as const,
  ),
  ...(['row', 'tensor', '128x128'] as const).map(
    (scaling) => ({ quant_type: 'fp8', scaling, ...float32 }) as const,
  ),
];

/** The weights as a kernel sees them: the product of `tokens` rows of the identity with the matrix. */
async function weightsOnGpu(config: QuantConfig, tokens: number): Promise<Float32Array> {
  const [rows, columns] = shape as [number, number];
  const arena = openArena(gpu);
  const commands = recordCommands(gpu);
  try {
    const bytes = new Uint8Array(weight.data.buffer, weight.data.byteOffset, weight.data.byteLength);
    const read = (begin: number, end: number) =>
      Promise.resolve(bytes.slice(4 * begin * columns, 4 * end * columns));
    const stored = { name: 'weight', rows, columns, dtype: 'F32', read } as const;
    const matrix = await loadMatrix(arena, stored, await storeAs(arena, config));
    const identity = Float32Array.from({ length: tokens * columns }, (_, i) =>
      i % columns === Math.floor(i / columns) ? 1 : 0,
    );
    const y = await arena.allocate(4 * tokens * rows, 'y');
    const x = await arena.upload(identity, 'x');
    linear(commands, matrix, { M: tokens, x, y, compute_dtype: 'float32' });
    commands.submit();
    return new Float32Array(await readBack(gpu, y, 4 * tokens * rows));
  } finally {
    commands.close();
    arena.close();
  }
}

test.each(CONFIGS.map((config) => [configName(config), config] as const))(
  '%s computes with the same weights on the GPU, in both forms of the matmul',
  async (_, config) => {
    const [rows, columns] = shape as [number, number];
    const back = dequantize(quantize(weight, config)).data;
    for (const tokens of [1, columns]) {
      const got = await weightsOnGpu(config, tokens);
      const want = Float32Array.from(got, (_, i) => back[(i % rows) * columns + Math.floor(i / rows)]!);
      // A product and a sum may be fused.
      const mismatch = compare(got, want, { atol: 1e-6, rtol: 1e-6 });
      expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
    }
  },
);

test('rows that are no whole number of groups are refused by the tensor’s name', async () => {
  const stored = {
    name: 'q_proj',
    rows: 2,
    columns: 172,
    dtype: 'F32',
    read: () => Promise.reject(new Error()),
  } as const;
  const arena = openArena(gpu);
  const storing = await storeAs(arena, { quant_type: 'mxfp4', scale_rule: 'even', ...float32 });
  await expect(loadMatrix(arena, stored, storing)).rejects.toThrow(
    'q_proj has 172 columns; MXFP4 · even takes multiples of 32',
  );
  arena.close();
});
