import { METRICS } from '../../../eval/stats/metric.ts';
import { TASKS } from '../../../eval/tasks/tasks.ts';
import type { Reproduction } from '../../../study/compare_results.ts';
import type { ExperimentResult } from '../../../study/result.ts';
import { canonicalJson } from '../../../study/spec.ts';
import { longName } from '../../../study/view/config_names.ts';
import { decimals, megabytes, whole, scoreText } from '../../../study/view/format.ts';
import { adapterNames, kernelNames } from '../../../study/adapters.ts';

/** One number of a configuration that both runs have. */
export interface VersusRow {
  name: string;
  what: string;
  a: string;
  b: string;
  difference: string;
}

/** Scores, size and speed of every configuration that both runs have measured. */
export function versusRows(a: ExperimentResult, b: ExperimentResult): VersusRow[] {
  return a.runs.flatMap((run): VersusRow[] => {
    const twin = b.runs.find(({ config }) => canonicalJson(config) === canonicalJson(run.config));
    if (!twin) return [];
    const name = longName(run.config);
    const scores = run.tasks.flatMap(({ task, metrics }): VersusRow[] => {
      const { title, primary_metric } = TASKS[task];
      const [x, y] = [
        metrics[primary_metric],
        twin.tasks.find((other) => other.task === task)?.metrics[primary_metric],
      ];
      if (!x || !y) return [];
      const what = `${title}, ${METRICS[primary_metric].title}`;
      return [{ name, what, a: scoreText(x), b: scoreText(y), difference: signed(y.value - x.value, 3) }];
    });
    const [x, y] = [run, twin].map((own) => own.footprint.actual_bytes) as [number, number];
    const [s, t] = [run, twin].map((own) => own.timings.tokens_per_second) as [number, number];
    return [
      ...scores,
      { name, what: 'MB, true', a: megabytes(x), b: megabytes(y), difference: signed((y - x) / 1e6, 3) },
      { name, what: 'tokens/s', a: whole(s), b: whole(t), difference: signed(t - s, 0) },
    ];
  });
}

const signed = (x: number, places: number): string =>
  Number(x.toFixed(places)) === 0 ? '0' : `${x > 0 ? '+' : ''}${decimals(x, places)}`;

/** Where two runs computed, and how many of their answers differ by a bit or more; undefined where neither is told. */
export function adaptersSentence(
  a: ExperimentResult,
  b: ExperimentResult,
  { n, differing, worst }: Pick<Reproduction, 'n' | 'differing' | 'worst'>,
): string | undefined {
  const [x, y] = [a, b].map(({ environment }) => adapterNames(environment));
  if (x === y && differing === 0) return undefined;
  const where = x === y ? `Both ran on ${x}` : `A ran on ${x}, B on ${y}`;
  const most = worst > 0 && Number.isFinite(worst) ? `, by ${worst.toExponential(1)} at most` : '';
  return `${where}: ${whole(differing)} of ${whole(n)} answers differ by a bit or more${most}.`;
}

/** In words, what the two records say differently about where their numbers come from. */
export function differences(a: ExperimentResult, b: ExperimentResult): string[] {
  const facts = ({ environment: e, spec }: ExperimentResult): [string, string][] => [
    ['Model', [e.model.name, e.model.revision].filter(Boolean).join(', commit ')],
    [
      'Model files',
      Object.values(e.model.files)
        .map(({ sha256 }) => (sha256 ?? '').slice(0, 12))
        .join(' '),
    ],
    ['Seed', String(spec.seed)],
    ['Questions', (e.items_sha256 ?? 'not recorded').slice(0, 16)],
    ['Chat template', (e.chat_template?.sha256 ?? 'none').slice(0, 16)],
    ['GPU adapter', adapterNames(e)],
    ['Kernels', e.kernels ? kernelNames(e.kernels) : 'version 1'],
    ['Lab', `version ${e.app.version}, commit ${e.app.commit}`],
    ['Runtime', e.runtime],
  ];
  const others = facts(b);
  return facts(a).flatMap(([what, x], i) => {
    const y = others[i]![1];
    return x === y ? [] : [`${what}: A ${x || 'not recorded'}; B ${y || 'not recorded'}`];
  });
}
