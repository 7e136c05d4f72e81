import { LabError } from '../errors.ts';
import { countParameters } from '../model/footprint.ts';
import { isModelText } from '../model/model_files.ts';
import type { ModelFiles } from '../model/open_model.ts';
import { hashFile, type ByteProgress } from './files.ts';
import type { OpenedFiles } from './host.ts';
import { readingOf } from './read_model.ts';
import type { ModelIdentity } from '../study/result.ts';
import type { ModelRef } from '../study/spec.ts';

/** The identity of a run's model: its name, architecture, and the size and hash of each file it is read from. */
export async function identify(
  ref: ModelRef,
  opened: OpenedFiles,
  model: ModelFiles,
  onProgress: ByteProgress,
  signal: AbortSignal,
): Promise<ModelIdentity> {
  const read = new Set([...model.checkpoint.tensors.values()].map(({ shard }) => shard.name));
  const { linear, other } = countParameters(model.config);
  // They are read where there is no tokenizer.json.
  const isVocab = (name: string) =>
    /^(vocab\.json|merges\.txt)$/.test(name) && !opened.files.names.includes('tokenizer.json');
  const identity: ModelIdentity = {
    name: ref.source === 'hub' ? ref.repo : ref.name,
    architecture: model.config.architecture,
    parameters: linear + other,
    // A repository may hold the same weights once more in another layout, which nothing has read.
    ...(await identifyFiles(
      opened,
      (name) => isModelText(name) || read.has(name) || isVocab(name),
      onProgress,
      signal,
    )),
    reading: readingOf(model),
  };
  return identity;
}

/** Sizes and hashes of the files that matter; those of a Hub repository are named by its commit. */
export async function identifyFiles(
  { files, revision }: OpenedFiles,
  matters: (name: string) => boolean,
  onProgress: ByteProgress,
  signal: AbortSignal,
): Promise<Pick<ModelIdentity, 'revision' | 'files'>> {
  const found: ModelIdentity['files'] = {};
  for (const name of files.names.filter(matters)) {
    const source = await files.open(name);
    const sha256 = revision ? undefined : await hashFile(source, onProgress, signal);
    found[name] = { bytes: source.byteLength, sha256 };
  }
  return { revision, files: found };
}

/** @throws other-model when a resumed run is given other files than it was begun with: its items would not compare. */
export function requireSame(before: ModelIdentity, now: ModelIdentity): void {
  const changed = Object.keys(before.files).find(
    (name) => before.files[name]!.sha256 !== now.files[name]?.sha256,
  );
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
