import { LabError } from '../../errors.ts';
import type { Gguf } from '../../tensor/gguf.ts';
import type { TypedValue } from '../../tensor/write_gguf.ts';
import { parseConfig } from '../config.ts';
import { blockOf, type ModelConfig, type Rope } from '../model_config.ts';
import { inverseFrequencies, ropeTurns } from '../rope.ts';
import { ARCHITECTURES, HARMLESS_KEYS, type Architecture, type RopeFactors } from './architectures.ts';
import { ggufConfig } from './config.ts';
import { metadataOf } from './metadata.ts';

/** An architecture of llama.cpp with its name. */
export interface NamedArchitecture extends Architecture {
  name: string;
}

/** The architecture that computes a model's class. @throws unsupported-architecture naming those that are written */
export function architectureFor({ architecture, num_labels }: ModelConfig): NamedArchitecture {
  const found = Object.entries(ARCHITECTURES).find(
    ([, row]) => row.class === architecture || row.classes?.includes(architecture),
  );
  if (found && num_labels === undefined) return { name: found[0], ...found[1] };
  const written = Object.values(ARCHITECTURES).map((row) => row.class);
  throw new LabError(
    'unsupported-architecture',
    `config.json is of ${architecture}; as GGUF files Nibble writes ${written.join(', ')}.`,
  );
}

/** What a file of an architecture says of a model, behind the architecture's name, and rope's factors, which are tensors. */
interface ConfigEntries {
  entries: [key: string, value: TypedValue][];
  rope: RopeFactors;
}

/**
 * Every key that says something of a model. Which of them an architecture has follows from what reading it asks for.
 */
export function configEntries(model: ModelConfig): ConfigEntries {
  const { norm, logit_softcap } = model;
  const layers = Array.from({ length: model.num_hidden_layers }, (_, layer) => blockOf(model, layer));
  const windowed = layers.find(({ window }) => window !== undefined);
  const whole = layers.find(({ window }) => window === undefined) ?? layers[0]!;
  const rope = whole.rope;
  const scaling = rope && scalingOf(rope, model.max_position_embeddings);
  const count = (value: number | undefined) => (value === undefined ? undefined : { u32: value });
  const number = (value: number | undefined) => (value === undefined ? undefined : { f32: value });
  const all: Record<string, TypedValue | undefined> = {
    block_count: count(model.num_hidden_layers),
    context_length: count(model.max_position_embeddings),
    embedding_length: count(model.hidden_size),
    feed_forward_length: count(model.intermediate_size),
    'attention.head_count': count(model.num_attention_heads),
    'attention.head_count_kv': count(model.num_key_value_heads),
    'attention.key_length': count(model.head_dim),
    'attention.value_length': count(model.head_dim),
    [`attention.layer_norm_${norm.kind === 'rms' ? 'rms_' : ''}epsilon`]: number(norm.eps),
    'attention.sliding_window': count(windowed?.window),
    attn_logit_softcapping: number(whole.attention_softcap),
    final_logit_softcapping: number(logit_softcap),
    use_parallel_residual: whole.parallel ? { bool: true } : undefined,
    'rope.dimension_count': count(rope?.rotary_dim),
    'rope.freq_base': number(rope?.rope_theta),
    'rope.freq_base_swa': number(windowed?.rope?.rope_theta),
    ...scaling?.keys,
    vocab_size: count(model.vocab_size),
  };
  return {
    entries: Object.entries(all).flatMap(([key, value]) => (value ? [[key, value]] : [])),
    rope: scaling?.factors ?? {},
  };
}

/** How a rope's frequencies are scaled, in keys and in tensors of factors. */
function scalingOf(
  rope: Rope,
  longest: number,
): { keys?: Record<string, TypedValue>; factors?: RopeFactors } | undefined {
  switch (rope.rope_type) {
    case 'default':
      return undefined;
    case 'linear':
      return {
        keys: { 'rope.scaling.type': { text: 'linear' }, 'rope.scaling.factor': { f32: rope.factor } },
      };
    case 'yarn':
      return {
        keys: {
          'rope.scaling.type': { text: 'yarn' },
          'rope.scaling.factor': { f32: rope.factor },
          ...originalOf(rope),
          'rope.scaling.yarn_beta_fast': { f32: rope.beta_fast },
          'rope.scaling.yarn_beta_slow': { f32: rope.beta_slow },
        },
      };
    case 'longrope':
      return {
        keys: { ...originalOf(rope), 'rope.scaling.attn_factor': { f32: rope.attention_factor } },
        factors: { short: rope.short_factor, long: rope.long_factor },
      };
    case 'llama3': {
      // What each frequency is divided by; llama.cpp has no other words for the rule.
      const plain = inverseFrequencies({ ...rope, rope_type: 'default' }, longest);
      const scaled = inverseFrequencies(rope, longest);
      return {
        keys: originalOf(rope),
        factors: { all: [...plain].map((frequency, i) => frequency / scaled[i]!) },
      };
    }
  }
}

const originalOf = (rope: { original_max_position_embeddings: number }): Record<string, TypedValue> => ({
  'rope.scaling.original_context_length': { u32: rope.original_max_position_embeddings },
});

/** The keys that nobody who reads a file of its architecture would ask for. */
export function needlessKeys(file: string, gguf: Gguf, row: Architecture, rope: RopeFactors): string[] {
  const metadata = metadataOf(file, gguf);
  row.fields(metadata, rope);
  return metadata.unread().filter((key) => !HARMLESS_KEYS.includes(key));
}

/**
 * Holds the model that a file says against the one it was made of.
 * @throws unsupported-architecture naming what the file has no words for
 */
export function requireToldModel(file: string, gguf: Gguf, rope: RopeFactors, model: ModelConfig): void {
  const told = parseConfig(ggufConfig(file, gguf, rope, false));
  const refuse = (what: string, own: unknown, read: unknown): never => {
    const text = (value: unknown) => JSON.stringify(value) ?? 'none';
    throw new LabError(
      'unsupported-architecture',
      `The model has ${what} ${text(own)}; a GGUF file of its architecture stands for ${text(read)}.`,
    );
  };
  const compare = (what: string, own: unknown, read: unknown) => {
    if (inFloats(own) !== inFloats(read)) refuse(what, own, read);
  };
  for (const key of MODEL_KEYS) compare(key, model[key], told[key]);
  for (let layer = 0; layer < model.num_hidden_layers; layer++) {
    const [own, read] = [blockOf(model, layer), blockOf(told, layer)];
    for (const key of BLOCK_KEYS) compare(`in layer ${layer} ${key}`, own[key], read[key]);
    const turns = (rope: Rope | undefined) => (rope ? turnsOf(rope, model.max_position_embeddings) : []);
    const [a, b] = [turns(own.rope), turns(read.rope)];
    if (a.length !== b.length || a.some((value, i) => Math.abs(value - b[i]!) > MOST_TURN)) {
      refuse(`in layer ${layer} the rope`, own.rope, read.rope);
    }
  }
}

/** Float32s of frequencies may differ in their last places. */
const MOST_TURN = 1e-3;

/** Cosines and sines of some positions of a short text and of the longest. */
const turnsOf = (rope: Rope, longest: number): number[] => [
  ...ropeTurns(rope, { positions: [1, 7], length: 8 }),
  ...ropeTurns(rope, { positions: [1, 100], length: longest }),
  rope.interleaved ? 1 : 0,
];

const MODEL_KEYS = [
  ...(['hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads'] as const),
  ...(['num_key_value_heads', 'head_dim', 'vocab_size', 'max_position_embeddings'] as const),
  ...(['tie_word_embeddings', 'norm', 'positions_from', 'head_bias', 'embedding_scale'] as const),
  ...(['residual_scale', 'logit_scale', 'logit_softcap'] as const),
];

const BLOCK_KEYS = [
  ...(['norms', 'qk_norm', 'linears', 'window', 'activation', 'attention_scale'] as const),
  ...(['attention_softcap', 'parallel', 'clip_qkv'] as const),
];

/** As JSON, numbers as float32s. */
const inFloats = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'number' ? Math.fround(each) : each));
