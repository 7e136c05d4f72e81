import { readParts, write } from '../gpu/device/buffers.ts';
import { orLost, type Gpu } from '../gpu/device/device.ts';
import { dispatchForm } from '../gpu/forms.ts';
import { expected_gap } from '../gpu/kernels/expected_gap.ts';
import { STRIP, stripsOf } from '../gpu/device/limits.ts';
import { logprobs } from '../gpu/kernels/logprobs.ts';
import { pick_targets } from '../gpu/kernels/pick_targets.ts';
import type { ComputeDtype } from '../quant/config.ts';
import { sum } from '../tensor/sum.ts';
import type { Model } from './forward.ts';
import { headOf, type Band } from './head_logits.ts';
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

/** A comparison that goes through the vocabulary beside the model's own head. */
export interface Comparison {
  /** Takes a band whose logits of the model's own were just recorded. */
  compute(band: Band): void;
  /** Of each row what was found, when all bands were taken; and the seconds that the device spent on it. */
  done(): Promise<{ tokens: TokenDivergence[]; seconds: number }>;
}

/**
 * Compares the model's logits, band by band, with a baseline's, for the targets in `wanted` of `own`, one a row. `states`
 * are the baseline's final states, [R, hidden_size]: with the head, which no configuration quantizes, they give its logits
 * again. Sums over strips are the GPU's, in float32; the rest is float64.
 */
export function compareWithBaseline(
  model: Model,
  own: Head['buffers'],
  base: Head['buffers'],
  states: Float32Array<ArrayBuffer>,
  head_dtype: ComputeDtype,
): Comparison {
  const { gpu, commands, config, weights } = model;
  const R = states.length / config.hidden_size;
  const strips = stripsOf(weights.head.rows);
  const { gaps, targets } = base;
  const { wanted } = own;
  write(gpu, base.normed, states);
  const computeBase = headOf(model, base, R, head_dtype, 'prefill');
  /** When the device began and ended what is the comparison's own. */
  const spans: [Promise<number>, Promise<number>][] = [];
  return {
    compute(band) {
      const { first, width: V } = band;
      commands.submit();
      const begun = submittedDone(gpu);
      computeBase(band);
      commands.dispatch(pick_targets, { W: R, V, first }, { wanted, logits: base.logits, targets });
      const compared = { base: base.logits, logits: own.logits, peaks: base.peaks, gaps };
      dispatchForm(commands, expected_gap, { R, V, strip: STRIP, first, strips }, compared);
      commands.submit();
      spans.push([begun, submittedDone(gpu)]);
    },
    async done() {
      dispatchForm(commands, logprobs, { W: R, strips }, { ...base, wanted });
      commands.submit();
      const read = await readParts(gpu, [
        { buffer: gaps, bytes: 4 * R * strips },
        { buffer: base.peaks, bytes: 4 * 2 * R * strips },
        { buffer: own.peaks, bytes: 4 * 2 * R * strips },
        { buffer: base.logprob, bytes: 4 * R },
        { buffer: base.best, bytes: 4 * R },
      ]);
      const times = await Promise.all(spans.map((span) => Promise.all(span)));
      const seconds = sum(times.map(([begun, ended]) => ended - begun)) / 1000;
      return { tokens: divergences(read, R, strips), seconds };
    },
  };
}

/** When the device is done with all that was submitted, in milliseconds. */
function submittedDone(gpu: Gpu): Promise<number> {
  const done = orLost(gpu, () => gpu.device.queue.onSubmittedWorkDone()).then(() => performance.now());
  // A loss is told by whoever reads back next.
  done.catch(() => undefined);
  return done;
}

/** What the sums over strips say of each row: gaps, largest logits and masses of both, and the baseline's own answer. */
function divergences(read: readonly ArrayBuffer[], R: number, strips: number): TokenDivergence[] {
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
