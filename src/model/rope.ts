import type { Frequencies, ModelConfig, Rope } from './model_config.ts';

/**
 * Cosine and sine of each pair's angle for each position of a sequence, `[positions, rotary_dim/2, 2]`: angle =
 * position · inv_freq[i], times what the rope says. Frequencies and angles are float32 as in transformers
 * (modeling_rope_utils.py), whose results they must match.
 */
export function ropeTurns(
  rope: Rope,
  { positions, length }: { positions: readonly number[]; length: number },
): Float32Array<ArrayBuffer> {
  const frequencies = inverseFrequencies(rope, length);
  const half = frequencies.length;
  const turns = new Float32Array(positions.length * half * 2);
  positions.forEach((position, p) => {
    const size = lengthening(rope, position);
    frequencies.forEach((frequency, i) => {
      const angle = Math.fround(position * frequency);
      turns[2 * (p * half + i)] = size * Math.cos(angle);
      turns[2 * (p * half + i) + 1] = size * Math.sin(angle);
    });
  });
  return turns;
}

/** What a turned vector is longer by: `attention_factor` for all, more for queries that grow. */
function lengthening(rope: Rope, position: number): number {
  const factor = 'attention_factor' in rope ? rope.attention_factor : 1;
  if (!rope.growing) return factor;
  const { beta, every } = rope.growing;
  return factor * (1 + beta * Math.log(1 + Math.floor(position / every)));
}

/** Radians a position turns pair i: 1 / theta^(2i / rotary_dim), then scaled as the model says, for a sequence's length. */
export function inverseFrequencies(rope: Rope, length: number): Float32Array<ArrayBuffer> {
  const { rotary_dim, rope_theta } = rope;
  const frequencies = Float32Array.from(
    { length: rotary_dim / 2 },
    (_, i) => 1 / rope_theta ** ((2 * i) / rotary_dim),
  );
  switch (rope.rope_type) {
    case 'default':
      return frequencies;
    case 'linear':
      return frequencies.map((f) => f / rope.factor);
    case 'llama3':
      return frequencies.map((f) => llama3Frequency(f, rope));
    case 'yarn':
      return yarnFrequencies(rope);
    case 'longrope': {
      const factors = isLong(rope, length) ? rope.long_factor : rope.short_factor;
      return periods(rope).map((period, i) => 1 / Math.fround(Math.fround(factors[i]!) * period));
    }
  }
}

/** theta^(2i / rotary_dim) in float32, as transformers computes it for the newer ropes. */
const periods = ({ rotary_dim, rope_theta }: Rope): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: rotary_dim / 2 }, (_, i) => rope_theta ** Math.fround((2 * i) / rotary_dim));

type Of<T extends Frequencies['rope_type']> = Extract<Rope, { rope_type: T }>;

/** Slow turns are slowed by `factor`, fast ones kept, those between blended (transformers _compute_llama3_parameters). */
function llama3Frequency(frequency: number, rope: Of<'llama3'>): number {
  const { factor, low_freq_factor: low, high_freq_factor: high } = rope;
  const original = rope.original_max_position_embeddings;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < original / high) return frequency;
  if (wavelength > original / low) return frequency / factor;
  const smooth = (original / wavelength - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

/** Pairs are blended by their number, from those of `beta_fast` turns to those of `beta_slow` (_compute_yarn_parameters). */
function yarnFrequencies(rope: Of<'yarn'>): Float32Array<ArrayBuffer> {
  const { rotary_dim, rope_theta, factor, beta_fast, beta_slow, truncate } = rope;
  const original = rope.original_max_position_embeddings;
  /** The pair, not a whole number, that turns so often over the original length. */
  const pairOf = (turns: number) =>
    (rotary_dim * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(rope_theta));
  const [fast, slow] = [pairOf(beta_fast), pairOf(beta_slow)];
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const high = Math.min(truncate ? Math.ceil(slow) : slow, rotary_dim - 1);
  const width = low === high ? 0.001 : high - low;
  return periods(rope).map((period, i) => {
    const slowed = Math.fround(Math.min(1, Math.max(0, (i - low) / width)));
    return slowed / Math.fround(factor * period) + (1 - slowed) / period;
  });
}

const isLong = (rope: Of<'longrope'>, length: number): boolean =>
  length > rope.original_max_position_embeddings;

/** Sequences of lengths of one class turn alike in all blocks. */
export const lengthClass = ({ blocks }: Pick<ModelConfig, 'blocks'>, length: number): string =>
  blocks.map(({ rope }) => (rope?.rope_type === 'longrope' ? Number(isLong(rope, length)) : '')).join('');

/** Whether tokens turn by the length of their sequence, and not by their position alone. */
export const turnsByLength = ({ blocks }: Pick<ModelConfig, 'blocks'>): boolean =>
  blocks.some(({ rope, query_rope }) => [rope, query_rope].some((each) => each?.rope_type === 'longrope'));

/**
 * The length at which a generation computes the whole of its sequence again, whose keys were turned as those of a
 * shorter one (transformers Phi3ForCausalLM.prepare_inputs_for_generation); undefined of models that never do.
 */
export function outgrownAt({ blocks }: Pick<ModelConfig, 'blocks'>): number | undefined {
  for (const { rope } of blocks) {
    if (rope?.rope_type === 'longrope' && rope.recomputed) return rope.original_max_position_embeddings + 1;
  }
  return undefined;
}
