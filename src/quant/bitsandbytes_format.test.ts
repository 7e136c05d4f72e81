import { describe, expect, it } from 'vitest';
import { LabError } from '../errors.ts';
import { seededRandom } from '../tensor/random.ts';
import {
  planQuantized,
  quantizedBytes,
  readQuantized,
  savedQuantType,
  type SavableConfig,
} from './bitsandbytes_format.ts';
import type { SavedReader } from './saved/layout.ts';
import { quantize } from './quantize.ts';

const SHAPE = [6, 50] as const;
const NF4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;
const NESTED = { ...NF4, double_quant: true } as const;
const LLM_INT8 = { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float32' } as const;

type Saved = Map<string, { dtype: string; bytes: Uint8Array<ArrayBuffer> }>;

/** The tensors of a layer `fc` of normal weights [6, 50], as they stand in a checkpoint. */
function savedLayer(config: SavableConfig): Saved {
  const { normal } = seededRandom(3);
  const weights = { shape: SHAPE, data: Float32Array.from({ length: 300 }, () => normal()) };
  const bytes = quantizedBytes(quantize(weights, config), 'bfloat16');
  return new Map(
    planQuantized('fc', SHAPE, config, 'bfloat16').map(({ name, dtype }, i) => [
      name,
      { dtype, bytes: bytes[i]! },
    ]),
  );
}

const readerOf = (saved: Saved): SavedReader => ({
  dtypeOf: (name) => saved.get(name)?.dtype,
  shapeOf: () => undefined,
  read: (name) => Promise.resolve(saved.get(name)?.bytes),
});

const STATE = 'fc.weight.quant_state.bitsandbytes__nf4';

/** Replaces one tensor's bytes. */
const put =
  (name: string, bytes: Uint8Array<ArrayBuffer>) =>
  (saved: Saved): void =>
    void saved.set(name, { dtype: saved.get(name)!.dtype, bytes });

const cut =
  (name: string, bytes: number) =>
  (saved: Saved): void =>
    put(name, saved.get(name)!.bytes.slice(0, bytes))(saved);

const drop =
  (name: string) =>
  (saved: Saved): void =>
    void saved.delete(name);

/** Changes fields of quant_state. */
const state =
  (fields: object) =>
  (saved: Saved): void => {
    const before = JSON.parse(new TextDecoder().decode(saved.get(STATE)!.bytes)) as object;
    put(STATE, new TextEncoder().encode(JSON.stringify({ ...before, ...fields })))(saved);
  };

/** Ways for a quantized layer to contradict itself, and the message of its reader. */
const SPOILED: [how: string, config: SavableConfig, spoil: (saved: Saved) => void, message: string][] = [
  ['no quant_state', NF4, drop(STATE), 'fc has no quant_state; it is not quantized.'],
  ['quant_state that is no JSON', NF4, put(STATE, Uint8Array.of(123)), `${STATE} is not JSON.`],
  [
    'quant_state that is null',
    NF4,
    put(STATE, new TextEncoder().encode('null')),
    `${STATE} has blocksize undefined; allowed: a multiple of 32.`,
  ],
  ...[48, 0, -64, 16, 64.5, '64', null].map((blocksize): (typeof SPOILED)[number] => [
    `blocksize ${JSON.stringify(blocksize)}`,
    NF4,
    state({ blocksize }),
    `${STATE} has blocksize ${blocksize}; allowed: a multiple of 32.`,
  ]),
  ['no shape', NF4, state({ shape: undefined }), `${STATE} has shape undefined; allowed: rows and columns.`],
  [
    'another shape than config.json has',
    NF4,
    state({ shape: [50, 6] }),
    'fc.weight was quantized from [50, 6]; config.json makes it [6, 50].',
  ],
  ['too few codes', NF4, cut('fc.weight', 149), "fc.weight has 149 bytes; its layer's shape makes it 150."],
  [
    'no codebook',
    NF4,
    drop('fc.weight.quant_map'),
    'fc.weight.quant_map is missing; a quantized layer needs it.',
  ],
  [
    'a codebook of 15',
    NF4,
    cut('fc.weight.quant_map', 60),
    "fc.weight.quant_map has 60 bytes; its layer's shape makes it 64.",
  ],
  ['no absmax', NF4, drop('fc.weight.absmax'), 'fc.weight.absmax is missing; a quantized layer needs it.'],
  [
    'too few absmax',
    NF4,
    cut('fc.weight.absmax', 16),
    "fc.weight.absmax has 16 bytes; its layer's shape makes it 20.",
  ],
  [
    'another nested block size',
    NESTED,
    state({ nested_blocksize: 128 }),
    'fc.weight: nested_blocksize is 128 and nested_offset ',
  ],
  [
    'no offset',
    NESTED,
    state({ nested_offset: undefined }),
    'fc.weight: nested_blocksize is 256 and nested_offset undefined; supported: 256 and a number.',
  ],
  [
    'an offset as text',
    NESTED,
    state({ nested_offset: '1' }),
    'fc.weight: nested_blocksize is 256 and nested_offset 1; supported: 256 and a number.',
  ],
  [
    'no nested absmax',
    NESTED,
    drop('fc.weight.nested_absmax'),
    'fc.weight.nested_absmax is missing; a quantized layer needs it.',
  ],
  [
    'a nested codebook of 255',
    NESTED,
    cut('fc.weight.nested_quant_map', 1020),
    "fc.weight.nested_quant_map has 1020 bytes; its layer's shape makes it 1024.",
  ],
  [
    'too few codes of 8 bits',
    LLM_INT8,
    cut('fc.weight', 299),
    "fc.weight has 299 bytes; its layer's shape makes it 300.",
  ],
  ['no scales', LLM_INT8, drop('fc.SCB'), 'fc.SCB is missing; a quantized layer needs it.'],
  ['too few scales', LLM_INT8, cut('fc.SCB', 20), "fc.SCB has 20 bytes; its layer's shape makes it 24."],
  [
    'another order of the codes',
    LLM_INT8,
    put('fc.weight_format', Uint8Array.of(1)),
    'fc.weight_format is 1; supported: 0, rows.',
  ],
];

describe('a layer as bitsandbytes saves it', () => {
  it.each([
    ['nf4', NF4],
    ['fp4', { ...NF4, quant_type: 'fp4', blocksize: 32 }],
    ['nf4', NESTED],
    ['llm_int8', LLM_INT8],
  ] as const)('is read as it was written: %s', async (quant_type, config) => {
    const saved = savedLayer(config);
    expect(savedQuantType(readerOf(saved), 'fc')).toBe(quant_type);
    const { normal } = seededRandom(3);
    const weights = { shape: SHAPE, data: Float32Array.from({ length: 300 }, () => normal()) };
    expect(await readQuantized(readerOf(saved), 'fc', SHAPE)).toEqual(quantize(weights, config));
  });

  it.each(SPOILED)('is refused with %s', async (_, config, spoil, message) => {
    const saved = savedLayer(config);
    spoil(saved);
    const refused: unknown = await readQuantized(readerOf(saved), 'fc', SHAPE).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(LabError);
    expect((refused as LabError).code).toBe('bad-quant-state');
    expect((refused as LabError).message).toContain(message);
  });
});
