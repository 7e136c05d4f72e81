import { TASKS } from '../../eval/tasks/tasks.ts';
import { configName } from '../../quant/config.ts';
import type { ExperimentResult } from '../result.ts';

/**
 * What the tests of the comparisons allow to be said, as sentences: per task and configuration the verdict on its
 * primary metric and the change of the margin; then what the memory costs. Nothing here is written by hand.
 */
export function findings({ runs, comparisons }: ExperimentResult): string[] {
  const verdicts = comparisons.flatMap(({ task, means, ratios, margin, config }) => {
    const primary = [...means, ...ratios].filter(({ metric }) => metric === TASKS[task].primary_metric);
    const sentences = primary.map(({ verdict }) => `${TASKS[task].title}: ${verdict}.`);
    const name = configName(runs[config]!.config);
    if (margin?.ci && (margin.ci[0] > 0 || margin.ci[1] < 0)) {
      const [low, high] = margin.ci;
      sentences.push(
        `${TASKS[task].title}: the right answer's lead ${margin.mean < 0 ? 'shrinks' : 'grows'} by ${Math.abs(margin.mean).toFixed(4)} nats in ${name} (95 %: ${low.toFixed(4)} to ${high.toFixed(4)}), which shows before answers flip.`,
      );
    }
    return sentences;
  });
  return [...verdicts, ...memoryFindings(runs)];
}

function memoryFindings(runs: ExperimentResult['runs']): string[] {
  const [baseline] = runs;
  if (!baseline) return [];
  return runs.slice(1).map(({ config, footprint }) => {
    const counted = 1 - footprint.bitsandbytes_bytes / baseline.footprint.bitsandbytes_bytes;
    const hidden = footprint.actual_bytes - footprint.bitsandbytes_bytes;
    const scales = hidden > 0 ? `; ${(hidden / 1e6).toFixed(2)} MB of scales are not counted` : '';
    return `${configName(config)} counts ${(100 * counted).toFixed(1)} % less memory than ${configName(baseline.config)}${scales}.`;
  });
}
