import { LabError } from '../errors.ts';
import { countParameters } from '../model/footprint.ts';
import { isModelText } from '../model/model_files.ts';
import type { ModelFiles } from '../model/open_model.ts';
import { hashFile, type ByteProgress, type RunningHash } from './files.ts';
import type { OpenedFiles } from './host.ts';
import { readingOf } from './read_model.ts';
import type { ModelIdentity } from '../study/result.ts';
import type { AdapterRef, ModelRef } from '../study/spec.ts';

/** How files are hashed: who hears of it, who stops it, and by what. */
export interface Hashing {
  onProgress: ByteProgress;
  signal: AbortSignal;
  hash?: (() => RunningHash) | undefined;
}

/** The identity of a run's model: its name, architecture, and the size and hash of each file it is read from. */
export async function identify(
  ref: ModelRef,
  opened: OpenedFiles,
  model: ModelFiles,
  hashing: Hashing,
): Promise<ModelIdentity> {
  const read = new Set([...model.checkpoint.tensors.values()].map(({ shard }) => shard.name));
  const { linear, other } = countParameters(model.config);
  // They are read where there is no tokenizer.json.
  const isVocab = (name: string) =>
    /^(vocab\.json|merges\.txt)$/.test(name) && !opened.files.names.includes('tokenizer.json');
  // Of a file that holds all of a model, the others are made here.
  const made = opened.files.checkpoint !== undefined;
  const identity: ModelIdentity = {
    name: ref.source === 'hub' ? ref.repo : ref.name,
    architecture: model.config.architecture,
    parameters: linear + other,
    // A repository may hold the same weights once more in another layout, which nothing has read.
    ...(await identifyFiles(
      opened,
      (name) => read.has(name) || (!made && (isModelText(name) || isVocab(name))),
      hashing,
    )),
    reading: await readingOf(model),
  };
  return identity;
}

/** Sizes and hashes of the files that matter; those of a Hub repository are named by its commit. */
export async function identifyFiles(
  { files, revision }: OpenedFiles,
  matters: (name: string) => boolean,
  { onProgress, signal, hash }: Hashing,
): Promise<Pick<ModelIdentity, 'revision' | 'files'>> {
  const found: ModelIdentity['files'] = {};
  for (const name of files.names.filter(matters)) {
    const source = await files.open(name);
    // What was downloaded was hashed as it came.
    const sha256 =
      source.sha256 ?? (revision ? undefined : await hashFile(source, onProgress, signal, hash?.()));
    found[name] = { bytes: source.byteLength, sha256 };
  }
  return { revision, files: found };
}

/** The commits of a model and its adapter. */
type Commits = Pick<ModelIdentity, 'revision'> & { adapter?: Pick<ModelIdentity, 'revision'> | undefined };

/**
 * A spec's model and adapter at the commits a run was begun with: a branch may have moved since. Those of a run that
 * is new are the spec's.
 */
export function pinned(
  model: ModelRef,
  before: Commits | undefined,
): { model: ModelRef; adapter: AdapterRef | undefined } {
  const at = <Ref extends ModelRef | AdapterRef>(ref: Ref, revision: string | undefined): Ref =>
    ref.source === 'hub' && revision !== undefined ? { ...ref, revision } : ref;
  const { adapter } = model;
  return {
    model: at(model, before?.revision),
    adapter: adapter && at(adapter, before?.adapter?.revision),
  };
}

/** @throws other-model when a resumed run is given other files than it was begun with: its items would not compare. */
export function requireSame(before: ModelIdentity, now: ModelIdentity): void {
  // Records of a Hub model once went without hashes: their commit says as much.
  const changed = Object.keys(before.files).find((name) => {
    const [then, today] = [before.files[name]!, now.files[name]];
    const known = then.sha256 !== undefined || before.revision === undefined;
    return known ? then.sha256 !== today?.sha256 : today !== undefined && then.bytes !== today.bytes;
  });
  if (changed === undefined && before.revision === now.revision) return;
  throw new LabError(
    'other-model',
    `The run was begun with another ${changed ?? `revision, ${before.revision}`}; its answers so far are of that one.`,
  );
}

/** @throws other-model when the task files of a resumed run were changed since: its items would not compare either. */
export function requireSameItems(before: string | undefined, now: string): void {
  if (before === undefined || before === now) return;
  throw new LabError(
    'other-model',
    'The run was begun with other task files: what they ask is not what its answers so far were given to.',
  );
}
