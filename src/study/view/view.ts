import { METRICS, type MetricName, type MetricValue } from '../../eval/stats/metric.ts';
import type { DivergenceSummary } from '../../eval/stats/divergence.ts';
import type { Adjustment } from '../../eval/stats/adjust.ts';
import { powerOf } from '../../eval/stats/power.ts';
import { TASKS, type TaskName } from '../../eval/tasks/tasks.ts';
import type { Comparison, ConfigRun, ExperimentResult, TaskResult } from '../result.ts';
import { baselineOf } from '../baseline.ts';
import { distinctNames } from './config_names.ts';
import { layerLoss, type LayerLoss } from './layer_losses.ts';
import { notesOn } from './notes.ts';
import { adjustedSentence, testsOf, type Tested } from './tested.ts';

/** A result as it is shown: derived once, then laid out by the page, the reports and the terminal. */
export interface ResultView {
  /** How the p-values of its tests were adjusted to one another, and a sentence on it; none where there is one test. */
  adjustment: Adjustment;
  adjusted: string | undefined;
  /** Names of the configurations that were measured, no two alike. */
  names: string[];
  rows: RowView[];
  /** The row that every other one is compared with; undefined where it has no answers, and nothing is compared. */
  baseline: RowView | undefined;
  tasks: TaskView[];
  divergences: DivergenceView[];
  /** Sentences to be read beside the numbers: what they lack, and where they come from. */
  notes: string[];
  /** What opening the model's files warned of. */
  warnings: readonly string[];
}

/** A configuration, with its tasks in the spec's order. */
export interface RowView extends ConfigRun {
  index: number;
  name: string;
  scores: ScoreView[];
  /** What its Linear layers lost, where that was measured. */
  loss: LayerLoss | undefined;
}

/** A configuration's answers to a task, and how they compare with the baseline's. */
export interface ScoreView extends TaskResult {
  primary: MetricValue | undefined;
  comparison: Comparison | undefined;
  /** The test of the primary metric; undefined where it was not tested. */
  tested: Tested | undefined;
}

/** A task over all configurations: its verdicts, its power, its parts. */
export interface TaskView {
  task: TaskName;
  title: string;
  metrics: readonly MetricName[];
  primary_metric: MetricName;
  higher_is_better: boolean;
  /** A sentence on the differences its number of docs can show. */
  power: string | undefined;
  /** Verdicts on the primary metric, one a configuration that was compared. */
  verdicts: string[];
  /** Its parts by name, each with an entry a configuration; empty where it has none. */
  parts: PartView[];
}

/** A part of a task, a subject or a class; a configuration that answered nothing of it has no entry. */
export interface PartView {
  name: string;
  n: number;
  metrics: (Partial<Record<MetricName, MetricValue>> | undefined)[];
}

/** A configuration's distance from the baseline's distributions on the texts of a task. */
export interface DivergenceView extends DivergenceSummary {
  name: string;
  task: TaskName;
}

/**
 * A result's rows, tasks, parts, verdicts and divergences, ready to be laid out. Its tests are read together, adjusted
 * to one another.
 */
export function viewOf(result: ExperimentResult, adjustment: Adjustment = 'holm'): ResultView {
  const { spec, runs, comparisons } = result;
  const names = distinctNames(runs.map(({ config }) => config));
  const tests = testsOf(comparisons, names, adjustment);
  const rows = runs.map((run, index) => ({
    ...run,
    index,
    name: names[index]!,
    loss: layerLoss(run.errors),
    scores: run.tasks.map((own) => ({
      ...own,
      primary: own.metrics[TASKS[own.task].primary_metric],
      comparison: comparisons.find(({ config, task }) => config === index && task === own.task),
      tested: tests.find(({ config, task }) => config === index && task === own.task),
    })),
  }));
  return {
    adjustment,
    adjusted: adjustedSentence(tests, adjustment),
    names,
    rows,
    baseline: baselineOf(result) && rows[0],
    tasks: spec.tasks.map(({ task }) => taskView(task, result, tests)),
    divergences: comparisons.flatMap(({ config, task, divergence }) =>
      divergence ? [{ name: names[config]!, task, ...divergence }] : [],
    ),
    notes: notesOn(result),
    warnings: result.environment.model.reading?.warnings ?? [],
  };
}

function taskView(
  task: TaskName,
  { runs, comparisons }: ExperimentResult,
  tests: readonly Tested[],
): TaskView {
  const { title, metrics, primary_metric } = TASKS[task];
  const compared = comparisons.filter((each) => each.task === task);
  const groups = runs.map(({ tasks }) => tasks.find((own) => own.task === task)?.groups ?? []);
  const parts = [...new Set(groups.flat().map(({ name }) => name))];
  return {
    ...{ task, title, metrics, primary_metric },
    higher_is_better: METRICS[primary_metric].higher_is_better,
    power: powerOf(compared, primary_metric),
    verdicts: tests.filter((each) => each.task === task).map(({ verdict }) => verdict),
    parts: parts.map((name) => {
      const own = groups.map((of) => of.find((group) => group.name === name));
      return {
        name,
        n: Math.max(...own.map((group) => group?.n ?? 0)),
        metrics: own.map((group) => group?.metrics),
      };
    }),
  };
}
