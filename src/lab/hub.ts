declare const __HUB__: string;
import { LabError } from '../errors.ts';
import { belongsToModel } from '../model/model_files.ts';
import type { Patience } from '../tensor/http.ts';
import { urlBytes, urlSource, type FileSet, type StreamSource } from '../tensor/source.ts';
import { atMost, download } from './copy/download.ts';
import { checkable, type HubFile, type Repository } from './copy/hub_file.ts';
import { memoryShelf } from './copy/memory_shelf.ts';
import type { Filling, RepositoryRef, Shelf } from './copy/shelf.ts';
import type { ByteProgress } from './files.ts';
import { parseJson } from '../tensor/parse_json.ts';

/**
 * Where models and data sets are asked for: the Hub, or the mirror that HF_ENDPOINT named when the page was built or the
 * command line started. Links carry names, never addresses.
 */
export const HUGGING_FACE: string = typeof __HUB__ === 'string' ? __HUB__ : 'https://huggingface.co';

/** Files of a model come over so few connections at a time; browsers open six to a host, and a run needs some. */
const CONNECTIONS = 4;

/** The Hub as one user sees it. */
export interface Hub {
  /** Its address, or a mirror's. */
  endpoint: string;
  /** The user's own token; it goes to the endpoint alone, for models alone. */
  token?: string | undefined;
  /** Only what is kept may be used. */
  offline?: boolean | undefined;
  /** Where copies of files are kept. */
  shelf: Shelf;
  /** Told, in a sentence, what a user would want to know. */
  say?: ((note: string) => void) | undefined;
  fetch?: typeof fetch | undefined;
  patience?: Patience | undefined;
}

/** The Hub without a token, keeping nothing. */
export const plainHub = (): Hub => ({ endpoint: HUGGING_FACE, shelf: memoryShelf() });

/** A Hub repository at one commit. */
export interface HubFiles {
  /** Each file as a whole copy that was checked against the Hub's size and hash, fetched when it is opened. */
  files: FileSet;
  /** The commit the revision stood for when it was asked. */
  commit: string;
  /** Where a file lies, for as long as the Hub keeps the commit: its bytes never change. */
  address(name: string): string;
  /** A file read from the Hub in parts, unchecked: of a data set whose size a mirror does not give. */
  remote(name: string): Promise<StreamSource>;
  /** The size of a file. */
  bytesOf: (name: string) => number | undefined;
  /** The SHA-256 the Hub knows a large file by; small ones it knows by another hash. */
  sha256(name: string): string | undefined;
}

/**
 * The files of a Hub repository, of a model or a data set, a branch or tag resolved to its commit first, so that a
 * record says what was measured. Where the Hub cannot be reached, what is kept of the revision is taken.
 * @throws network when it cannot be reached; missing-file when there is no such repository or revision; needs-login
 * when it is gated or private; bad-spec for a name that is none.
 */
export async function openHub(
  hub: Hub,
  ref: RepositoryRef,
  onProgress: ByteProgress = () => undefined,
  signal?: AbortSignal,
): Promise<HubFiles> {
  const repository = await resolve(hub, ref, signal);
  const { kind, repo, commit } = repository;
  // Folders below a model hold others: exports, checkpoints of its training.
  const own = repository.files.filter(({ name }) =>
    ref.file !== undefined && isWeights(name)
      ? name === ref.file
      : kind === 'datasets' || belongsToModel(name),
  );
  const byName = new Map(own.map((file) => [file.name, file]));
  const inTurn = atMost(CONNECTIONS);
  // Without one file the others are of no use now.
  const stop = new AbortController();
  const until = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const here = new Map<string, [number, number]>();
  const report = (name: string, done: number, total: number) => {
    here.set(name, [done, total]);
    const [allDone, all] = [...here.values()].reduce(([a, b], [done, of]) => [a + done, b + of], [0, 0]);
    onProgress(allDone, all, name);
  };
  const address = (name: string) =>
    `${hub.endpoint}/${kind === 'models' ? '' : 'datasets/'}${repo}/resolve/${commit}/${name.split('/').map(encodeURIComponent).join('/')}`;
  /** Where the weights go, once they are asked for. */
  let shelf: Promise<Shelf> | undefined;
  const remote = (name: string, until = signal) =>
    urlSource(address(name), asking(hub, kind, until)).catch((error: unknown) => {
      throw atDoor(hub, ref, error);
    });

  return {
    commit,
    address,
    remote: (name) => remote(name),
    bytesOf: (name) => byName.get(name)?.bytes,
    sha256: (name) => byName.get(name)?.sha256,
    files: {
      names: [...byName.keys()],
      async open(name) {
        const file = checkable(requireFile(byName, ref, name));
        if (!file) {
          throw new LabError(
            'network',
            `The Hub's description of ${repo} gives no size or no hash of ${name}; what arrived could not be checked.`,
          );
        }
        // A GGUF file is the whole model, and others of it may lie beside.
        const read = name.endsWith('.gguf') ? [file] : own;
        shelf ??= isWeights(name) ? roomy(hub, { ...repository, files: read }) : undefined;
        const fill = (filling: Filling) =>
          download(file, filling, {
            open: (until) => remote(name, until),
            inTurn,
            onBytes: (done) => report(name, done, file.bytes),
            signal: until,
          });
        try {
          return await (await (shelf ?? hub.shelf)).copyOf(repository, file, fill, until);
        } catch (error) {
          stop.abort();
          throw atDoor(hub, ref, error);
        }
      },
    },
  };
}

const isWeights = (name: string): boolean => /\.(safetensors|gguf)$/.test(name);

/** The shelf, if the weights fit on it; the user hears of it before the download begins, not at its end. */
async function roomy({ shelf, say }: Hub, repository: Repository): Promise<Shelf> {
  const { repo, files } = repository;
  if (shelf.forgetful) say?.(shelf.forgetful);
  const all = files.filter(({ name }) => isWeights(name));
  const read = all.filter(({ name }) => name === 'model.safetensors');
  const wanted = (read.length > 0 ? read : all).flatMap((file) => checkable(file) ?? []);
  const lack = await shelf.lackOfSpace(repository, wanted);
  if (lack === undefined) return shelf;
  say?.(`${repo} is downloaded for this visit alone. ${lack}`);
  return memoryShelf();
}

function requireFile(files: ReadonlyMap<string, HubFile>, { repo }: RepositoryRef, name: string): HubFile {
  const file = files.get(name);
  if (file) return file;
  throw new LabError('missing-file', `${name} is not among the ${files.size} files of ${repo} on the Hub.`);
}

const COMMIT = /^[0-9a-f]{40}$/;

async function resolve(hub: Hub, ref: RepositoryRef, signal?: AbortSignal): Promise<Repository> {
  requireNames(ref);
  const kept = await hub.shelf.recall(ref);
  // A commit never changes.
  if (kept && COMMIT.test(ref.revision) && !kept.partial) return kept;
  // Five tries would take seconds to find out the same.
  if (kept && globalThis.navigator?.onLine === false) return unasked(hub, ref, kept);
  try {
    if (hub.offline)
      throw new LabError('network', `HF_HUB_OFFLINE is set, and ${ref.repo} is not in the cache.`);
    const repository = await describe(hub, ref, signal);
    await hub.shelf.remember(ref, repository);
    return repository;
  } catch (error) {
    if (!kept || !(error instanceof LabError && error.code === 'network')) throw error;
    return unasked(hub, ref, kept);
  }
}

/** What is kept, with a word that a branch may have moved since. */
function unasked({ say }: Hub, { repo, revision }: RepositoryRef, kept: Repository): Repository {
  say?.(
    `The Hub could not be asked for ${repo}; its ${revision} is taken as it was last seen here, at ${kept.commit.slice(0, 7)}.`,
  );
  return kept;
}

/** A part of a name: no "." or "..", which addresses would take as steps. */
const NAME = /^(?!\.)(?!.*\.\.)[\w.-]{1,128}$/;

function requireNames({ repo, revision }: RepositoryRef): void {
  const parts = repo.split('/');
  if (parts.length !== 2 || !parts.every((part) => NAME.test(part))) {
    throw new LabError('bad-spec', `The repository is ${JSON.stringify(repo)}; allowed: owner/name.`);
  }
  if (!NAME.test(revision)) {
    throw new LabError(
      'bad-spec',
      `The revision of ${repo} is ${JSON.stringify(revision)}; allowed: a branch, tag or commit.`,
    );
  }
}

/** What every request to the Hub is made with. */
function asking(
  { token, fetch, patience }: Hub,
  kind: RepositoryRef['kind'],
  signal: AbortSignal | undefined,
) {
  // fetch takes the header off when it is sent on to another host.
  const headers = token && kind === 'models' ? { Authorization: `Bearer ${requireToken(token)}` } : {};
  return { fetch, patience, signal, headers };
}

/** A header would refuse another token with a message that shows it. */
function requireToken(token: string): string {
  if (/^[\x21-\x7e]{1,500}$/.test(token)) return token;
  throw new LabError('needs-login', 'The token for the Hub has blanks or letters that no token has.');
}

/** A refusal at the Hub's door in words that help; other errors as they are. */
function atDoor({ token }: Hub, { repo, kind }: RepositoryRef, error: unknown): unknown {
  if (!(error instanceof LabError)) return error;
  const status = /HTTP (\d+)/.exec(error.message)?.[1];
  if (error.code !== 'needs-login' || status === undefined) return error;
  const why =
    token && kind === 'models'
      ? 'the token given does not open it'
      : 'it is gated or private, or its name is misspelt';
  return new LabError('needs-login', `The Hub asks for a login for ${repo} (HTTP ${status}): ${why}.`);
}

async function describe(hub: Hub, ref: RepositoryRef, signal?: AbortSignal): Promise<Repository> {
  const { kind, repo, revision } = ref;
  const url = `${hub.endpoint}/api/${kind}/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const name = `The Hub's description of ${repo}`;
  let bytes: Uint8Array;
  try {
    bytes = await urlBytes(url, { ...asking(hub, kind, signal), name });
  } catch (error) {
    if (!(error instanceof LabError && error.code === 'missing-file')) throw atDoor(hub, ref, error);
    throw new LabError(
      'missing-file',
      `The Hub has no public repository ${repo} at ${revision}, or it asks for a login (HTTP 404).`,
    );
  }
  const { sha, siblings } = parseDescription(name, bytes);
  if (COMMIT.test(revision) && sha !== revision) {
    throw new LabError('network', `${name} is of the commit ${sha}; asked for: ${revision}.`);
  }
  return { kind, repo, commit: sha, files: siblings.filter(({ name }) => isPath(name)) };
}

/** What is no path below the repository reaches neither an address nor a disk. */
const isPath = (name: string): boolean => name.split('/').every((part) => !['', '.', '..'].includes(part));

function parseDescription(name: string, bytes: Uint8Array): { sha: string; siblings: HubFile[] } {
  const text = new TextDecoder().decode(bytes);
  const strange = (found: string) => new LabError('network', `${name} ${found}.`);
  let info: unknown;
  try {
    info = parseJson(text);
  } catch {
    throw strange(`is not JSON: it ends with ${JSON.stringify(text.slice(-20))}`);
  }
  const { sha, siblings } = fieldsOf(info);
  if (typeof sha !== 'string' || !COMMIT.test(sha) || !Array.isArray(siblings)) {
    throw strange('names no commit or no files');
  }
  return {
    sha,
    siblings: siblings.map((entry: unknown) => {
      const { rfilename, size, lfs, blobId } = fieldsOf(entry);
      if (typeof rfilename !== 'string') throw strange(`lists ${JSON.stringify(entry)} as a file`);
      const sha256 = hex(fieldsOf(lfs).sha256, 64);
      return {
        name: rfilename,
        bytes: Number.isSafeInteger(size) && Number(size) >= 0 ? Number(size) : undefined,
        sha256,
        // Of a large file it is the id of the pointer that git keeps in its place.
        git_sha1: typeof lfs === 'object' && lfs !== null ? undefined : hex(blobId, 40),
      };
    }),
  };
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const hex = (value: unknown, digits: number): string | undefined =>
  typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value) ? value : undefined;
