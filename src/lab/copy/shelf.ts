import type { ByteSource } from '../../tensor/source.ts';
import type { CheckableFile, Repository, RepositoryKind } from './hub_file.ts';

/** A repository as somebody asks for it: at a branch, a tag or a commit. */
export interface RepositoryRef {
  kind: RepositoryKind;
  repo: string;
  revision: string;
  /** The one file of weights that is wanted, where a repository holds others beside it. */
  file?: string | undefined;
}

/** A place where copies of the Hub's files are kept, by their hash. */
export interface Shelf {
  /** What was last known of a repository at a branch or a commit; undefined where nothing is. */
  recall(ref: RepositoryRef): Promise<Repository | undefined>;
  remember(ref: RepositoryRef, repository: Repository): Promise<void>;
  /**
   * The whole and checked copy of a file; where there is none `fill` makes one, going on with what is there of it,
   * while no other tab or process does.
   */
  copyOf(
    repository: Repository,
    file: CheckableFile,
    fill: (filling: Filling) => Promise<Checked>,
    signal: AbortSignal | undefined,
  ): Promise<ByteSource>;
  /** Why files that are about to be copied would not fit, in a sentence; undefined where they seem to. */
  lackOfSpace(repository: Repository, files: readonly CheckableFile[]): Promise<string | undefined>;
  /** Why files are kept for this visit alone, in a sentence; undefined where they outlast it. */
  readonly forgetful?: string;
}

/** What the check of a whole copy found. */
export interface Checked {
  sha256: string;
}

/** A copy that is being written. */
export interface Filling {
  /** Parts that may be written at a time; with one, bytes come in their order. */
  readonly lanes: number;
  /** The length of its parts; the last one is shorter. */
  readonly part_bytes: number;
  /** How many bytes of each part, from its beginning on, are there from before. */
  readonly done: readonly number[];
  /** @throws storage when there is no room. */
  write(at: number, bytes: Uint8Array): void;
  /** Bytes that were written, now or before; never asked for where lanes is one and nothing was there. */
  read(at: number, length: number): Uint8Array;
  /** Resolves when so much of each part would outlast a crash. */
  save(done: readonly number[]): Promise<void>;
  /** Forgets all that is there. */
  clear(): Promise<void>;
}

/** A request asks for no more: few requests for a big file, and little to ask again after a crash. */
export const PART_BYTES = 32 * 1024 * 1024;

/** How the first `bytes` of a file lie in its parts: 40 MiB of 100 are [32, 8, 0, 0] MiB. */
export const inParts = (bytes: number, size: number, part_bytes = PART_BYTES): number[] =>
  Array.from({ length: Math.ceil(size / part_bytes) }, (_, i) =>
    Math.max(0, Math.min(bytes, size, (i + 1) * part_bytes) - i * part_bytes),
  );
