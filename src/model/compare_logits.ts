import { readParts, write } from '../gpu/device/buffers.ts';
import { dispatchForm } from '../gpu/forms.ts';
import { expected_gap } from '../gpu/kernels/expected_gap.ts';
import { STRIP, stripsOf } from '../gpu/kernels/logit_strips.ts';
import { logprobs } from '../gpu/kernels/logprobs.ts';
import type { ComputeDtype } from '../quant/config.ts';
import type { Model } from './forward.ts';
import { headLogits } from './head_logits.ts';
import type { Head } from './workspace.ts';

/** A baseline's distribution beside the model's own, over one token's successors. */
export interface TokenDivergence {
  /** KL(baseline ‖ model) in nats: Σ p_base (log p_base − log p). */
  kl: number;
  /** The baseline's natural logarithm of the right token's probability. */
  logprob: number;
  /** The baseline's most likely token. */
  best: number;
}

/**
 * Compares the logits just computed in `own` with a baseline's, for the `R` rows there and the targets in its
 * `wanted`. `states` are the baseline's final states, [R, hidden_size]: with the head, which no configuration
 * quantizes, they give its logits again. Sums over strips are the GPU's, in float32; the rest is float64.
 */
export async function compareWithBaseline(
  model: Model,
  own: Head['buffers'],
  base: Head['buffers'],
  states: Float32Array<ArrayBuffer>,
  head_dtype: ComputeDtype,
): Promise<TokenDivergence[]> {
  const { gpu, commands, config, weights } = model;
  const width = config.hidden_size;
  const R = states.length / width;
  const V = weights.head.rows;
  const strips = stripsOf(V);
  write(gpu, base.normed, states);
  headLogits(model, base, R, head_dtype, 'prefill');
  dispatchForm(commands, logprobs, { W: R, V, strips }, { ...base, wanted: own.wanted });
  const { gaps } = base;
  const compared = { base: base.logits, logits: own.logits, peaks: base.peaks, gaps };
  dispatchForm(commands, expected_gap, { R, V, strip: STRIP }, compared);
  commands.submit();
  const read = await readParts(gpu, [
    { buffer: gaps, bytes: 4 * R * strips },
    { buffer: base.peaks, bytes: 4 * 2 * R * strips },
    { buffer: own.peaks, bytes: 4 * 2 * R * strips },
    { buffer: base.logprob, bytes: 4 * R },
    { buffer: base.best, bytes: 4 * R },
  ]);
  const [gap, basePeaks, ownPeaks, logprob] = read.slice(0, 4).map((bytes) => new Float32Array(bytes)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const best = new Uint32Array(read[4]!);
  return Array.from({ length: R }, (_, row) => {
    const part = basePeaks.subarray(2 * row * strips, 2 * (row + 1) * strips);
    const baseMass = logSumExp(part);
    const ownMass = logSumExp(ownPeaks.subarray(2 * row * strips, 2 * (row + 1) * strips));
    let expected = 0;
    for (let s = 0; s < strips; s++) expected += Math.exp(part[2 * s]! - baseMass) * gap[row * strips + s]!;
    return { kl: expected - baseMass + ownMass, logprob: logprob[row]!, best: best[row]! };
  });
}

/** log Σ exp of a row, from its strips' pairs of the largest logit and Σ exp(logit − largest). */
function logSumExp(peaks: Float32Array): number {
  let peak = -Infinity;
  for (let s = 0; s < peaks.length; s += 2) peak = Math.max(peak, peaks[s]!);
  let mass = 0;
  for (let s = 0; s < peaks.length; s += 2) mass += peaks[s + 1]! * Math.exp(peaks[s]! - peak);
  return peak + Math.log(mass);
}
