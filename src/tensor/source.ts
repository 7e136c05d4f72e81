import { LabError } from '../errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import {
  contentRange,
  discard,
  mayPass,
  readBody,
  request,
  retried,
  strongEtag,
  type Patience,
  type Try,
} from './http.ts';

/** A file that comes only whole must fit into one buffer; the smallest limit of today's browsers is 2 GiB. */
const MAX_WHOLE_BYTES = 2 ** 31;

/**
 * Bytes that can be read in parts: a URL with Range requests, a File, a file on disk, memory.
 * `slice(begin, end)` resolves to a fresh copy of exactly `end - begin` bytes, or rejects with a LabError.
 */
export interface ByteSource {
  readonly name: string;
  readonly byteLength: number;
  /** The SHA-256 of all its bytes, where whoever opened it has checked them. */
  readonly sha256?: string | undefined;
  slice(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Reads the bytes from `begin` on into `target`, as many as it takes: for who reads much and has room for it already. */
  fill?(begin: number, target: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** Reads the bytes from `begin` on into `target`, as many as it takes, from a source of any kind. */
export async function readInto(
  source: ByteSource,
  begin: number,
  target: Uint8Array<ArrayBuffer>,
): Promise<void> {
  if (source.fill) return source.fill(begin, target);
  target.set(await source.slice(begin, begin + target.byteLength));
}

/** A source whose bytes can be taken as they arrive, without room for all of them. */
export interface StreamSource extends ByteSource {
  /** Hands on the bytes [begin, end) in their order; a chunk is only good until the call returns. */
  stream(begin: number, end: number, onChunk: (chunk: Uint8Array) => void): Promise<void>;
}

/** A folder as its reader sees it: the names of its files, and each of them as bytes. */
export interface FileSet {
  readonly names: readonly string[];
  open(name: string): Promise<ByteSource>;
  /** The weights, of files that are no safetensors: its text files are then written from the same file. */
  readonly checkpoint?: () => Promise<Checkpoint>;
}

function checkRange(source: { name: string; byteLength: number }, begin: number, end: number): void {
  if (
    Number.isInteger(begin) &&
    Number.isInteger(end) &&
    0 <= begin &&
    begin <= end &&
    end <= source.byteLength
  ) {
    return;
  }
  throw new LabError(
    'internal',
    `bytes ${begin} to ${end} of ${source.name} were asked for; it has ${source.byteLength}`,
  );
}

/** Bytes in memory as a source: `memorySource('a.bin', Uint8Array.of(1, 2, 3)).slice(1, 3)` gives [2, 3]. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  const { byteLength } = bytes;
  return {
    name,
    byteLength,
    slice(begin, end) {
      // Inside the promise, so that a wrong range rejects as it does in every other source.
      return Promise.resolve().then(() => {
        checkRange({ name, byteLength }, begin, end);
        return new Uint8Array(bytes.subarray(begin, end));
      });
    },
    fill(begin, target) {
      return Promise.resolve().then(() => {
        const end = begin + target.byteLength;
        checkRange({ name, byteLength }, begin, end);
        target.set(bytes.subarray(begin, end));
      });
    },
  };
}

/** A Blob or a picked File as a source; 'unreadable-file' where it changed on disk since it was picked. */
export function blobSource(blob: Blob, name: string): ByteSource {
  const byteLength = blob.size;
  return {
    name,
    byteLength,
    async slice(begin, end) {
      checkRange({ name, byteLength }, begin, end);
      let bytes: Uint8Array<ArrayBuffer>;
      try {
        bytes = new Uint8Array(await blob.slice(begin, end).arrayBuffer());
      } catch (cause) {
        throw new LabError('unreadable-file', `${name} cannot be read any more`, { cause });
      }
      if (bytes.byteLength !== end - begin) {
        throw new LabError(
          'unreadable-file',
          `${name} gave ${bytes.byteLength} of the ${end - begin} bytes from ${begin} on`,
        );
      }
      return bytes;
    },
  };
}

/** Files in memory as a folder: `memoryFiles({'config.json': bytes})`; opening another name throws 'missing-file'. */
export function memoryFiles(files: Readonly<Record<string, Uint8Array>>): FileSet {
  const names = Object.keys(files);
  return {
    names,
    open: (name) =>
      names.includes(name)
        ? Promise.resolve(memorySource(name, files[name]!))
        : Promise.reject(new LabError('missing-file', `${name} is missing; there are: ${names.join(', ')}`)),
  };
}

/** What a URL source can be given: another `fetch`, a signal that cancels, and a listener for progress. */
export interface UrlSourceOptions {
  fetch?: typeof fetch | undefined;
  /** What messages call it, where the last part of the path would not say it. */
  name?: string | undefined;
  signal?: AbortSignal | undefined;
  /** More headers of each request. */
  headers?: Readonly<Record<string, string>> | undefined;
  patience?: Patience | undefined;
  /** Called with the number of bytes as they arrive. Those of a whole file that has to be sent again count again. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * A URL as a source, read by Range requests; its name is the last part of the path.
 * `await urlSource('https://host/model.safetensors')` asks for byte 0 and takes the size from Content-Range.
 * A server that answers with the whole file is let to, once, and the file is kept in memory.
 * What may pass (lost connections, stalls, 408, 425, 429, 5xx) is tried again and then 'network'; 404 is 'missing-file';
 * an aborted signal 'cancelled'.
 */
export async function urlSource(url: string, options: UrlSourceOptions = {}): Promise<StreamSource> {
  const { fetch: get = fetch, signal, onBytes, headers, patience } = options;
  const { name = fileName(url) } = options;
  const { size, etag, bytes } = await retried(name, signal, probe, patience);
  let whole = bytes && Promise.resolve(bytes);

  return {
    name,
    byteLength: size,
    stream,
    async slice(begin, end) {
      checkRange({ name, byteLength: size }, begin, end);
      const out = new Uint8Array(end - begin);
      let filled = 0;
      await stream(begin, end, (chunk) => {
        out.set(chunk, filled);
        filled += chunk.byteLength;
      });
      return out;
    },
  };

  async function stream(begin: number, end: number, onChunk: (chunk: Uint8Array) => void): Promise<void> {
    checkRange({ name, byteLength: size }, begin, end);
    // What arrived before a connection was lost was handed on; the next try asks for the rest.
    let from = begin;
    while (from < end) {
      const all = await retried(
        name,
        signal,
        async (attempt) => {
          if (whole) return whole;
          // The connection may have been lost behind the last byte.
          if (from === end) return undefined;
          const response = await request(name, get, url, attempt, {
            range: `bytes=${from}-${end - 1}`,
            headers,
          });
          if (response.status === 200) return shareWhole(response, attempt);
          const begun = from;
          const stop = await partEnd(response, from, end);
          await readBody(response, attempt, (chunk) => {
            if (from + chunk.byteLength > stop) {
              throw new LabError(
                'network',
                `${name}: the server sent more than the bytes ${begun} to ${stop}`,
              );
            }
            from += chunk.byteLength;
            onChunk(chunk);
            attempt.kept(chunk.byteLength);
            onBytes?.(chunk.byteLength);
          });
          if (from < stop) throw mayPass(`${name}: the connection ended ${stop - from} bytes early`);
          return undefined;
        },
        patience,
      );
      if (!all) continue;
      onChunk(all.subarray(from, end));
      from = end;
    }
  }

  /** Where the part that was sent ends: at `end` or before, for a shorter part is the server's right. */
  async function partEnd(response: Response, from: number, end: number): Promise<number> {
    const part = contentRange(response);
    const asked = part !== undefined && part.begin === from && part.end > from && part.end <= end;
    const etagNow = strongEtag(response);
    const same = part?.size === size && (!etag || !etagNow || etagNow === etag);
    if (response.status === 206 && asked && same) return part.end;
    await discard(response);
    if (part && !same) throw changed();
    const sent = part ? `bytes ${part.begin} to ${part.end}` : `no Content-Range (HTTP ${response.status})`;
    throw new LabError('network', `${name}: the server sent ${sent}; asked for: bytes ${from} to ${end}`);
  }

  async function probe(attempt: Try) {
    // A GET, because a HEAD is often answered by another host than the file comes from.
    const response = await request(name, get, url, attempt, { range: 'bytes=0-0', headers });
    if (response.status === 200) return kept(await readWhole(name, response, attempt, onBytes));
    const part = contentRange(response);
    await discard(response);
    if (!part) {
      // A page may be kept from reading Content-Range; then only the whole file tells its size.
      const again = await request(name, get, url, attempt, { headers });
      return kept(await readWhole(name, again, attempt, onBytes));
    }
    const { begin, end, size } = part;
    if (response.status === 416 && size > 0) {
      throw new LabError('network', `${name}: HTTP 416, though byte 0 lies within its ${size} bytes`);
    }
    // Some servers send the whole file as a part: it begins where it should, and nobody reads it.
    if (response.status === 206 && begin !== 0) {
      throw new LabError(
        'network',
        `${name}: the server sent bytes ${begin} to ${end}; asked for: bytes 0 to 1`,
      );
    }
    return { size, etag: strongEtag(response), bytes: undefined };
  }

  function kept(bytes: Uint8Array<ArrayBuffer>) {
    return { size: bytes.byteLength, etag: undefined, bytes };
  }

  function changed(): LabError {
    return new LabError('network', `${name} was changed on the server while it was read`);
  }

  /** Slices read at the same time may each be answered with the whole file: only the first is read. */
  async function shareWhole(response: Response, attempt: Try): Promise<Uint8Array<ArrayBuffer>> {
    if (whole) {
      await discard(response);
      return whole;
    }
    whole = readWhole(name, response, attempt, onBytes);
    try {
      const bytes = await whole;
      if (bytes.byteLength !== size) throw changed();
      return bytes;
    } catch (error) {
      whole = undefined;
      throw error;
    }
  }
}

/** `https://host/a/model.safetensors?download=true` is "model.safetensors". */
function fileName(url: string): string {
  const path = url.replace(/[?#].*$/, '');
  return path.slice(path.lastIndexOf('/') + 1) || url;
}

/** The bytes of a small file at a URL, asked for whole in one request; fails as `urlSource` does. */
export async function urlBytes(
  url: string,
  options: UrlSourceOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { fetch: get = fetch, signal, onBytes, headers, patience } = options;
  const { name = fileName(url) } = options;
  const once = async (attempt: Try) =>
    readWhole(name, await request(name, get, url, attempt, { headers }), attempt, onBytes);
  return retried(name, signal, once, patience);
}

async function readWhole(
  name: string,
  response: Response,
  attempt: Try,
  onBytes: ((bytes: number) => void) | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const length = Number(response.headers.get('Content-Length') ?? 0);
  const chunks: Uint8Array[] = [];
  let received = 0;
  const checkSize = (bytes: number) => {
    if (bytes <= MAX_WHOLE_BYTES) return;
    throw new LabError(
      'network',
      `${name}: the server sends only the whole file, of more than ${MAX_WHOLE_BYTES} bytes; allowed without Range requests: so many`,
    );
  };
  checkSize(length);
  await readBody(response, attempt, (chunk) => {
    checkSize((received += chunk.byteLength));
    chunks.push(chunk);
    onBytes?.(chunk.byteLength);
  });
  // Of a compressed body the length is another one.
  if (received < length && !response.headers.has('Content-Encoding')) {
    throw mayPass(`${name}: the connection ended ${length - received} bytes early`);
  }
  const bytes = new Uint8Array(received);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
