import { createHash } from 'node:crypto';
import {
  createReadStream,
  closeSync,
  ftruncateSync,
  fstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import {
  copyFile,
  mkdir,
  readFile,
  readdir,
  readlink,
  rename,
  stat,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { LabError } from '../errors.ts';
import type { CheckableFile, HubFile, Repository } from '../lab/copy/hub_file.ts';
import { inParts, PART_BYTES, type Filling, type RepositoryRef, type Shelf } from '../lab/copy/shelf.ts';
import type { ByteSource } from '../tensor/source.ts';
import { diskSource } from './disk.ts';
import { lockedFile } from './lock_file.ts';

/**
 * The cache of the Hub's own tools as a shelf: `models--owner--name` with `blobs` by their hash, `snapshots` of links
 * to them and `refs`, laid out as huggingface_hub does. What is in it is read, and hashed before it is used, since
 * other programs write there; what is missing is downloaded into it.
 */
export function cacheShelf(root: string): Shelf {
  const copies = new Map<string, Promise<ByteSource>>();
  const folderOf = ({ kind, repo }: Pick<RepositoryRef, 'kind' | 'repo'>) =>
    join(root, [kind, ...repo.split('/')].join('--'));

  async function make(
    repository: Repository,
    file: CheckableFile,
    fill: (filling: Filling) => Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<ByteSource> {
    const folder = folderOf(repository);
    const snapshot = join(folder, 'snapshots', repository.commit, ...file.name.split('/'));
    const blob = join(folder, 'blobs', file.sha256 ?? file.git_sha1!);
    if (await isFile(snapshot)) return checked(snapshot, file);
    try {
      await mkdir(dirname(blob), { recursive: true });
      await mkdir(dirname(snapshot), { recursive: true });
    } catch (error) {
      throw unwritable(root, error);
    }
    const lock = join(root, '.locks', basename(folder), `${basename(blob)}.nibble.lock`);
    await lockedFile(lock, signal, async () => {
      if (await isFile(blob)) return;
      const incomplete = `${blob}.nibble.incomplete`;
      await fillFile(incomplete, file, fill);
      await rename(incomplete, blob);
    });
    await link(blob, snapshot);
    return checked(snapshot, file);
  }

  return {
    async recall({ revision, ...ref }) {
      const folder = folderOf(ref);
      const named = await readFile(join(folder, 'refs', revision), 'utf8').catch(() => revision);
      const commit = named.trim();
      const described = await readFile(join(folder, 'nibble', `${commit}.json`), 'utf8').catch(() => '');
      if (described) return JSON.parse(described) as Repository;
      const files = await filesIn(join(folder, 'snapshots', commit));
      return files.length > 0 ? { ...ref, commit, files, partial: true } : undefined;
    },
    async remember(ref, repository) {
      const folder = folderOf(ref);
      const { commit } = repository;
      try {
        // The Hub's tools pass this folder over, and delete it with the rest.
        await writeWhole(join(folder, 'nibble', `${commit}.json`), JSON.stringify(repository));
        if (ref.revision !== commit) await writeWhole(join(folder, 'refs', ref.revision), commit);
      } catch {
        // A cache that can only be read is of use, too.
      }
    },
    copyOf(repository, file, fill, signal) {
      const key = `${folderOf(repository)} ${repository.commit} ${file.name}`;
      // One that is being made for somebody else may be given up with them.
      const before = copies.get(key)?.catch(() => undefined) ?? Promise.resolve(undefined);
      const copy = before.then((source) => source ?? make(repository, file, fill, signal));
      copies.set(key, copy);
      copy.catch(() => copies.delete(key));
      return copy;
    },
    async lackOfSpace(repository, files) {
      const folder = folderOf(repository);
      let missing = 0;
      for (const { sha256, git_sha1, bytes } of files) {
        const blob = join(folder, 'blobs', sha256 ?? git_sha1!);
        if (await isFile(blob)) continue;
        missing += bytes - ((await stat(`${blob}.nibble.incomplete`).catch(() => undefined))?.size ?? 0);
      }
      const disk = await nearest(folder, (path) => statfs(path));
      const left = disk ? disk.bavail * disk.bsize : Infinity;
      if (missing <= left) return undefined;
      throw new LabError(
        'storage',
        `The weights take ${inMB(missing)} more, and the disk of ${root} has ${inMB(left)} left; HF_HOME names another folder.`,
      );
    },
  };
}

const isFile = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isFile() === true;

const inMB = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

function unwritable(folder: string, cause: unknown): LabError {
  return new LabError(
    'storage',
    `${folder} cannot be written (${(cause as Error).message}); HF_HOME names another folder.`,
    { cause },
  );
}

/** A file of the cache, once its bytes are what the Hub says. */
async function checked(path: string, file: CheckableFile): Promise<ByteSource> {
  const source = await diskSource(path, file.name);
  const own = createHash('sha256');
  const git = createHash('sha1').update(`blob ${source.byteLength}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    own.update(chunk as Buffer);
    if (!file.sha256) git.update(chunk as Buffer);
  }
  const sha256 = own.digest('hex');
  const right = file.sha256 ? sha256 === file.sha256 : git.digest('hex') === file.git_sha1;
  if (right) return { ...source, sha256 };
  throw new LabError(
    'wrong-bytes',
    `${path} is not what the Hub has: it has ${source.byteLength} bytes and the SHA-256 ${sha256}; allowed: ${file.bytes} bytes with the hash ${file.sha256 ?? file.git_sha1}. Delete it and it is downloaded again.`,
  );
}

/** Writes a file whose end is also how far it has come. */
async function fillFile(
  path: string,
  { name, bytes: size }: CheckableFile,
  fill: (filling: Filling) => Promise<unknown>,
): Promise<void> {
  // Appending would not do: a wrong copy is begun again from its start.
  const fd = openSync(path, (await isFile(path)) ? 'r+' : 'w+');
  const there = fstatSync(fd).size;
  if (there > size) ftruncateSync(fd, 0);
  try {
    await fill({
      lanes: 1,
      part_bytes: PART_BYTES,
      done: inParts(there > size ? 0 : there, size),
      write(at, chunk) {
        try {
          for (let done = 0; done < chunk.byteLength;)
            done += writeSync(fd, chunk, done, chunk.byteLength - done, at + done);
        } catch (error) {
          throw unwritable(path, error);
        }
      },
      read(at, length) {
        const bytes = new Uint8Array(length);
        const read = readSync(fd, bytes, 0, length, at);
        if (read === length) return bytes;
        throw new LabError('storage', `The unfinished copy of ${name} ends early; delete ${path}.`);
      },
      save: () => Promise.resolve(),
      clear: () => Promise.resolve(ftruncateSync(fd, 0)),
    });
  } finally {
    closeSync(fd);
  }
}

/** Makes `path` a link to a blob, relative so that the cache can be moved; a copy where the system allows no links. */
async function link(blob: string, path: string): Promise<void> {
  await symlink(relative(dirname(path), blob), path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') await copyFile(blob, path);
  });
}

/** Writes a small file so that it is there whole or not at all. */
async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  await writeFile(beside, text);
  await rename(beside, path);
}

/** What a snapshot tells of its files: their names, and their hashes by the names of the blobs they are links to. */
async function filesIn(snapshot: string): Promise<HubFile[]> {
  const entries = await readdir(snapshot, { recursive: true, withFileTypes: true }).catch(() => []);
  const files: HubFile[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) continue;
    const hash = basename(await readlink(path).catch(() => ''));
    files.push({
      name: relative(snapshot, path).split(sep).join('/'),
      bytes: info.size,
      ...(/^[0-9a-f]{64}$/.test(hash) ? { sha256: hash } : {}),
      ...(/^[0-9a-f]{40}$/.test(hash) ? { git_sha1: hash } : {}),
    });
  }
  return files;
}

/** What `ask` says of the folder or of the nearest one above it that exists. */
async function nearest<T>(folder: string, ask: (path: string) => Promise<T>): Promise<T | undefined> {
  for (let path = folder; ; path = dirname(path)) {
    const found = await ask(path).catch(() => undefined);
    if (found !== undefined || path === dirname(path)) return found;
  }
}
