import type { Failure } from '../errors.ts';
import type { BenchEvent, BenchRequest } from '../study/bench/bench_event.ts';
import type { DocText } from '../eval/doc.ts';
import type { ItemResult } from '../eval/item.ts';
import type { MetricName, MetricValue } from '../eval/stats/metric.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import type { CheckRow } from '../gpu/check.ts';
import type { AdapterChoice, AdapterReport, OfferedAdapter } from '../gpu/adapter.ts';
import type { Tuning } from '../gpu/tune.ts';
import type { MatrixReport } from '../gpu/matrix/measure_matrix.ts';
import type { Footprint } from '../model/footprint.ts';
import type { MemoryNeed } from '../model/memory.ts';
import type { Calibration } from '../quant/calibrated/calibration.ts';
import type { Codebook } from '../quant/codebook.ts';
import type { QuantConfig } from '../quant/config.ts';
import type { Environment, ExperimentResult, LayerErrors, ModelReading } from '../study/result.ts';
import type { PeerAudit } from '../study/peer_audit.ts';
import type { Shard } from '../study/shard.ts';
import type { MixMeasured } from '../study/mix.ts';
import type { ExperimentSpec, ModelRef } from '../study/spec.ts';
import type { Probe } from '../study/speed.ts';
import type { Reproduction } from '../study/compare_results.ts';
import type { Form } from '../study/forms.ts';
import type { SamplesCompared } from '../study/samples/compare_samples.ts';
import type { Pairs, PairsAsked } from '../study/view/disagreements.ts';
import type { RunRecord, Spent } from '../study/record.ts';

/** The worker's offer to the page; Comlink carries it and nothing else calls postMessage. */
export interface Lab {
  /** The adapter runs would use, or why there is none. */
  adapter(): Promise<AdapterReport | Failure>;
  /** Has everything from now on computed on another adapter of the machine. */
  useAdapter(choice: AdapterChoice): Promise<void>;
  /** Has these forms of the matmul taken from now on and no others; a name that does not exist fails whatever needs a GPU. */
  useForms(names: readonly string[]): Promise<void>;
  /**
   * Runs an experiment to its end; every step is an event, and a failure is one too. `onText` hears whose work on a text
   * begins that only the worker's end could stop ("The tokenizer"), and with nothing that it has ended.
   */
  run(
    request: RunRequest,
    onEvent: (event: RunEvent) => void,
    onText?: (what?: string) => void,
  ): Promise<void>;
  /** Asks the run in progress to stop after the item it is at. */
  cancel(): Promise<void>;
  /** Every kernel on every shape against the CPU. */
  selfCheck(onRow: (row: CheckRow, done: number, total: number) => void): Promise<Failure | undefined>;
  /** Times kernels in turn with what the adapter does at most, and a model; every number is an event. */
  bench(
    request: BenchRequest & Pick<RunRequest, 'model_files'>,
    onEvent: (event: BenchEvent) => void,
  ): Promise<Failure | undefined>;
  /** Writes a quantized copy of a model that the tool of its format loads, as a folder or as one GGUF file. */
  saveCheckpoint(
    request: SaveRequest,
    onProgress: (done: number, total: number) => void,
  ): Promise<Saved | Failure>;
  /** Measures all weights of one tensor, on the GPU where there is a good one. The measurement before it is given up. */
  measureTensor(request: MeasureRequest): Promise<MatrixReport | Failure>;
}

/**
 * A reader of stored runs, in a worker of its own: a hundred thousand answers would hold up the page, to compare as
 * well as to be handed over. So it reads them a configuration at a time, and gives numbers and a few answers on demand.
 */
export interface Reader {
  /**
   * The run with its numbers, nothing if the store has none of that id, or why it cannot be read. `onPart` hears what is
   * known after the record and after each configuration.
   */
  read(id: string, onPart?: (run: StoredRun) => void): Promise<{ run?: StoredRun; failure?: Failure }>;
  /** Some questions of a run as two configurations answered them, or why they cannot be read. */
  pairs(request: PairsRequest): Promise<{ pairs?: Pairs; failure?: Failure }>;
  /** A run in one of the forms that people keep, answers and all; `link` leads to its experiment. */
  write(id: string, form: Form, link: string): Promise<{ file?: Blob; failure?: Failure }>;
  /** Two runs held against each other, nothing if one of them has no result, or why they cannot be read. */
  compare(
    a: string,
    b: string,
    onPart?: (soFar: ComparedRuns) => void,
  ): Promise<{ compared?: ComparedRuns; failure?: Failure }>;
}

/** A page of the questions that two configurations of a run answered, which it names by their places in its result. */
export interface PairsRequest extends PairsAsked {
  id: string;
}

/** Two stored runs and, once all of both is read, whether the second reproduces the first. */
export interface ComparedRuns {
  runs: readonly [CountedRun, CountedRun];
  reproduction?: Reproduction;
}

/** A stored run whose result has its numbers and no answers. */
export interface CountedRun {
  record: RunRecord;
  result: ExperimentResult;
}

/** A taker of results from files, in a worker of its own: a hundred thousand answers take seconds to check. */
export interface Importer {
  /**
   * Stores the runs of a file, each of them whole or not at all, and gives how many there are, or why it cannot.
   * `onProgress` hears how many of their answers are stored.
   */
  take(file: File, onProgress: (done: number, total: number) => void): Promise<number | Failure>;
}

/** A stored run and its numbers, without its answers; there is no result before the model was read. */
export interface StoredRun {
  record: RunRecord;
  answers: number;
  result: ExperimentResult | undefined;
  /** Configurations read so far; missing once it is all of them. */
  reading?: { done: number; total: number };
}

/** A tensor of a safetensors file, and the codebooks and block size to quantize it with. */
export interface MeasureRequest {
  file: File;
  tensor: string;
  books: readonly Codebook[];
  blocksize: number;
}

/** The worker's offer that only the page uses, not the command line: pausing, probing and reading a folder. */
export interface PageLab extends Lab {
  /** The forms that were the fastest on this adapter, if they were timed. */
  tuning(): Promise<Tuning | Failure | undefined>;
  /** Times the forms of the matmul and takes the fastest. */
  tune(): Promise<Tuning | Failure>;
  /** The adapters there are to choose from. */
  adapters(): Promise<OfferedAdapter[]>;
  /** Holds the run in progress after the item it is at, or lets it go on. */
  pause(paused: boolean): Promise<void>;
  /** Measures for two seconds how fast this adapter computes a model of that shape. */
  probe(request: ProbeRequest): Promise<Probe | Failure>;
  /** Measures what each layer costs in each format; Stop ends it, which is a failure, too. */
  mix(
    request: MixRequest,
    onStep: (done: number, total: number, what: string) => void,
  ): Promise<MixMeasured | Failure>;
  /** The answers of a stored run as lm-evaluation-harness writes them, a file a configuration and task. */
  writeSamples(request: SamplesRequest): Promise<{ name: string; file: Blob }[] | Failure>;
  /** Each configuration of a stored run against one model's samples, task by task. */
  compareSamples(
    request: SamplesRequest & { samples: readonly File[] },
  ): Promise<SamplesCompared[] | Failure>;
  /** Opens the model in a chosen folder as a run would, up to its weights. */
  readModel(files: readonly NamedFile[]): Promise<ModelReading | Failure>;
}

/** A spec whose formats are to be mixed by layer, and the text they are compared on. */
export interface MixRequest extends Pick<RunRequest, 'model_files' | 'adapter_files' | 'hub_token'> {
  spec: ExperimentSpec;
  calibration: Calibration;
}

/** A stored run, with the folders that its questions are written from again. */
export interface SamplesRequest extends Pick<RunRequest, 'model_files' | 'data_files' | 'hub_token'> {
  id: string;
}

export type ProbeRequest = Pick<ExperimentSpec, 'model' | 'configs'> &
  Pick<RunRequest, 'model_files' | 'hub_token'>;

export interface SaveRequest extends Pick<RunRequest, 'hub_token'> {
  model: ModelRef;
  model_files?: readonly NamedFile[] | undefined;
  config: QuantConfig;
  /** The name of the one GGUF file to write; undefined for a folder. */
  gguf?: string | undefined;
  /** Where to write, chosen by the user; without one the files come back to be downloaded. */
  directory?: FileSystemDirectoryHandle | undefined;
}

/** The files that were written, and their contents where there was no directory. */
export interface Saved {
  files: { name: string; blob?: Blob }[];
}

export interface RunRequest {
  spec: ExperimentSpec;
  /** Of a new run: the share of the spec that it answers, instead of the whole. */
  shard?: Shard | undefined;
  /** Continue a stored run: its finished items are kept and not asked again. */
  resume?: string | undefined;
  /** The files of a local model. */
  model_files?: readonly NamedFile[] | undefined;
  /** The files of a local adapter. */
  adapter_files?: readonly NamedFile[] | undefined;
  /** The files of local task data, by their path below the chosen folder. */
  data_files?: readonly NamedFile[] | undefined;
  /** The result at the end may come without its answers where they are stored: a hundred thousand hold up a page. */
  counted?: boolean | undefined;
  /** The user's own token for models of the Hub that are gated or private; kept out of specs, records and links. */
  hub_token?: string | undefined;
}

/** A file the user chose, or one a server of the command line offers under a URL. */
export interface NamedFile {
  path: string;
  file: File | string;
}

export type Phase = 'check' | 'download' | 'hash' | 'calibrate' | 'load' | 'audit' | 'answer';

/** The steps of a run, in the order they happen. */
export type RunEvent =
  | { type: 'started'; run_id: string; spec: ExperimentSpec; shard?: Shard }
  /** A phase moves: bytes for download, hash and load, checks for check, steps for calibrate. `config` is missing before the first one. */
  | {
      type: 'progress';
      phase: Exclude<Phase, 'answer'>;
      config?: number;
      done: number;
      total: number;
      what: string;
      /** Of a calibration: seconds until it is done, once there is enough to go by. */
      eta_seconds?: number;
    }
  | { type: 'environment'; environment: Environment }
  /** The number of items of each task, known once its file is read; of a shard, its own answers as well. */
  | { type: 'planned'; tasks: { task: TaskName; n: number }[]; shard?: Shard }
  /** The memory a configuration needs, told before its first weight is read. */
  | { type: 'foreseen'; config: number; need: MemoryNeed }
  | {
      type: 'loaded';
      config: number;
      footprint: Footprint;
      load_seconds: number;
      errors?: LayerErrors;
      peer?: PeerAudit;
    }
  | ItemEvent
  /** The browser keeps nothing: the run goes on in memory, and is gone with the tab. */
  | { type: 'unstored'; failure: Failure }
  /** The GPU was lost, what was measured is stored, and the run goes on as soon as there is one. */
  | { type: 'device-lost'; failure: Failure }
  /** The run holds between two items, its model kept on the device, until it is told to go on. */
  | { type: 'paused' }
  | { type: 'continued' }
  | { type: 'config-done'; config: number }
  /** A sentence for the user that changes nothing of what is measured. */
  | { type: 'note'; text: string }
  /** A configuration failed and the run goes on without it. */
  | { type: 'config-failed'; config: number; failure: Failure }
  | { type: 'finished'; result: ExperimentResult }
  /** The run stopped early: cancelled is a failure with that code. `result` holds what was measured. */
  | { type: 'failed'; failure: Failure; config?: number; result?: ExperimentResult };

/** One item answered and stored. */
export interface ItemEvent {
  type: 'item';
  config: number;
  task: TaskName;
  doc: DocText;
  item: ItemResult;
  spent: Spent;
  /** Items of this task answered, of `total`. */
  done: number;
  total: number;
  /** Of the items so far. */
  metrics: Partial<Record<MetricName, MetricValue>>;
  /** Of this sitting. */
  tokens_per_second: number;
  /** Seconds until the whole run is done, as a range that closes as more is known; missing while too little is. */
  eta_seconds?: readonly [number, number];
}
