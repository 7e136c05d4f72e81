import { blobSource, type ByteSource } from '../../tensor/source.ts';
import { inParts, PART_BYTES, type Filling, type Shelf } from './shelf.ts';

/** Bytes gathered before they become a Blob of their own. */
const GATHERED_BYTES = 16 * 1024 * 1024;

/** A shelf for one visit: its copies are Blobs, which a browser may keep on its disk. `why` says why it is used. */
export function memoryShelf(why?: string): Shelf {
  const copies = new Map<string, Promise<ByteSource>>();
  return {
    ...(why === undefined ? {} : { forgetful: why }),
    recall: () => Promise.resolve(undefined),
    remember: () => Promise.resolve(),
    lackOfSpace: () => Promise.resolve(undefined),
    copyOf(_, file, fill) {
      const make = async (): Promise<ByteSource> => {
        const growing = blobFilling(file.bytes);
        const { sha256 } = await fill(growing.filling);
        return { ...blobSource(growing.blob(), file.name), sha256 };
      };
      // One that is being made for somebody else may be given up with them.
      const before = copies.get(file.key)?.catch(() => undefined) ?? Promise.resolve(undefined);
      const copy = before.then((source) => source ?? make());
      copies.set(file.key, copy);
      copy.catch(() => copies.delete(file.key));
      return copy;
    },
  };
}

function blobFilling(size: number): { filling: Filling; blob(): Blob } {
  let parts: Blob[] = [];
  let gathered: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const gather = () => {
    parts.push(new Blob(gathered));
    gathered = [];
    bytes = 0;
  };
  return {
    filling: {
      lanes: 1,
      part_bytes: PART_BYTES,
      done: inParts(0, size),
      write(_, chunk) {
        gathered.push(new Uint8Array(chunk));
        if ((bytes += chunk.byteLength) >= GATHERED_BYTES) gather();
      },
      read: () => {
        throw new Error('bytes that come in order are hashed as they come');
      },
      save: () => Promise.resolve(),
      clear() {
        parts = [];
        gathered = [];
        return Promise.resolve();
      },
    },
    blob() {
      gather();
      return new Blob(parts);
    },
  };
}
