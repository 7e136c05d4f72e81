/** Disk that a run fills and forgets: too much for memory, of no use once the run is done. */
export interface Scratch {
  /** An empty file to append to, in place of one with that name. */
  create(name: string): Promise<ScratchFile>;
  /** A file made before; undefined if there is none. */
  open(name: string): Promise<ScratchFile | undefined>;
  remove(name: string): Promise<void>;
  /** Removes them all. */
  clear(): Promise<void>;
}

/** An open file; reading and writing do not wait, so that they fit between two submits to the GPU. */
export interface ScratchFile {
  /** Throws when the disk is full. */
  append(bytes: Uint8Array<ArrayBuffer>): void;
  /** The next `length` bytes from where the last read ended; throws if there are fewer. */
  next(length: number): Uint8Array<ArrayBuffer>;
  close(): void;
}

/** The message of a file that ends early: it was cut by something else than us. */
export const tooShort = (name: string): Error => new Error(`The scratch file ${name} ends early.`);
