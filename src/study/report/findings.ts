import { TASKS } from '../../eval/tasks/tasks.ts';
import { megabytes, rangeText, shareText } from '../view/format.ts';
import type { ResultView } from '../view/view.ts';

/**
 * Sentences that the tests of the comparisons allow: per task and configuration the verdict on its
 * primary metric and the change of the margin; then what the memory costs. Nothing here is written by hand.
 */
export function findings({ rows, baseline, adjusted }: ResultView): string[] {
  const compared = rows.flatMap(({ name, scores }) =>
    scores.flatMap(({ comparison, tested }) => (comparison ? [{ name, tested, ...comparison }] : [])),
  );
  const verdicts = compared.flatMap(({ name, task, margin, tested }) => {
    const sentences = tested ? [`${TASKS[task].title}: ${tested.verdict}.`] : [];
    if (margin?.ci && (margin.ci[0] > 0 || margin.ci[1] < 0)) {
      sentences.push(
        `${TASKS[task].title}: the right answer's lead ${margin.mean < 0 ? 'shrinks' : 'grows'} by ${Math.abs(margin.mean).toFixed(4)} nats in ${name} (95 %: ${rangeText(margin.ci, 4)}), which shows before answers flip.`,
      );
    }
    return sentences;
  });
  return [...verdicts, ...(adjusted ? [adjusted] : []), ...memoryFindings(rows, baseline)];
}

function memoryFindings(rows: ResultView['rows'], baseline: ResultView['baseline']): string[] {
  if (!baseline) return [];
  return rows.slice(1).map(({ name, footprint }) => {
    const counted = 1 - footprint.bitsandbytes_bytes / baseline.footprint.bitsandbytes_bytes;
    const hidden = footprint.actual_bytes - footprint.bitsandbytes_bytes;
    const scales = hidden > 0 ? `; ${megabytes(hidden)} MB of scales are not counted` : '';
    return `${name} counts ${shareText(counted)} less memory than ${baseline.name}${scales}.`;
  });
}
