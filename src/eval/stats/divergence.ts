import type { TracedToken } from '../../model/language_model.ts';
import type { Divergence, ItemResult } from '../item.ts';
import { mean, meanStderr, quantile, type Interval, Z95 } from './stats.ts';

/** Collects a text's tokens as they are compared. */
export function collectDivergence(): { add: (token: TracedToken) => void; divergence: Divergence } {
  const divergence: Divergence = { kl: [], dp: [], same_top: 0, gain: [0, 0] };
  return {
    divergence,
    add({ logprob, base_logprob, kl, same_top }) {
      const gain = logprob - base_logprob;
      divergence.kl.push(fourDigits(kl));
      divergence.dp.push(fourDigits(Math.exp(logprob) - Math.exp(base_logprob)));
      divergence.same_top += Number(same_top);
      divergence.gain[0] += gain;
      divergence.gain[1] += gain * gain;
    },
  };
}

const fourDigits = (value: number): number => Number(value.toPrecision(4));

/** A number over tokens, with its standard error where there are two tokens or more. */
export interface MeanValue {
  value: number;
  stderr: number | null;
}

/**
 * The statistics that llama.cpp's `--kl-divergence` prints (tools/perplexity), over every scored token of a task's
 * texts.
 */
export interface DivergenceSummary {
  tokens: number;
  /** Mean KL(baseline ‖ model), nats a token. */
  kl: MeanValue;
  kl_percentiles: Percentiles;
  /** Mean change of the right token's probability; `rms` is the root of its mean square. */
  dp: MeanValue;
  dp_rms: number;
  dp_percentiles: Percentiles;
  /** Share of tokens with the baseline's most likely one; stderr sqrt(p (1 − p) / (n − 1)). */
  same_top: MeanValue;
  /** Perplexity over the baseline's, e^−mean(d), and its 95 % interval, from the tokens' paired differences. */
  perplexity_ratio: number;
  perplexity_ratio_ci: Interval | null;
}

export const PERCENTILES = [0, 1, 5, 10, 50, 90, 95, 99, 99.9, 100] as const;
export type Percentiles = Record<(typeof PERCENTILES)[number], number>;

/**
 * Sums up the tokens of all items that were compared with the baseline; undefined if none was. Standard errors
 * take tokens for independent, as llama.cpp's do; those of one text are not, so they are too small if anything.
 */
export function summarizeDivergence(items: readonly ItemResult[]): DivergenceSummary | undefined {
  const compared = items.flatMap((item) =>
    'divergence' in item && item.divergence ? [item.divergence] : [],
  );
  const kl = compared.flatMap((part) => part.kl);
  const n = kl.length;
  if (n === 0) return undefined;
  const dp = compared.flatMap((part) => part.dp);
  const total = (of: (part: Divergence) => number) => compared.reduce((sum, part) => sum + of(part), 0);
  const same = total(({ same_top }) => same_top) / n;
  const gain = total((part) => part.gain[0]) / n;
  const spread = Math.max(0, total((part) => part.gain[1]) / n - gain * gain);
  const gainStderr = n > 1 ? Math.sqrt(spread / (n - 1)) : null;
  return {
    tokens: n,
    kl: { value: mean(kl), stderr: meanStderr(kl) },
    kl_percentiles: percentilesOf(kl),
    dp: { value: mean(dp), stderr: meanStderr(dp) },
    dp_rms: Math.sqrt(dp.reduce((sum, d) => sum + d * d, 0) / n),
    dp_percentiles: percentilesOf(dp),
    same_top: { value: same, stderr: n > 1 ? Math.sqrt((same * (1 - same)) / (n - 1)) : null },
    perplexity_ratio: Math.exp(-gain),
    perplexity_ratio_ci:
      gainStderr === null ? null : [Math.exp(-gain - Z95 * gainStderr), Math.exp(-gain + Z95 * gainStderr)],
  };
}

function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).sort();
  return Object.fromEntries(PERCENTILES.map((p) => [p, quantile(sorted, p / 100)])) as Percentiles;
}
