import { LabError } from '../errors.ts';
import { countParameters } from '../model/footprint.ts';
import type { ModelFiles } from '../model/open_model.ts';
import { hashFile, type ByteProgress } from './files.ts';
import type { OpenedFiles } from './host.ts';
import type { ModelIdentity } from '../study/result.ts';
import type { ModelRef } from '../study/spec.ts';

/** The identity of a run's model: its name, architecture, and the size and hash of each file it is read from. */
export async function identify(
  ref: ModelRef,
  opened: OpenedFiles,
  { config }: ModelFiles,
  onProgress: ByteProgress,
  signal: AbortSignal,
): Promise<ModelIdentity> {
  const { linear, other } = countParameters(config);
  const identity: ModelIdentity = {
    name: ref.source === 'hub' ? ref.repo : ref.name,
    architecture: config.architecture,
    parameters: linear + other,
    ...(await identifyFiles(opened, modelFiles(opened.files.names), onProgress, signal)),
  };
  return identity;
}

const MODEL_FILES =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json$|\.safetensors$/;
/** Read where there is no tokenizer.json. */
const VOCAB_FILES = /^(vocab\.json|merges\.txt)$/;
const modelFiles = (names: readonly string[]): RegExp =>
  names.includes('tokenizer.json') ? MODEL_FILES : new RegExp(`${MODEL_FILES.source}|${VOCAB_FILES.source}`);
export const ADAPTER_FILES = /^adapter_(config\.json|model\.safetensors)$/;

/** Sizes and hashes of the files that matter; those of a Hub repository are named by its commit. */
export async function identifyFiles(
  { files, revision }: OpenedFiles,
  matter: RegExp,
  onProgress: ByteProgress,
  signal: AbortSignal,
): Promise<Pick<ModelIdentity, 'revision' | 'files'>> {
  const found: ModelIdentity['files'] = {};
  for (const name of files.names.filter((candidate) => matter.test(candidate))) {
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
