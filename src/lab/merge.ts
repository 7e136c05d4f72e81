import { LabError, toFailure } from '../errors.ts';
import type { OutlierColumns } from '../model/outliers.ts';
import { configName } from '../quant/config.ts';
import { isSameAdapter } from '../study/adapters.ts';
import { assembleResult } from '../study/assemble.ts';
import { countAnswers, gapsOf } from '../study/complete.ts';
import type { ForeignRun } from '../study/parse_result.ts';
import type { ExperimentResult, PartOrigin, Timings } from '../study/result.ts';
import type { RunRecord, StoredItem } from '../study/record.ts';
import { shardName, type Shard } from '../study/shard.ts';
import { canonicalJson, type ExperimentSpec } from '../study/spec.ts';
import { requireSame, requireSameItems } from './identity.ts';

/** A part's result, and the name by which it is told of: a file's, as a rule. */
export interface Part {
  name: string;
  run: ForeignRun;
}

export interface MergeOptions {
  /** Merge what there is: unfinished parts too, and without those that are missing. */
  partial?: boolean;
  /** Take parts of different adapters, provided that they were cut for it. */
  mixed?: boolean;
}

/** Parts joined into one run. */
export interface Merged {
  record: RunRecord;
  items: StoredItem[];
  result: ExperimentResult;
  /** How the run was cut. */
  cut: Pick<Shard, 'of' | 'mixed'>;
  /** The shards that no part answers whole, in order. */
  missing: number[];
}

/** A part that says of which shard it is, and what it was measured under. */
interface KnownPart extends Part {
  shard: Shard;
  environment: NonNullable<RunRecord['environment']>;
}

/**
 * Joins the parts of a spec into the result that one machine would have given, with its digest. Every part must be of
 * this spec, of the same cut, version, model and items, with the digest of its answers, and each answer be there once.
 * @throws bad-spec or bad-data naming the part that does not fit. Missing parts are no error: the result says that it
 * is incomplete, and `missing` which.
 */
export function mergeParts(
  spec: ExperimentSpec,
  given: readonly Part[],
  { partial = false, mixed = false }: MergeOptions = {},
): Merged {
  const parts = given.map((part) => known(spec, part, partial)).sort((a, b) => a.shard.index - b.shard.index);
  const [first] = parts;
  if (!first) throw new LabError('bad-data', 'There are no parts to merge; allowed: one at least.');
  for (const part of parts.slice(1)) requireFit(first, part, mixed);
  const items = unite(spec, parts);
  const id = first.run.record.id;
  const failures: NonNullable<RunRecord['failures']> = {};
  for (const { run } of parts) Object.assign(failures, run.record.failures);
  const { planned } = first.run.record;
  const record: RunRecord = {
    ...{ id, spec, state: 'done' as const, created: earliest(parts) },
    environment: { ...first.environment, started: earliest(parts), parts: parts.map(originOf) },
    ...(planned && { planned }),
    configs: unitedConfigs(spec, parts),
    failures,
    ...(parts.some(({ run }) => run.result.foreign) && { foreign: true }),
  };
  if (gapsOf(record, countAnswers(record, items)).length > 0) record.state = 'incomplete';
  const whole = new Set(
    parts.filter(({ run }) => run.record.state === 'done').map(({ shard }) => shard.index),
  );
  const missing = Array.from({ length: first.shard.of }, (_, i) => i).filter((i) => !whole.has(i));
  return { record, items, result: assembleResult(record, items)!, cut: first.shard, missing };
}

function known(spec: ExperimentSpec, part: Part, partial: boolean): KnownPart {
  const { name, run } = part;
  const { record, result } = run;
  const { shard, environment } = record;
  if (canonicalJson(record.spec) !== canonicalJson(spec)) {
    throw new LabError('bad-spec', `${name} is a result of another spec; allowed: parts of the one given.`);
  }
  if (!shard || !environment) {
    throw new LabError(
      'bad-data',
      `${name} is a whole run's result and no part of one; allowed: results of run --shard.`,
    );
  }
  if (result.digest_fits === false) {
    throw new LabError(
      'bad-data',
      `${name} is damaged: its answers do not fit its digest. Run shard ${shardName(shard)} again.`,
    );
  }
  if (record.state !== 'done' && !partial) {
    throw new LabError(
      'bad-data',
      `${name} is unfinished (${record.state}); allowed: parts that are done. Go on with shard ${shardName(shard)} by --resume, or merge what there is by --partial.`,
    );
  }
  return { name, run, shard, environment };
}

/** @throws bad-data or other-model naming the second part and what sets it apart from the first. */
function requireFit(first: KnownPart, part: KnownPart, mixed: boolean): void {
  const { name, shard, environment } = part;
  const differs = (what: string, found: string, allowed: string): LabError =>
    new LabError('bad-data', `${name} ${what} ${found}; ${first.name} ${what} ${allowed}.`);
  if (shard.of !== first.shard.of || shard.mixed !== first.shard.mixed) {
    throw differs('is of a cut into', cutText(shard), cutText(first.shard));
  }
  const [commit, other] = [environment.app, first.environment.app];
  if (commit.version !== other.version || commit.commit !== other.commit) {
    throw differs('was computed by', appText(commit), appText(other));
  }
  try {
    requireSame(first.environment.model, environment.model);
    requireSameItems(first.environment.items_sha256, environment.items_sha256 ?? '');
  } catch (error) {
    const { code } = toFailure(error);
    if (code !== 'other-model') throw error;
    throw new LabError(code, `${name} was given another model or other task files than ${first.name}.`, {
      cause: error,
    });
  }
  requireAdapters(first, part, mixed);
}

/**
 * A configuration and its baseline on two adapters would have their difference counted as the quantization's.
 * @throws bad-data where that can happen, or nobody said that it may.
 */
function requireAdapters(first: KnownPart, part: KnownPart, mixed: boolean): void {
  const names = (of: KnownPart) => adaptersOf(of).map(({ description, vendor }) => description || vendor);
  const all = [...adaptersOf(first), ...adaptersOf(part)];
  if (all.every((adapter) => isSameAdapter(adapter, all[0]!))) return;
  const found = `${part.name} was computed on ${names(part).join(', ')}, ${first.name} on ${names(first).join(', ')}`;
  if (!first.shard.mixed) {
    throw new LabError(
      'bad-data',
      `${found}, and these shards keep no item's configurations together; allowed: one adapter, or shards cut by --mixed.`,
    );
  }
  if (!mixed) {
    throw new LabError('bad-data', `${found}; allowed: one adapter, or several with --mixed.`);
  }
}

const adaptersOf = ({ environment: { adapter, adapters = [] } }: KnownPart) => [
  adapter,
  ...adapters.map((segment) => segment.adapter),
];

/** @throws bad-data where two parts answer the same. */
function unite(spec: ExperimentSpec, parts: readonly KnownPart[]): StoredItem[] {
  const owners = new Map<string, string>();
  const id = parts[0]!.run.record.id;
  return parts.flatMap(({ name, shard, run }) =>
    run.items.map((row) => {
      const { config, task, doc_id } = row;
      const key = `${config} ${task} ${doc_id}`;
      const owner = owners.get(key);
      if (owner !== undefined) {
        throw new LabError(
          'bad-data',
          `${name} and ${owner} both answer item ${doc_id} of ${task} by ${configName(spec.configs[config]!)}; allowed: each shard once, here ${shardName(shard)}.`,
        );
      }
      owners.set(key, name);
      return { ...row, run_id: id };
    }),
  );
}

/** Footprints and layers' errors are the same everywhere; times and tokens add up, as do the outlier columns that were met. */
function unitedConfigs(spec: ExperimentSpec, parts: readonly KnownPart[]): RunRecord['configs'] {
  const configs: RunRecord['configs'] = {};
  for (const index of spec.configs.keys()) {
    const kept = parts.flatMap(({ run }) => run.record.configs[index] ?? []);
    const [first] = kept;
    if (!first) continue;
    const outliers = kept.flatMap((one) => one.outliers ?? []);
    configs[index] = {
      footprint: first.footprint,
      timings: summed(kept.map(({ timings }) => timings)),
      ...(first.errors && { errors: first.errors }),
      ...(outliers.length > 0 && { outliers: unitedOutliers(outliers) }),
    };
  }
  return configs;
}

/** Seconds and tokens of all parts together; the rate is one machine's. */
function summed(timings: readonly Timings[]): Timings {
  const sum = (value: (one: Timings) => number) => timings.reduce((all, one) => all + value(one), 0);
  const answer_seconds = sum((one) => one.answer_seconds);
  const tokens = sum((one) => one.tokens);
  const counted = timings.every(({ items }) => items !== undefined);
  return {
    ...{ load_seconds: sum((one) => one.load_seconds), answer_seconds, tokens },
    ...(counted && { items: sum(({ items }) => items!) }),
    tokens_per_second: answer_seconds > 0 ? tokens / answer_seconds : 0,
  };
}

function unitedOutliers(all: readonly OutlierColumns[]): OutlierColumns[] {
  const united = new Map<string, OutlierColumns>();
  for (const { layer, input, columns } of all) {
    const key = `${layer} ${input}`;
    const before = united.get(key)?.columns ?? [];
    united.set(key, { layer, input, columns: [...new Set([...before, ...columns])].sort((a, b) => a - b) });
  }
  return [...united.values()].sort((a, b) => a.layer - b.layer);
}

const originOf = ({ shard, environment, run }: KnownPart): PartOrigin => {
  const { app, runtime, adapter, kernel_check, kernels, adapters, started } = environment;
  return {
    ...{ index: shard.index, of: shard.of, answers: run.items.length },
    ...{ app, runtime, adapter, kernel_check, started },
    ...(kernels && { kernels }),
    ...(adapters && { adapters }),
  };
};

const earliest = (parts: readonly KnownPart[]): string =>
  parts.map(({ environment }) => environment.started).sort()[0]!;

const cutText = ({ of, mixed }: Shard): string => `${of} shards${mixed ? ' for several adapters' : ''}`;

const appText = ({ version, commit }: { version: string; commit: string }): string =>
  `version ${version}, commit ${commit}`;
