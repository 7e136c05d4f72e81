import { METRICS } from '../../../eval/stats/metric.ts';
import { TASKS } from '../../../eval/tasks/tasks.ts';
import type { PublishedFigure, PublishedStudy } from '../../../study/published.ts';
import type { ExperimentResult } from '../../../study/result.ts';
import { sameStorage } from '../../../study/view/config_names.ts';
import { digits3, mebibytes, whole } from '../../../study/view/format.ts';

/** A published figure, and what was measured of the same configuration here. */
export interface PublishedRow {
  name: string;
  what: string;
  published: string;
  measured: string;
}

/** A study's figures in its order; what was not measured says so. */
export const publishedRows = ({ figures, model }: PublishedStudy, result: ExperimentResult): PublishedRow[] =>
  figures.map((figure) => ({
    name: figure.name,
    what: whatOf(figure),
    published: `${figure.value} ${figure.unit}`,
    measured: measuredOf(figure, result, model),
  }));

function whatOf({ quantity, task, n }: PublishedFigure): string {
  if (quantity === 'memory') return 'memory, counted';
  const asked = n === undefined ? '' : `, n = ${whole(n)}`;
  return `${task ? `${TASKS[task].title}, ` : ''}${METRICS[quantity].title}${asked}`;
}

function measuredOf(
  { config, quantity, task }: PublishedFigure,
  result: ExperimentResult,
  model: string,
): string {
  const run = config && result.runs.find((one) => sameStorage(one.config, config));
  if (!run) return 'not measured';
  if (quantity === 'memory') {
    const size = `${mebibytes(run.footprint.bitsandbytes_bytes)} MiB`;
    // A smaller model answers the study's question, not its figure.
    return sameModel(result, model) ? size : `${size}, another model`;
  }
  const metric = run.tasks.find((one) => one.task === task)?.metrics[quantity];
  return metric ? `${digits3(100 * metric.value)} %` : 'not measured';
}

const sameModel = ({ environment }: ExperimentResult, model: string): boolean =>
  environment.model.name.split('/').at(-1) === model.split('/').at(-1);
