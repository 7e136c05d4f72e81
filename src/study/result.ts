import type { Failure } from '../errors.ts';
import type { DivergenceSummary } from '../eval/stats/divergence.ts';
import type { GroupResult } from '../eval/stats/group.ts';
import type { ItemResult } from '../eval/item.ts';
import type { MetricName, MetricValue } from '../eval/stats/metric.ts';
import type { PairedComparison } from '../eval/stats/paired.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import type { AdapterReport } from '../gpu/adapter.ts';
import type { KernelsUsed } from '../gpu/kernel_version.ts';
import type { OutlierColumns } from '../model/outliers.ts';
import type { ModuleError } from '../model/calibrate/layer_errors.ts';
import type { Footprint } from '../model/footprint.ts';
import type { WeightsOnGrid } from '../model/weights_on_grid.ts';
import type { Calibration } from '../quant/calibrated/calibration.ts';
import type { QuantConfig } from '../quant/config.ts';
import type { PeerAudit } from './peer_audit.ts';
import type { Shard } from './shard.ts';
import type { ExperimentSpec } from './spec.ts';

/** Everything a run measured; the JSON that the command line writes and the page exports. */
export interface ExperimentResult {
  version: 1;
  spec: ExperimentSpec;
  environment: Environment;
  runs: ConfigRun[];
  comparisons: Comparison[];
  /**
   * SHA-256 over every item of every configuration in order, but for the comparison with the baseline's distributions,
   * which a resumed run may lack: equal digests are equal answers, bit for bit.
   */
  digest: string;
  /** Of a result that came with a digest of other answers than these; `digest` is that of these. Missing where it fits. */
  digest_fits?: false;
  /** Of a result that came in a file or a link: nothing of it was computed in this browser. */
  foreign?: true;
  /** Items of each task that every configuration was asked; older results do not say. */
  planned?: Partial<Record<TaskName, number>>;
  /** Of a part: its share of the spec. `planned` is the whole spec's all the same. */
  shard?: Shard;
  /** The way the run ended; everything measured before a failure is here. */
  state: RunState;
  failure?: Failure | undefined;
  /** Configurations that failed; what they had measured is in `runs`. */
  failures?: { config: QuantConfig; failure: Failure }[];
}

/**
 * done: every configuration has every answer. incomplete: it came to its end and some do not. A run that says it is
 * running or paused and that nobody owns was cut off.
 */
export const RUN_STATES = ['running', 'paused', 'done', 'incomplete', 'failed', 'cancelled'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** The origin of a result's numbers: version, runtime, adapter, model and data. */
export interface Environment {
  app: { version: string; commit: string };
  /** The browser's user agent, or "node 20.20.2". */
  runtime: string;
  adapter: AdapterReport;
  kernel_check: KernelCheck;
  /** Which kernels computed; older results do not say, and are of version 1. */
  kernels?: KernelsUsed;
  /** Of a result merged from parts: who answered which; the other fields are those of the first. */
  parts?: PartOrigin[];
  /** Other adapters that went on after it: the first was lost, or the run was resumed on another machine or driver. */
  adapters?: AdapterSegment[];
  model: ModelIdentity;
  /** The files each task was read from, those of its examples too; older results do not say. */
  data?: Partial<Record<TaskName, DataOrigin[]>>;
  /** Of a run that asks through the model's chat template: which one. */
  chat_template?: ChatTemplateOrigin;
  /** SHA-256 over all questions, independent of their order: equal in two results that asked their models the same. */
  items_sha256?: string;
  /** ISO 8601. */
  started: string;
}

/** A part of a merged result, and what answered it. */
export interface PartOrigin extends Pick<
  Environment,
  'app' | 'runtime' | 'adapter' | 'kernel_check' | 'kernels' | 'adapters' | 'started'
> {
  index: number;
  of: number;
  answers: number;
}

/** Another adapter in the middle of a run, or other kernels on it. */
export interface AdapterSegment {
  adapter: AdapterReport;
  kernel_check: KernelCheck;
  kernels?: KernelsUsed;
  /** Answers of the run that were there when it began. */
  answers: number;
}

/** A chat template by the file it was read from and the hash of its text, and what its use came to. */
export interface ChatTemplateOrigin {
  file: string;
  sha256: string;
  /** It puts in the date, this one; on another day its prompts are others. */
  date?: string;
  /** Tasks whose system turn it refuses: it was left out, as the harness leaves it out. */
  without_system?: TaskName[];
}

/** The origin of a task's file. A Hub file is identified by its commit, its hash is the Hub's; any other by its hash. */
export interface DataOrigin {
  file: string;
  source: 'folder' | 'bundled' | 'hub';
  repo?: string;
  revision?: string;
  sha256?: string;
}

/** The self-check that ran on this adapter before anything was measured. */
export interface KernelCheck {
  checked: number;
  /** The check that came nearest to its bound. */
  worst: { kernel: string; case: string; max_error: number; bound: number; worst_ratio: number };
}

export interface ModelIdentity {
  name: string;
  architecture: string;
  parameters: number;
  /** The commit a Hub revision was resolved to. */
  revision?: string | undefined;
  /** Size and SHA-256 of each file that was read; a Hub file is identified by the revision instead. */
  files: Record<string, { bytes: number; sha256?: string | undefined }>;
  /** The LoRA adapter on top, in the same way. */
  adapter?: Pick<ModelIdentity, 'revision' | 'files'>;
  /** How the files were read; older results do not say. */
  reading?: ModelReading | undefined;
}

/** What opening a model's files had to say of them, by the rules of transformers 5.24. */
export interface ModelReading {
  /** Whether a BOS stands in front of every text. */
  bos_in_front: boolean;
  /** What was odd and changes no number: tensors that nothing reads, an index that is not exact. */
  warnings: string[];
  /** What transformers 4.57 does otherwise. */
  version_4_notes: string[];
  /** Of weights that lie on a 4-bit grid already, by a sample of their blocks; missing where they do not. */
  weights_on_grid?: WeightsOnGrid;
}

/** One configuration measured. */
export interface ConfigRun {
  config: QuantConfig;
  footprint: Footprint;
  tasks: TaskResult[];
  timings: Timings;
  /** LLM.int8() only: the columns each input had in the float path. */
  outliers?: OutlierColumns[] | undefined;
  /** Of runs that calibrate a configuration: what quantizing lost, on that one's text. */
  errors?: LayerErrors | undefined;
  /** Of another engine: what holding it against the float32 model found. */
  peer?: PeerAudit | undefined;
}

/** What quantizing each Linear layer lost; the same inputs for every configuration of a run. */
export interface LayerErrors {
  /** The text whose inputs these are. */
  calibration: Calibration;
  /** How many of its tokens. */
  tokens: number;
  layers: ModuleError[];
}

export interface TaskResult {
  task: TaskName;
  n: number;
  metrics: Partial<Record<MetricName, MetricValue>>;
  /** The same for parts of the task: MMLU by subject, CoQA by domain, AG News by class. */
  groups?: GroupResult[];
  items: ItemResult[];
}

/** Wall-clock seconds; never part of the digest. */
export interface Timings {
  load_seconds: number;
  answer_seconds: number;
  /** Tokens that went through the model, prompts and generations. */
  tokens: number;
  /** The number of items that took these seconds and tokens; older results do not say. */
  items?: number;
  /** 0 where it is not known. */
  tokens_per_second: number;
}

/** A configuration against the baseline on one task, on the items both have answered. */
export interface Comparison extends PairedComparison {
  /** Index into `runs`; the baseline is run 0. */
  config: number;
  task: TaskName;
  /** Of a text's tokens, against the baseline's distributions. */
  divergence?: DivergenceSummary;
}
