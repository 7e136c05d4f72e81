import { LabError } from '../../errors.ts';
import { checkable } from './hub_file.ts';
import { keptFolder, keptIndex, lockOf, type KeptFile } from './kept_index.ts';
import type { RepositoryKind } from './hub_file.ts';
import { ownedRuns } from '../ownership.ts';

/** What this browser keeps of a repository at a commit. */
export interface Kept {
  kind: RepositoryKind;
  repo: string;
  commit: string;
  /** When it was last asked for, as ISO 8601. */
  used: string;
  files: number;
  /** On disk; less than `whole_bytes` where a download was broken off. */
  bytes: number;
  whole_bytes: number;
}

/** Lists what is kept of the Hub, the largest first; nothing where the browser keeps nothing for pages. */
export async function listKept(): Promise<Kept[]> {
  const { files, repositories } = await (await keptIndex()).all();
  const byKey = new Map(files.map((file) => [file.key, file]));
  const byCommit = new Map(repositories.map((each) => [`${each.kind} ${each.repo} ${each.commit}`, each]));
  const kept = [...byCommit.values()].map(({ kind, repo, commit, used, files: all }) => {
    const here = keysOf(all).flatMap((key) => byKey.get(key) ?? []);
    const whole_bytes = here.reduce((sum, { bytes }) => sum + bytes, 0);
    const bytes = here.reduce((sum, file) => sum + bytesHere(file), 0);
    return { kind, repo, commit, used, files: here.length, bytes, whole_bytes };
  });
  return kept.filter(({ files }) => files > 0).sort((a, b) => b.bytes - a.bytes);
}

/**
 * Deletes the copies of a repository at a commit that no other one shares.
 * @throws storage while a run goes on in any tab, or another tab downloads a file of it.
 */
export async function deleteKept({
  kind,
  repo,
  commit,
}: Pick<Kept, 'kind' | 'repo' | 'commit'>): Promise<void> {
  if ((await ownedRuns()).size > 0) {
    throw new LabError(
      'storage',
      'A run goes on, and it may read these files; delete them when it has ended.',
    );
  }
  const [folder, index] = await Promise.all([keptFolder(), keptIndex()]);
  const { files, repositories } = await index.all();
  const isIt = (each: Pick<Kept, 'kind' | 'repo' | 'commit'>) =>
    each.kind === kind && each.repo === repo && each.commit === commit;
  const mine = repositories.filter(isIt);
  const shared = new Set(repositories.filter((each) => !isIt(each)).flatMap(({ files }) => keysOf(files)));
  const there = new Set(files.map(({ key }) => key));
  const own = [...new Set(mine.flatMap(({ files }) => keysOf(files)))].filter(
    (key) => there.has(key) && !shared.has(key),
  );
  for (const key of own) {
    await navigator.locks.request(lockOf({ key }), { ifAvailable: true }, async (lock) => {
      if (!lock) throw new LabError('storage', `Another tab is downloading a file of ${repo}.`);
      // The index first: a file that nothing speaks of is overwritten, one that is missing would be an error.
      await index.forget([key], []);
      await folder.removeEntry(key).catch(() => undefined);
    });
  }
  await index.forget([], mine);
}

const keysOf = (files: readonly Parameters<typeof checkable>[0][]): string[] =>
  files.flatMap((file) => checkable(file)?.key ?? []);

const bytesHere = ({ done }: KeptFile): number => done.reduce((sum, bytes) => sum + bytes, 0);
