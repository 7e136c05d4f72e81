import { LabError } from '../errors.ts';
import { belongsToModel } from '../model/model_files.ts';
import { urlSource, type FileSet } from '../tensor/source.ts';

/** The only host models and data sets are asked from; links carry names, never addresses. */
const HUB = 'https://huggingface.co';

/** A Hub repository at one commit. */
export interface HubFiles {
  files: FileSet;
  /** The commit the revision stood for when it was asked. */
  commit: string;
  /** Where a file lies, for as long as the Hub keeps the commit: its bytes never change. */
  address(name: string): string;
  /** The size of a file. */
  bytesOf: (name: string) => number | undefined;
  /** The SHA-256 the Hub knows a large file by; small ones it knows by another hash. */
  sha256(name: string): string | undefined;
}

/**
 * The files of a Hub repository, of a model or a data set, a branch or tag resolved to its commit first, so that a record says what was measured.
 * @throws network when it cannot be reached; missing-file when there is no such repository or revision, or it is gated.
 */
export async function openHub(
  repo: string,
  revision: string,
  signal?: AbortSignal,
  kind: 'models' | 'datasets' = 'models',
): Promise<HubFiles> {
  const { sha, siblings } = await describe(kind, repo, revision, signal);
  const all = siblings.map(({ rfilename }) => rfilename);
  // Folders below a model hold others: exports, checkpoints of its training.
  const names = kind === 'models' ? all.filter(belongsToModel) : all;
  const sizes = new Map(siblings.map(({ rfilename, size }) => [rfilename, size]));
  const hashes = new Map(siblings.map(({ rfilename, lfs }) => [rfilename, lfs?.sha256]));
  const address = (name: string) =>
    `${HUB}/${kind === 'models' ? '' : 'datasets/'}${repo}/resolve/${sha}/${name.split('/').map(encodeURIComponent).join('/')}`;
  return {
    commit: sha,
    address,
    bytesOf: (name) => sizes.get(name),
    sha256: (name) => hashes.get(name),
    files: { names, open: (name) => urlSource(address(name), signal ? { signal } : {}) },
  };
}

interface RepositoryInfo {
  sha: string;
  siblings: { rfilename: string; size?: number; lfs?: { sha256?: string } }[];
}

async function describe(
  kind: 'models' | 'datasets',
  repo: string,
  revision: string,
  signal?: AbortSignal,
): Promise<RepositoryInfo> {
  const url = `${HUB}/api/${kind}/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`;
  let response: Response;
  try {
    response = await fetch(url, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw new LabError('network', `The Hub could not be reached for ${repo}.`, { cause: error });
  }
  if (response.status === 401 || response.status === 403 || response.status === 404) {
    throw new LabError(
      'missing-file',
      `The Hub has no public repository ${repo} at ${revision}, or it asks for a login (HTTP ${response.status}).`,
    );
  }
  if (!response.ok) throw new LabError('network', `The Hub answered HTTP ${response.status} for ${repo}.`);
  const info = (await response.json()) as Partial<RepositoryInfo>;
  if (!/^[0-9a-f]{40}$/.test(info.sha ?? '') || !Array.isArray(info.siblings)) {
    throw new LabError('network', `The Hub's description of ${repo} names no commit or no files.`);
  }
  return info as RepositoryInfo;
}
