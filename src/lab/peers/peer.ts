import type { ModelConfig } from '../../model/model_config.ts';
import type { PeerConfig } from '../../quant/config.ts';
import type { FileLayer, FloatConstant } from '../../quant/saved/file_layer.ts';
import type { ModelRef } from '../../study/spec.ts';
import type { FileSet } from '../../tensor/source.ts';
import type { ByteProgress } from '../files.ts';
import type { OpenedFiles } from '../host.ts';

/** Another engine with the model loaded. It is given ids, and so cannot split a text otherwise. */
export interface Peer {
  /** Its name and version, and those of what computes for it. */
  engine: string;
  /** Numbers of a vocabulary. */
  vocab: number;
  /** The logits behind each of the tokens from number `from` on, [tokens - from, vocab]. */
  logits(ids: readonly number[], from: number): Promise<Float32Array>;
  /** The ids that its own tokenizer makes of a text, where it has one. */
  encode?: ((text: string) => number[] | Promise<number[]>) | undefined;
  /** Reads the weights of the file that it computes by. @throws LabError saying why it cannot */
  weights?: (() => Promise<FileWeights>) | undefined;
  /** The same model with more of its values told: those of so many names, each [tokens, width]. */
  values?:
    ((ids: readonly number[], names: readonly string[]) => Promise<Map<string, Float32Array>>) | undefined;
  close(): Promise<void>;
}

/** What an engine's file holds. */
export interface FileWeights {
  layers: FileLayer[];
  constants: FloatConstant[];
  /** The model by the file's own settings, where it has some. */
  config?: ModelConfig;
}

/** Opens an engine on files: `onFile` hears of each file it asked for. */
export type OpenPeer = (
  config: PeerConfig,
  files: FileSet,
  onFile: (name: string, bytes: number, sha256: string | undefined) => void,
) => Promise<Peer>;

/** Where other engines run. */
export interface PeerHost {
  /** The files of an engine: of its repository, or beside the model. */
  openFiles(
    config: PeerConfig,
    model: ModelRef,
    onProgress: ByteProgress,
    signal: AbortSignal,
  ): Promise<OpenedFiles>;
  open: OpenPeer;
}
