import { LabError } from '../errors.ts';
import type { DataFiles, Task } from '../eval/tasks/task.ts';
import { TASKS } from '../eval/tasks/tasks.ts';
import type { ByteSource } from '../tensor/source.ts';
import { hashFile } from './files.ts';
import { openHub, plainHub, type Hub, type HubFiles } from './hub.ts';
import type { DataOrigin } from '../study/result.ts';
import { cachedSource } from './slice_cache.ts';

/** A place of this machine where task files may lie, under the name a record gives it. */
export interface DataPlace extends DataFiles {
  source: 'folder' | 'bundled';
}

/** All places task files are looked for in, as one. Each file is read once, however many tasks ask for it. */
export interface Datasets extends DataFiles {
  /** Where the files at `paths`, which were opened before, came from, and what exactly they were. */
  originsOf(paths: readonly string[]): Promise<DataOrigin[]>;
}

interface Found {
  source: ByteSource;
  origin: DataOrigin;
}

const ALL: readonly Task[] = Object.values(TASKS);

/** The repositories that are asked on the Hub; a path that names another one is only looked for here. */
const REPOSITORIES: ReadonlySet<string> = new Set(ALL.flatMap(({ hub }) => hub?.repo ?? []));

/** The files that come with the app, so that no others are asked of its server. */
const BUNDLED: ReadonlySet<string> = new Set(
  ALL.filter(({ bundled }) => bundled).flatMap(({ files }) => Object.values(files).flat(2)),
);

/**
 * Task files from `places` in their order, then from the Hub, where a data set's branch is resolved to its commit when it
 * is first asked; `before` holds the commits of a run that goes on. What the Hub has is copied and checked whole, as
 * weights are; where a mirror gives no size, it is read in parts, by Range.
 * A missing file is undefined; 'network' where the Hub cannot be reached, which says that no place has the file.
 */
export function openDatasets(
  places: readonly DataPlace[],
  before: readonly DataOrigin[],
  signal?: AbortSignal,
  hub: Hub = plainHub(),
): Datasets {
  const where = `${places.map((place) => place.where).join(', ')} or the Hub`;
  const found = new Map<string, Promise<Found | undefined>>();
  const repositories = new Map<string, Promise<HubFiles>>();

  async function find(path: string): Promise<Found | undefined> {
    for (const place of places) {
      if (place.source === 'bundled' && !BUNDLED.has(path)) continue;
      const source = await place.open(path);
      if (source) return { source: remembered(source), origin: { file: path, source: place.source } };
    }
    return findOnHub(path);
  }

  async function findOnHub(path: string): Promise<Found | undefined> {
    const [owner, name, ...rest] = path.split('/');
    const repo = `${owner}/${name}`;
    if (!REPOSITORIES.has(repo) || rest.length === 0) return undefined;
    const opened = await openOnce(repo, path);
    const wanted = rest.join('/');
    // Older conversions to parquet put a part of the content's hash into a file's name.
    const file = opened.files.names.find(
      (each) => each.replace(/-[0-9a-f]{16}(?=\.parquet$)/, '') === wanted,
    );
    if (file === undefined) return undefined;
    // However large it is: the Hub has a hash of the whole, and of no part. A mirror may say neither size nor hash.
    const source =
      opened.bytesOf(file) === undefined
        ? cachedSource(await opened.remote(file), opened.address(file))
        : await opened.files.open(file);
    const sha256 = source.sha256 ?? opened.sha256(file);
    const origin: DataOrigin = {
      file,
      source: 'hub',
      repo,
      revision: opened.commit,
      ...(sha256 ? { sha256 } : {}),
    };
    return { source: remembered(source), origin };
  }

  async function openOnce(repo: string, path: string): Promise<HubFiles> {
    const known = before.find((origin) => origin.repo === repo)?.revision;
    const opened =
      repositories.get(repo) ??
      openHub(hub, { kind: 'datasets', repo, revision: known ?? 'main' }, undefined, signal);
    repositories.set(repo, opened);
    try {
      return await opened;
    } catch (error) {
      if (!(error instanceof LabError) || error.code === 'cancelled') throw error;
      const here = places.map((place) => place.where).join(' or ');
      throw new LabError(error.code, `${path} is not in ${here}. ${error.message}`, { cause: error });
    }
  }

  function findOnce(path: string): Promise<Found | undefined> {
    const known = found.get(path) ?? find(path);
    found.set(path, known);
    return known;
  }

  return {
    where,
    open: async (path) => (await findOnce(path))?.source,
    async originsOf(paths) {
      const origins: DataOrigin[] = [];
      for (const path of new Set(paths)) {
        const { source, origin } = (await findOnce(path))!;
        const sha256 = origin.revision ? undefined : await hashFile(source, () => undefined, signal);
        origins.push(sha256 === undefined ? origin : { ...origin, sha256 });
      }
      return origins;
    },
  };
}

/** A source that keeps what it was asked for: two tasks of one data set, and its hash, read the same bytes. */
function remembered(source: ByteSource): ByteSource {
  const slices = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  const { name, byteLength } = source;
  return {
    name,
    byteLength,
    async slice(begin, end) {
      const key = `${begin}-${end}`;
      const bytes = slices.get(key) ?? source.slice(begin, end);
      slices.set(key, bytes);
      return (await bytes).slice();
    },
  };
}
