import { afterAll, describe, expect, it } from 'vitest';
import { openArena, readBack } from '../../src/gpu/device/buffers.ts';
import { recordCommands } from '../../src/gpu/device/commands.ts';
import { openGpu } from '../../src/gpu/device/device.ts';
import { quantizeInput, reserveInt8Input } from '../../src/gpu/matrix/int8_input.ts';
import { linear } from '../../src/gpu/matrix/linear.ts';
import { loadMatrix, storeAs, uploadQuantized } from '../../src/gpu/matrix/load_matrix.ts';
import { matrixOfFloats } from '../../src/gpu/matrix/stored_matrix.ts';
import { maskWords } from '../../src/gpu/device/limits.ts';
import { round } from '../../src/model/pass.ts';
import { dequantizeBlockwise, quantizeBlockwise } from '../../src/quant/blockwise.ts';
import { CODEBOOKS } from '../../src/quant/config.ts';
import type { ComputeDtype } from '../../src/quant/config.ts';
import { quantizeAbsmax } from '../../src/quant/double_quant.ts';
import { DYNAMIC_MAP } from '../../src/quant/dynamic_map.ts';
import { quantizeActivations, quantizeLlmInt8 } from '../../src/quant/llm_int8.ts';
import { compare, formatMismatch, maxError } from '../../src/tensor/compare.ts';
import { goldenJson, openGolden } from '../fixtures/golden_files.ts';
import { readNested } from '../fixtures/read_nested.ts';
import { noteWorst } from './worst.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

const bytesOf = (view: ArrayBufferView<ArrayBuffer>) =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

interface QuantizeCase {
  name: string;
  input: string;
  quant_type: 'nf4' | 'fp4';
  blocksize: number;
  double_quant: boolean;
}

const quantizeCases = (await goldenJson<{ cases: QuantizeCase[] }>('quantize.json')).cases;
const quantized = await openGolden('quantize');

describe('quantize_4bit by bitsandbytes', () => {
  it('has the dynamic map', async () => {
    expect(bytesOf(DYNAMIC_MAP)).toEqual(await quantized.bytes('dynamic_map'));
  });

  it.each(quantizeCases)('$name', async ({ name, input, quant_type, blocksize, double_quant }) => {
    const data = await quantized.floats(input);
    const shape = quantized.shape(input);
    const q = quantizeBlockwise({ shape, data }, CODEBOOKS[quant_type], blocksize);
    expect(q.packed).toEqual(await quantized.bytes(`${name}.packed`));
    if (!double_quant) {
      expect(bytesOf(q.scales.absmax)).toEqual(await quantized.bytes(`${name}.absmax`));
      const back = dequantizeBlockwise(q).data;
      expect(
        compare(back, await quantized.floats(`${name}.dequantized_float32`), { atol: 0, rtol: 0 }),
      ).toBeUndefined();
      return;
    }
    const nested = quantizeAbsmax(q.scales.absmax);
    expect(nested.offset).toBe((await quantized.floats(`${name}.offset`))[0]);
    expect(nested.codes).toEqual(await quantized.bytes(`${name}.absmax`));
    expect(bytesOf(nested.nested_absmax)).toEqual(await quantized.bytes(`${name}.nested_absmax`));
    const back = dequantizeBlockwise({ ...q, scales: { kind: 'nested', ...nested } }).data;
    expect(
      compare(back, await quantized.floats(`${name}.dequantized_float32`), { atol: 0, rtol: 0 }),
    ).toBeUndefined();
  });
});

// Of float32 weights the mean is often not the exact one, rounded; subnormal ones count as zero on the GPU.
const onGpu = quantizeCases.filter(
  ({ input, quant_type, double_quant }) =>
    double_quant && quant_type === 'nf4' && /^input\.(?!subnormal).*\.float32$/.test(input),
);

describe('double quantization by bitsandbytes', () => {
  it.each(onGpu)('$name on the GPU', async ({ name, input, ...rest }) => {
    const arena = openArena(gpu);
    const storing = await storeAs(arena, { ...rest, compute_dtype: 'float32' });
    const data = await quantized.floats(input);
    const matrix = await loadMatrix(
      arena,
      matrixOfFloats(name, data, quantized.shape(input).at(-1)!),
      storing,
    );
    const { codes, nested_absmax, offset } = await readNested(gpu, matrix);
    expect(offset).toBe((await quantized.floats(`${name}.offset`))[0]);
    expect(codes).toEqual(await quantized.bytes(`${name}.absmax`));
    expect(bytesOf(nested_absmax)).toEqual(await quantized.bytes(`${name}.nested_absmax`));
    arena.close();
  });
});

interface Int8Json {
  cases: {
    weights: { name: string; shape: [number, number] }[];
    activations: { name: string; input: string; llm_int8_threshold: number; outlier_cols: number[] | null }[];
    linear: LinearInt8Case[];
  };
}
interface LinearInt8Case {
  name: string;
  x: string;
  dtype: ComputeDtype;
  llm_int8_threshold: number;
  bias: boolean;
}

const int8Cases = (await goldenJson<Int8Json>('int8.json')).cases;
const int8 = await openGolden('int8');

describe('LLM.int8() by bitsandbytes', () => {
  it.each(int8Cases.weights)('$name', async ({ name, shape }) => {
    const { CB, SCB } = quantizeLlmInt8({ shape, data: await int8.floats(`${name}.input`) });
    expect(bytesOf(CB)).toEqual(await int8.bytes(`${name}.CB`));
    expect(bytesOf(SCB)).toEqual(await int8.bytes(`${name}.SCB`));
  });

  it.each(int8Cases.activations)('$name', async ({ name, input, llm_int8_threshold, outlier_cols }) => {
    const data = await int8.floats(input);
    const shape = int8.shape(input);
    const own = quantizeActivations({ shape, data }, llm_int8_threshold);
    expect(bytesOf(own.CA)).toEqual(await int8.bytes(`${name}.CA`));
    expect(bytesOf(own.SCA)).toEqual(await int8.bytes(`${name}.SCA`));
    expect(own.outlier_cols).toEqual(outlier_cols ?? []);
  });

  it.each(int8Cases.linear)(
    '$name on the GPU',
    async ({ name, x, dtype, llm_int8_threshold: threshold, bias }) => {
      const [M, K] = int8.shape(x) as [number, number];
      const [N] = int8.shape('linear.weight') as [number];
      const arena = openArena(gpu);
      const commands = recordCommands(gpu);
      try {
        const weight = { shape: [N, K], data: await int8.floats('linear.weight') };
        const matrix = await uploadQuantized(arena, 'weight', quantizeLlmInt8(weight));
        const raw = await arena.upload(await int8.floats(x), 'x');
        const y = await arena.allocate(4 * M * N, 'y');
        const input = await reserveInt8Input(arena, threshold, M, K);
        const seen = await arena.allocate(4 * maskWords(K), 'seen');
        const rounded = round(commands, dtype, raw, await arena.allocate(4 * M * K, 'rounded'), M * K);
        quantizeInput(commands, rounded, input, { M, K, seen });
        const added = bias ? await arena.upload(await int8.floats('linear.bias'), 'bias') : undefined;
        linear(commands, matrix, { M, x: rounded, y, bias: added, compute_dtype: dtype, int8: input });
        commands.submit();
        const got = new Float32Array(await readBack(gpu, y, 4 * M * N));
        const want = await int8.floats(`${name}.out`);
        // A 16-bit sum next to a tie may fall to either side of it: one unit of the dtype.
        const rtol = { float32: 1e-5, float16: 2 ** -10, bfloat16: 2 ** -7 }[dtype];
        const tolerance = { atol: 2e-5, rtol };
        noteWorst('llm_int8 layer', dtype, maxError(got, want, tolerance).worst_ratio);
        const mismatch = compare(got, want, tolerance);
        expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
      } finally {
        commands.close();
        arena.close();
      }
    },
  );
});

interface Linear4bitCase {
  name: string;
  x: string;
  bias: string;
  shape: [number, number];
  quant_type: 'nf4' | 'fp4';
  blocksize: number;
  double_quant: boolean;
  compute_dtype: ComputeDtype;
}

const linearCases = (await goldenJson<{ cases: Linear4bitCase[] }>('linear4bit.json')).cases;
const linear4bit = await openGolden('linear4bit');

describe('Linear4bit by bitsandbytes', () => {
  it.each(linearCases)('$name on the GPU', async (kase) => {
    const { name, x, bias, shape, compute_dtype, ...rest } = kase;
    const [N, K] = shape;
    const M = linear4bit.shape(x)[0]!;
    const { quant_type, blocksize, double_quant } = rest;
    const arena = openArena(gpu);
    const commands = recordCommands(gpu);
    try {
      const data = await linear4bit.floats(`${x.split('.')[0]!}.weight`);
      const storing = await storeAs(arena, { quant_type, blocksize, double_quant, compute_dtype });
      const read = (begin: number, end: number) => Promise.resolve(bytesOf(data.slice(begin * K, end * K)));
      const matrix = await loadMatrix(arena, { name, rows: N, columns: K, dtype: 'F32', read }, storing);
      const raw = await arena.upload(await linear4bit.floats(x), 'x');
      const rounded = round(commands, compute_dtype, raw, await arena.allocate(4 * M * K, 'rounded'), M * K);
      const y = await arena.allocate(4 * M * N, 'y');
      const added = bias ? await arena.upload(await linear4bit.floats(bias), 'bias') : undefined;
      linear(commands, matrix, { M, x: rounded, y, bias: added, compute_dtype });
      commands.submit();
      const got = new Float32Array(await readBack(gpu, y, 4 * M * N));
      const want = await linear4bit.floats(`${name}.exact`);
      const rtol = { float32: 1e-5, float16: 2 ** -10, bfloat16: 2 ** -7 }[compute_dtype];
      const tolerance = { atol: 1e-5, rtol };
      noteWorst(`${quant_type} layer`, compute_dtype, maxError(got, want, tolerance).worst_ratio);
      const mismatch = compare(got, want, tolerance);
      expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
      expect(
        double_quant ===
          matrix.parts.some((part) => part.storage === 'blockwise' && part.scales.kind === 'nested'),
      ).toBe(true);
    } finally {
      commands.close();
      arena.close();
    }
  });
});
