import { baselineOf } from '../baseline.ts';
import { gapsOf, type AnswerCounts } from '../complete.ts';
import type { ExperimentResult } from '../result.ts';
import { canonicalJson } from '../spec.ts';
import { distinctNames, longName } from './config_names.ts';
import { count, whole } from './format.ts';

/** The sentence that stands beside a result whose digest is not the one of its answers; undefined where it fits. */
export const digestNote = ({ digest_fits }: Pick<ExperimentResult, 'digest_fits'>): string | undefined =>
  digest_fits === false
    ? 'These answers do not fit the digest they came with: they were changed, or come from a version that counts differently.'
    : undefined;

/** The sentence that stands beside a result that came in a file or a link; undefined for one of this browser. */
export const originNote = ({ foreign }: Pick<ExperimentResult, 'foreign'>): string | undefined =>
  foreign
    ? 'These answers were measured elsewhere: they came in a file or a link, and nothing of them was computed here.'
    : undefined;

/** A sentence a configuration that a run ended without having all answers of, with the reason where one is known. */
export function gapSentences({ spec, state, planned, shard, runs, failures }: ExperimentResult): string[] {
  if (state !== 'incomplete') return [];
  const names = distinctNames(spec.configs);
  const counts: AnswerCounts = spec.configs.map((config) => {
    const run = runs.find((one) => sameConfig(one.config, config));
    return Object.fromEntries(run?.tasks.map(({ task, n }) => [task, n]) ?? []);
  });
  return gapsOf({ spec, ...(planned && { planned }), ...(shard && { shard }) }, counts).map(
    ({ config, answered, planned: all }) => {
      const failure = failures?.find((one) => sameConfig(one.config, spec.configs[config]));
      const why = failure ? `: ${failure.failure.message}` : '.';
      return `${names[config]!} has ${whole(answered)} of ${count(all, 'answer')}${why}`;
    },
  );
}

/** The sentence that stands where comparisons would, when the first configuration has no answers; else undefined. */
export function baselineNote({ spec, runs }: Pick<ExperimentResult, 'spec' | 'runs'>): string | undefined {
  const measured = runs.some(({ tasks }) => tasks.some(({ n }) => n > 0));
  if (spec.configs.length < 2 || !measured || baselineOf({ spec, runs })) return undefined;
  return `${longName(spec.configs[0]!)} is the baseline and has no answers: without them nothing is compared.`;
}

/** The sentence that stands beside the numbers of a part; undefined for a whole result. */
export const shardNote = ({ shard }: Pick<ExperimentResult, 'shard'>): string | undefined =>
  shard &&
  `This is part ${shard.index + 1} of ${shard.of} of the experiment: its scores are those of its own items, until the parts are merged.`;

/** All that has to be said beside a result's numbers, wherever they are shown. */
export const notesOn = (result: ExperimentResult): string[] =>
  [
    ...[originNote(result), digestNote(result), shardNote(result)],
    ...gapSentences(result),
    baselineNote(result),
  ].filter((note) => note !== undefined);

const sameConfig = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);
