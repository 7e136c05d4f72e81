import { pValue } from '../../eval/stats/p_value.ts';
import { TASKS } from '../../eval/tasks/tasks.ts';
import type { Comparison } from '../result.ts';
import { decimals, rangeText, whole } from './format.ts';

/**
 * A sentence on how a configuration's primary metric differs from the baseline's: "differs from float32 on 6 of 100: 1 gained, 5 lost,
 * p = 0.219"; of a perplexity "× 1.012 of float32 (95 %: 1.004 to 1.020), p = 0.004". `adjusted` is what is left of the test's own among several.
 */
export function differenceText(
  { task, n, means, ratios }: Comparison,
  baseline: string,
  adjusted?: number | null,
): string {
  const { primary_metric } = TASKS[task];
  const mean = means.find(({ metric }) => metric === primary_metric);
  if (mean) {
    const { gained, lost } = mean;
    const p = adjusted ?? mean.p;
    if (gained + lost === 0) return unbroken(`as ${baseline} on each of ${whole(n)}`);
    const differing = `differs from ${baseline} on ${whole(gained + lost)} of ${whole(n)}`;
    return unbroken(`${differing}: ${whole(gained)} gained, ${whole(lost)} lost, ${pValue(p)}`);
  }
  const ratio = ratios.find(({ metric }) => metric === primary_metric);
  if (!ratio) return '';
  const { ci } = ratio;
  const p = adjusted ?? ratio.p;
  const range = ci ? ` (95 %: ${rangeText(ci)})` : '';
  return unbroken(
    `× ${decimals(ratio.ratio, 3)} of ${baseline}${range}${p === null ? '' : `, ${pValue(p)}`}`,
  );
}

/** Keeps a sign and its number on one line: "p = 0.2", "95 %", "× 1.01", "1 gained", "of 40". */
const unbroken = (text: string): string =>
  text.replaceAll(/ (?=[=<%]|gained|lost)|(?<=[=<×]|of) (?=\d)/g, '\u00a0');
