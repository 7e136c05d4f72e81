import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { type ByteSource, type FileSet, blobSource } from '../tensor/source.ts';

/** Bytes of one read while a file is downloaded or hashed: big enough for a Range request to be worth its trip. */
const CHUNK_BYTES = 16 * 1024 * 1024;

export type ByteProgress = (done: number, total: number, what: string) => void;

/** Each file of a set as a whole local copy, fetched when first opened: every configuration reads the weights again. */
export function downloadedFiles(remote: FileSet, onProgress: ByteProgress, signal?: AbortSignal): FileSet {
  const local = new Map<string, Promise<ByteSource>>();
  const fetchWhole = async (name: string) => download(await remote.open(name), onProgress, signal);
  return {
    names: remote.names,
    open(name) {
      const copy = local.get(name) ?? fetchWhole(name);
      local.set(name, copy);
      return copy;
    },
  };
}

async function download(
  source: ByteSource,
  onProgress: ByteProgress,
  signal?: AbortSignal,
): Promise<ByteSource> {
  const parts: Blob[] = [];
  // A Blob may lie on the browser's disk, where a buffer of this size would fill its memory.
  for await (const chunk of chunks(source, onProgress, signal)) parts.push(new Blob([chunk]));
  return blobSource(new Blob(parts), source.name);
}

/** SHA-256 of bytes that come in parts. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  /** In hex. */
  digest(): string;
}

/** SHA-256 as it runs everywhere; a machine may have a faster one. */
export function plainHash(): RunningHash {
  const hash = sha256.create();
  return { update: (bytes) => void hash.update(bytes), digest: () => bytesToHex(hash.digest()) };
}

/** The SHA-256 of a file, read in parts. */
export async function hashFile(
  source: ByteSource,
  onProgress: ByteProgress,
  signal?: AbortSignal,
  hash: RunningHash = plainHash(),
): Promise<string> {
  for await (const chunk of chunks(source, onProgress, signal)) hash.update(chunk);
  return hash.digest();
}

async function* chunks(
  source: ByteSource,
  onProgress: ByteProgress,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { byteLength, name } = source;
  for (let begin = 0; begin < byteLength; begin += CHUNK_BYTES) {
    signal?.throwIfAborted();
    const end = Math.min(begin + CHUNK_BYTES, byteLength);
    yield await source.slice(begin, end);
    onProgress(end, byteLength, name);
  }
}
