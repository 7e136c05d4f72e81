import type { PairedMean } from '../../eval/stats/paired.ts';
import { unseenRate } from '../../eval/stats/stats.ts';
import { TASKS } from '../../eval/tasks/tasks.ts';
import type { QuantConfig } from '../../quant/config.ts';
import { bitsText, count, decimals, listed, megabytes, scoreText, shareText, whole } from './format.ts';
import type { ResultView, RowView, ScoreView } from './view.ts';

/** What a result comes to, before all its numbers. */
export interface Answer {
  /** The result in one sentence; undefined while nothing is measured. */
  verdict: string | undefined;
  /** Which configuration to take, and how far that can be trusted, in sentences; none where nothing was compared. */
  take: string[];
  /** A row a configuration: that it is what it says, and does something else than the baseline. */
  proof: ProofRow[];
}

/** The proof that a configuration is what its name says. */
export interface ProofRow {
  config: QuantConfig;
  name: string;
  bits: string;
  /** MB on the device, scales included. */
  megabytes: string;
  /** Per task: how many answers differ from the baseline's, and the first one that does. */
  changed: string;
  /** Per task: answers that became right, and that became wrong. */
  flips: string;
}

/** The answer of a result: its verdict, the configuration to take, the proof. */
export const answerOf = (view: ResultView): Answer => ({
  verdict: verdictOn(view),
  take: takeFrom(view),
  proof: view.baseline ? view.rows.map((row) => proofOf(row, row === view.baseline)) : [],
});

function verdictOn(view: ResultView): string | undefined {
  const { baseline, rows } = view;
  const compared = rows.filter(isTested);
  if (!baseline || compared.length === 0) {
    const scored = rows.flatMap(({ name, scores }) =>
      scores.flatMap(({ task, primary }) => (primary ? [`${name} ${saidScore(task, primary)}`] : [])),
    );
    return scored.length === 0 ? undefined : `${listed(scored, 4)}; nothing is compared yet.`;
  }
  const named = (which: readonly RowView[]) => ({
    names: listed(
      which.map(({ name }) => name),
      5,
    ),
    which,
  });
  const worse = named(compared.filter(isWorse));
  const better = named(compared.filter((row) => !isWorse(row) && hasOutcome(row, 'better')));
  const same = named(compared.filter((row) => !isWorse(row) && !hasOutcome(row, 'better')));
  const parts = [
    ...(same.which.length > 0 ? [`${same.names} cannot be told from ${baseline.name}`] : []),
    ...(worse.which.length > 0
      ? [
          `${worse.names} ${be(worse.which)} measurably worse${same.which.length > 0 ? '' : ` than ${baseline.name}`}`,
        ]
      : []),
    ...(better.which.length > 0 ? [`${better.names} ${be(better.which)} measurably better`] : []),
  ];
  return `${parts.join('; ')} (${listed(baseline.scores.filter(({ n }) => n > 0).map(askedOf))}).`;
}

const saidScore = (task: ScoreView['task'], primary: NonNullable<ScoreView['primary']>): string =>
  `scores ${scoreText(primary)} on ${TASKS[task].title}`;

const be = (rows: readonly unknown[]): string => (rows.length === 1 ? 'is' : 'are');

const askedOf = ({ task, n }: ScoreView): string => `n = ${whole(n)} of ${TASKS[task].title}`;

const isTested = ({ scores }: RowView): boolean => scores.some(({ tested }) => tested && tested.p !== null);
const hasOutcome = ({ scores }: RowView, outcome: 'worse' | 'better'): boolean =>
  scores.some(({ tested }) => tested?.outcome === outcome);
const isWorse = (row: RowView): boolean => hasOutcome(row, 'worse');

/**
 * The smallest configuration that no test shows to be worse, what its tests could have missed, and why nothing smaller
 * is named. That a difference was not shown is no proof that there is none: so what would have shown is said with it.
 */
function takeFrom({ rows, baseline }: ResultView): string[] {
  if (!baseline || !rows.some(isTested)) return [];
  const smaller = rows
    .filter((row) => isTested(row) && sizeOf(row) < sizeOf(baseline))
    .sort((a, b) => sizeOf(a) - sizeOf(b));
  const taken = smaller.find((row) => !isWorse(row));
  const passed = smaller.filter((row) => isWorse(row) && (!taken || sizeOf(row) < sizeOf(taken)));
  if (!taken) {
    const why =
      smaller.length === 0
        ? 'no other configuration is smaller'
        : 'every smaller configuration is measurably worse';
    return [`${baseline.name}: ${why}.`, ...passed.slice(0, 2).flatMap(lossOf)];
  }
  const saved = shareText(1 - sizeOf(taken) / sizeOf(baseline));
  return [
    `${taken.name}: with ${megabytes(sizeOf(taken))} MB on the device, ${saved} less than ${baseline.name}, it is the smallest that cannot be told from it.`,
    ...taken.scores.flatMap(missedBy),
    ...passed.slice(-2).flatMap(lossOf),
  ];
}

const sizeOf = ({ footprint }: RowView): number => footprint.actual_bytes;

/** Why a smaller configuration is not the one, by the test that is surest of it. */
function lossOf({ scores, footprint }: RowView): string[] {
  const [surest] = scores
    .flatMap(({ tested }) => (tested?.outcome === 'worse' ? [tested] : []))
    .sort((a, b) => a.p! - b.p!);
  if (!surest) return [];
  return [
    `Smaller, at ${megabytes(footprint.actual_bytes)} MB, but: ${surest.verdict} (${TASKS[surest.task].title}).`,
  ];
}

/** The difference that a task's docs could have shown, in plain words. */
function missedBy({ task, n, tested, comparison }: ScoreView): string[] {
  if (!tested || !comparison) return [];
  const { title } = TASKS[task];
  const { test } = tested;
  if ('ratio' in test) {
    const { detectable, ci } = test;
    if (detectable === null || ci === null) return [`${title}: one text gives no test.`];
    const own = `Its own lies between ${ci.map((end) => `× ${decimals(end, 3)}`).join(' and ')} (95 %)`;
    return [
      `${title}, ${count(n, 'text')}: a perplexity ${shareText(detectable - 1)} higher would have shown four times in five. ${own}.`,
    ];
  }
  if (test.gained + test.lost === 0) {
    const unseen = shareText(unseenRate(comparison.clusters ?? n));
    return [`${title}: not one of ${whole(n)} answers changed its score; up to ${unseen} of all such could.`];
  }
  if (test.detectable === null) return [];
  return [
    `${title}, n = ${whole(n)}: a loss of ${points(test.detectable)} points would have shown four times in five, a smaller one less often.${ownOf(test)}`,
  ];
}

const points = (share: number): string => decimals(100 * share, 1);

const ownOf = ({ ci }: PairedMean): string =>
  ci ? ` Its own change lies between ${points(ci[0])} and ${points(ci[1])} points (95 %).` : '';

function proofOf({ config, name, footprint, scores }: RowView, isBaseline: boolean): ProofRow {
  const compared = scores.flatMap((score) => (score.comparison ? [{ ...score, ...score.comparison }] : []));
  return {
    ...{
      config,
      name,
      bits: bitsText(footprint.bits_per_weight),
      megabytes: megabytes(footprint.actual_bytes),
    },
    changed: isBaseline
      ? 'the baseline'
      : compared
          .map(({ task, n, changed }) =>
            changed.first === null
              ? `${TASKS[task].title}: none of ${whole(n)}`
              : `${TASKS[task].title}: ${whole(changed.n)} of ${whole(n)}, first item ${changed.first}`,
          )
          .join('; '),
    flips: compared
      .flatMap(({ task, tested }) =>
        tested && 'gained' in tested.test
          ? [`${TASKS[task].title}: ${whole(tested.test.gained)} gained, ${whole(tested.test.lost)} lost`]
          : [],
      )
      .join('; '),
  };
}
