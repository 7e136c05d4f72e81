import { expect, test } from 'vitest';
import { collectDivergence, summarizeDivergence } from './divergence.ts';
import type { RollingItem } from '../item.ts';

const rolling = (
  doc_id: number,
  tokens: readonly [logprob: number, base: number, kl: number, same: boolean][],
): RollingItem => {
  const collected = collectDivergence();
  for (const [logprob, base_logprob, kl, same_top] of tokens) {
    collected.add({ logprob, base_logprob, kl, same_top });
  }
  return {
    doc_id,
    output_type: 'loglikelihood_rolling',
    loglikelihood: tokens.reduce((sum, [logprob]) => sum + logprob, 0),
    tokens: tokens.length,
    words: 1,
    bytes: 1,
    divergence: collected.divergence,
  };
};

test('tokens of several texts are summed up as one', () => {
  const items = [
    rolling(0, [
      [Math.log(0.5), Math.log(0.6), 0.02, true],
      [Math.log(0.1), Math.log(0.2), 0.3, false],
    ]),
    rolling(3, [[Math.log(0.9), Math.log(0.8), 0.01, true]]),
  ];
  const summary = summarizeDivergence(items)!;
  expect(summary.tokens).toBe(3);
  expect(summary.kl.value).toBeCloseTo(0.11, 12);
  // sd of .02, .3, .01 is .16462…; over sqrt(3)
  expect(summary.kl.stderr).toBeCloseTo(0.16462077631 / Math.sqrt(3), 9);
  expect(summary.kl_percentiles).toMatchObject({ 0: 0.01, 50: 0.02, 100: 0.3 });
  expect(summary.dp.value).toBeCloseTo((-0.1 - 0.1 + 0.1) / 3, 12);
  expect(summary.dp_rms).toBeCloseTo(0.1, 12);
  expect(summary.same_top.value).toBeCloseTo(2 / 3, 12);
  expect(summary.same_top.stderr).toBeCloseTo(Math.sqrt(2 / 9 / 2), 12);
  const gains = [Math.log(0.5 / 0.6), Math.log(0.1 / 0.2), Math.log(0.9 / 0.8)];
  const gain = gains.reduce((a, b) => a + b) / 3;
  expect(summary.perplexity_ratio).toBeCloseTo(Math.exp(-gain), 12);
  const sd = Math.sqrt(gains.reduce((sum, g) => sum + (g - gain) ** 2, 0) / 2);
  expect(Math.log(summary.perplexity_ratio_ci![1]) + gain).toBeCloseTo(
    (1.959963984540054 * sd) / Math.sqrt(3),
    9,
  );
});

test('nothing compared, nothing said; one token has no spread', () => {
  expect(summarizeDivergence([])).toBeUndefined();
  const { divergence, ...plain } = rolling(0, [[-1, -1, 0, true]]);
  expect(summarizeDivergence([plain])).toBeUndefined();
  const one = summarizeDivergence([{ ...plain, divergence: divergence! }])!;
  expect(one).toMatchObject({
    kl: { value: 0, stderr: null },
    perplexity_ratio: 1,
    perplexity_ratio_ci: null,
    same_top: { value: 1, stderr: null },
  });
});
