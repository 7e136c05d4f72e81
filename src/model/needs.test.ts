import { describe, expect, it } from 'vitest';
import { checksFor } from '../gpu/check.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { pipelineKey } from '../gpu/device/kernel.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import type { ComputeDtype, QuantConfig } from '../quant/config.ts';
import type { QuantizableDtype } from '../tensor/dtype.ts';
import { parseConfig } from './config.ts';
import { needsOf } from './needs.ts';
import type { ModelFiles } from './open_model.ts';
import { bitsAndBytesLayout } from '../quant/saved/bitsandbytes.ts';
import type { StoredQuant } from './stored_quant.ts';

const gpuWith = (architecture: string, ...language_features: string[]): Gpu =>
  ({
    device: { features: new Set(), limits: {} },
    adapter: { language_features, architecture },
    pinned: {},
    forced: {},
  }) as unknown as Gpu;
const PACKED = gpuWith('ampere', 'packed_4x8_integer_dot_product');
const ON_CPU = gpuWith('swiftshader', 'packed_4x8_integer_dot_product');

type Needed = Parameters<typeof needsOf>[1];
const modelIn = (dtypes: readonly QuantizableDtype[], more: Partial<Needed> = {}): Needed => ({
  config: parseConfig({ model_type: 'llama', hidden_size: 128 }),
  checkpoint: {
    tensors: new Map(dtypes.map((dtype) => [dtype, { info: { dtype, shape: [4, 4] } }])),
  } as unknown as ModelFiles['checkpoint'],
  stored_quant: undefined,
  adapter: undefined,
  ...more,
});

const BOTH: readonly Phase[] = ['prefill', 'decode'];
const COMPUTE: readonly ComputeDtype[] = ['float32', 'float16', 'bfloat16'];
const STORED: readonly QuantizableDtype[] = ['F32', 'F16', 'BF16'];
const skip_modules = ['lm_head'];

/** Every configuration that makes a difference to what is compiled. */
const CONFIGS: QuantConfig[] = COMPUTE.flatMap((compute_dtype): QuantConfig[] => [
  { quant_type: 'none', compute_dtype },
  ...[false, true].flatMap((double_quant): QuantConfig[] => [
    { quant_type: 'nf4', blocksize: 64, double_quant, compute_dtype },
    { quant_type: 'fp4', blocksize: 64, double_quant, compute_dtype, skip_modules },
    { quant_type: 'int4', blocksize: 64, double_quant, compute_dtype },
    { quant_type: 'custom', code: [-1, 1], blocksize: 64, double_quant, compute_dtype },
  ]),
  { quant_type: 'int8', granularity: 'row', compute_dtype },
  { quant_type: 'int8', granularity: 'tensor', compute_dtype, skip_modules },
  { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype, skip_modules },
]);

describe('every pipeline that a configuration can reach has a case', () => {
  it.each([
    ['with dot4I8Packed', PACKED],
    ['without', gpuWith('ampere')],
  ])('%s', (_, gpu) => {
    const checks = checksFor(needsOf(gpu, modelIn(STORED), CONFIGS, BOTH));
    const packed = checks.some(({ kernel }) => kernel.name === 'matvec_llm_int8_packed');
    expect(packed).toBe(gpu === PACKED);
    // Float: 3 forms × 3 stored × 3 computed; 4-bit: 3 × 2 scales × 3; int8: 3 × 3; LLM.int8(): 2 × 3.
    expect(checks.filter(({ kernel }) => /^(matvec|tile|gemm)_/.test(kernel.name))).toHaveLength(
      27 + 18 + 9 + 2 * 3,
    );
  });
});

const matmulsOf = (model: Needed, config: QuantConfig, phases = BOTH): string[] =>
  checksFor(needsOf(ON_CPU, model, [config], phases))
    .map(({ kernel, kase }) => pipelineKey(kernel, kase.overrides ?? {}))
    .filter((key) => /^(matvec|tile|gemm)_/.test(key));

it('asks for what a run compiles and no more', () => {
  const nf4 = { quant_type: 'nf4', blocksize: 64, double_quant: true, compute_dtype: 'float16' } as const;
  expect(matmulsOf(modelIn(['BF16']), nf4)).toEqual([
    'tile_float COMPUTE_DTYPE=0 DTYPE=2',
    'matvec_float COMPUTE_DTYPE=0 DTYPE=2',
    'tile_blockwise COMPUTE_DTYPE=1 SCALES=1 SHIFT=0',
    'matvec_blockwise COMPUTE_DTYPE=1 SCALES=1 SHIFT=0',
  ]);
  expect(matmulsOf(modelIn(['BF16']), nf4, ['prefill'])).toEqual([
    'tile_float COMPUTE_DTYPE=0 DTYPE=2',
    'tile_blockwise COMPUTE_DTYPE=1 SCALES=1 SHIFT=0',
  ]);
  expect(matmulsOf(modelIn(['BF16']), { ...nf4, skip_modules })).toContain(
    'tile_float COMPUTE_DTYPE=1 DTYPE=2',
  );
});

it('asks for the kernels of a checkpoint that is quantized already', () => {
  const stored_quant: StoredQuant = {
    layout: bitsAndBytesLayout({ bits: 4, llm_int8_threshold: 6 }),
    storage: { quant_type: 'nf4', blocksize: 64, double_quant: true },
    others: [],
    float_modules: [],
  };
  const none = { quant_type: 'none', compute_dtype: 'bfloat16' } as const;
  expect(matmulsOf(modelIn(['F16'], { stored_quant }), none)).toContain(
    'tile_blockwise COMPUTE_DTYPE=2 SCALES=1 SHIFT=0',
  );
  const partly = { ...stored_quant, float_modules: ['model.layers.0.mlp.down_proj'] };
  expect(matmulsOf(modelIn(['F16'], { stored_quant: partly }), none)).toContain(
    'tile_float COMPUTE_DTYPE=2 DTYPE=1',
  );
});

it('asks for the kernels of an adapter, in float32', () => {
  const adapter = { saved: new Map() } as unknown as ModelFiles['adapter'];
  const none = { quant_type: 'none', compute_dtype: 'bfloat16' } as const;
  expect(matmulsOf(modelIn(['BF16'], { adapter }), none)).toContain('tile_float COMPUTE_DTYPE=0 DTYPE=0');
});

it('refuses constants that no case has', () => {
  const [need] = needsOf(PACKED, modelIn(['BF16']), [CONFIGS[0]!], BOTH);
  const strange = { ...need!, overrides: { ...need!.overrides, COMPUTE_DTYPE: 9 } };
  expect(() => checksFor([strange])).toThrow(/No case of \w+ is compiled with .*"COMPUTE_DTYPE":9/);
});
