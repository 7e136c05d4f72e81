import type { Rope } from './model_config.ts';

/**
 * Cosine and sine of each pair's angle for each position, `[positions, rotary_dim/2, 2]`: angle = position · inv_freq[i].
 * Frequencies and angles are float32 as in transformers (modeling_rope_utils.py), whose results they must match.
 */
export function ropeTurns(rope: Rope, positions: readonly number[]): Float32Array<ArrayBuffer> {
  const frequencies = inverseFrequencies(rope);
  const half = frequencies.length;
  const turns = new Float32Array(positions.length * half * 2);
  positions.forEach((position, p) => {
    frequencies.forEach((frequency, i) => {
      const angle = Math.fround(position * frequency);
      turns[2 * (p * half + i)] = Math.cos(angle);
      turns[2 * (p * half + i) + 1] = Math.sin(angle);
    });
  });
  return turns;
}

/** Radians a position turns pair i: 1 / theta^(2i / rotary_dim), then scaled as the model says. */
export function inverseFrequencies(rope: Rope): Float32Array<ArrayBuffer> {
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
  }
}

/** Slow turns are slowed by `factor`, fast ones kept, those between blended (transformers _compute_llama3_parameters). */
function llama3Frequency(frequency: number, rope: Extract<Rope, { rope_type: 'llama3' }>): number {
  const { factor, low_freq_factor: low, high_freq_factor: high } = rope;
  const original = rope.original_max_position_embeddings;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < original / high) return frequency;
  if (wavelength > original / low) return frequency / factor;
  const smooth = (original / wavelength - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}
