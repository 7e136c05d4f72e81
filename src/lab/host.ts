import type { Gpu } from '../gpu/device/device.ts';
import type { FileSet } from '../tensor/source.ts';
import type { DataPlace } from './datasets.ts';
import type { Within } from './deadline.ts';
import type { PeerHost } from './peers/peer.ts';
import type { ByteProgress, RunningHash } from './files.ts';
import type { Hub } from './hub.ts';
import type { Environment } from '../study/result.ts';
import type { Scratch } from './scratch.ts';
import type { AdapterRef, ModelRef } from '../study/spec.ts';
import type { Store } from './store.ts';

/** The surroundings a run needs, given by a browser's worker or by a terminal. */
export interface Host {
  /** The device; the same one again until it is lost, since compiling its kernels takes seconds. */
  gpu(): Promise<Gpu>;
  /** Readies the fastest forms of a device, where the machine times them; may go on while files come. */
  tune?: ((gpu: Gpu) => Promise<void>) | undefined;
  runtime: string;
  app: Environment['app'];
  /** Where task files may lie, in the order they are looked for; the Hub comes last by itself. */
  data: readonly DataPlace[];
  /** Where Hub models and data sets are asked for, and kept; the plain Hub if nothing is said. */
  hub?: Hub | undefined;
  store: Store;
  /**
   * Does the work while nobody else owns the run of that id: two would ask each item twice, or one would delete what the
   * other writes. Throws run-elsewhere where somebody does.
   */
  own<T>(run_id: string, work: () => Promise<T>): Promise<T>;
  /** A faster SHA-256 than the plain one, for the files of a local model, where the machine has one. */
  hash?: () => RunningHash;
  /** A deadline for what a model's files decide how long it takes; none if nothing is said. */
  within?: Within;
  /** Disk for the baseline's states, which later configurations are compared with; undefined where there is none. */
  scratch(run_id: string): Promise<Scratch | undefined>;
  openFiles(model: ModelRef, onProgress: ByteProgress, signal: AbortSignal): Promise<OpenedFiles>;
  /** Other engines; undefined where none runs. */
  peers?: PeerHost | undefined;
  openAdapter(adapter: AdapterRef, onProgress: ByteProgress, signal: AbortSignal): Promise<OpenedFiles>;
}

export interface OpenedFiles {
  files: FileSet;
  /** The commit of a Hub model; files of others are identified by their hashes. */
  revision?: string | undefined;
  /** The size of a file that may not be here yet, where it is known. */
  bytesOf?: ((name: string) => number | undefined) | undefined;
}
