import * as v from 'valibot';
import { LabError } from '../../errors.ts';
import { ADAPTER_CHOICES, type AdapterReport } from '../../gpu/adapter.ts';
import type { BenchGap, BenchRow, Ceiling } from '../../gpu/bench/row.ts';
import type { Environment } from '../result.ts';
import { oneLine } from '../one_line.ts';

/** What a bench measured on an adapter: a file that `lab bench` writes and compares, and the Speed screen exports. */
export interface BenchReport {
  kind: 'nibble bench';
  version: 1;
  app: Environment['app'];
  runtime: string;
  /** ISO 8601. */
  started: string;
  adapter: AdapterReport;
  ceiling: Ceiling;
  rows: BenchRow[];
  gaps: BenchGap[];
  model?: ModelBench;
}

/** A model measured whole. */
export interface ModelBench {
  name: string;
  configs: ConfigBench[];
  bytes: TokenBytes;
}

/** A configuration of the model. */
export interface ConfigBench {
  config: string;
  load_seconds: number;
  /** The most that ever lay on the device at a time. */
  peak_bytes: number;
  decode_tokens_per_second: number;
  prefill_tokens_per_second: number;
  /** Questions of four choices, of the usual length, packed as a run packs them. */
  items_per_minute: number;
  /** Where the milliseconds of a decoded token go; they need not add up, since work overlaps. */
  token: TokenParts;
}

/** Milliseconds of a decoded token by what they are spent on. */
export interface TokenParts {
  total_ms: number;
  weights_ms: number;
  head_ms: number;
  attention_ms: number;
  norms_ms: number;
  others_ms: number;
  /** Of the processor: dispatches written down and handed over. */
  recording_ms: number;
  /** A submit without work, and its answer. */
  read_back_ms: number;
  tokenizer_ms: number;
  /** What is left of the total: the device waiting between kernels. */
  gaps_ms: number;
}

/** Bytes that a decoded token reads. */
export interface TokenBytes {
  /** Of the blocks' Linear layers, in 16 bits and in NF4. */
  weights_16: number;
  weights_nf4: number;
  /** Of the head, which no configuration quantizes. */
  head: number;
}

/** How many times faster NF4 can be than 16 bits at most, where reading weights is all that takes time (Amdahl's law). */
export const mostGain = ({ weights_16, weights_nf4, head }: TokenBytes): number =>
  (weights_16 + head) / (weights_nf4 + head);

/** The head's share of what an NF4 token reads. */
export const headShare = ({ weights_nf4, head }: TokenBytes): number => head / (weights_nf4 + head);

const number = v.pipe(v.number('a number'), v.finite('a finite number'), v.minValue(0, 'a number from 0'));
const whole = v.pipe(number, v.integer('a whole number'));
const share = v.pipe(number, v.maxValue(100, 'a share of the ceiling'));
const line = v.pipe(
  v.string('text'),
  v.maxLength(1000, 'at most 1,000 characters'),
  v.transform((name) => oneLine(name)),
);
const list = <T extends v.GenericSchema>(of: T) =>
  v.pipe(v.array(of, 'a list'), v.maxLength(10_000, 'at most 10,000 entries'));

const point = {
  ...{ model: line, layer: line, quant_type: line, variant: line },
  ...{ M: whole, N: whole, K: whole },
};
const row = v.object({
  ...point,
  kernel: line,
  rows_of_layer: v.exactOptional(whole),
  ...{ rounds: whole, median_ms: number, iqr_ms: number, gbps: number, gflops: number },
  ...{ ceiling_ms: number, bound: v.picklist(['read', 'fma'], 'read or fma') },
  ...{ ceiling_share: share, max_error: number },
  predicted_ms: v.exactOptional(number),
  peer: v.nullable(v.object({ name: line, median_ms: number, iqr_ms: number, max_error: number })),
  speedup: v.nullable(number),
});
const parts = v.object({
  ...{ total_ms: number, weights_ms: number, head_ms: number, attention_ms: number, norms_ms: number },
  ...{ others_ms: number, recording_ms: number, read_back_ms: number, tokenizer_ms: number, gaps_ms: number },
});
const config = v.object({
  ...{ config: line, load_seconds: number, peak_bytes: whole },
  ...{ decode_tokens_per_second: number, prefill_tokens_per_second: number, items_per_minute: number },
  token: parts,
});
const schema = v.object({
  kind: v.literal('nibble bench', '"nibble bench"'),
  version: v.literal(1, '1'),
  app: v.object({ version: line, commit: line }),
  ...{ runtime: line, started: line },
  adapter: v.object({
    asked: v.exactOptional(v.picklist(ADAPTER_CHOICES, ADAPTER_CHOICES.join(', '))),
    ...{ vendor: line, architecture: line, device: line, description: line },
    ...{ features: list(line), language_features: list(line) },
    limits: v.object({ maxBufferSize: whole, maxStorageBufferBindingSize: whole }),
  }),
  ceiling: v.object({ read_gbps: number, copy_gbps: number, fma_gflops: number }),
  rows: list(row),
  gaps: list(v.object({ ...point, why: line })),
  model: v.exactOptional(
    v.object({
      name: line,
      configs: list(config),
      bytes: v.object({ weights_16: whole, weights_nf4: whole, head: whole }),
    }),
  ),
});

/** How far a ratio may be from that of the file's own numbers: they were written with all their digits. */
const RATIO_WITHIN = 1e-6;

/**
 * A report from a file, checked whole: its shares and speedups must be the ratios of its own numbers.
 * @throws bad-data naming the key, what was found and what is allowed.
 */
export function parseBenchReport(json: unknown): BenchReport {
  if (!(typeof json === 'object' && json && 'kind' in json && json.kind === 'nibble bench')) {
    throw new LabError('bad-data', 'kind is not "nibble bench"; allowed: a file that a bench wrote.');
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const path = v.getDotPath(issue) ?? 'the file';
    throw new LabError('bad-data', `${path} is ${issue.received}; allowed: ${allowed(issue)}.`);
  }
  for (const [i, row] of parsed.output.rows.entries()) {
    const { median_ms, ceiling_ms, ceiling_share, peer, speedup } = row;
    requireRatio(`rows.${i}.ceiling_share`, ceiling_share, ceiling_ms / median_ms);
    if (peer) requireRatio(`rows.${i}.speedup`, speedup ?? NaN, peer.median_ms / median_ms);
    else if (speedup !== null)
      throw new LabError('bad-data', `rows.${i}.speedup is ${speedup}; allowed: null without a peer.`);
  }
  return parsed.output;
}

const allowed = ({ expected, message }: v.BaseIssue<unknown>): string =>
  message.startsWith('Invalid') ? (expected ?? 'something else') : message;

function requireRatio(name: string, found: number, ratio: number): void {
  if (Math.abs(found - ratio) <= RATIO_WITHIN * Math.abs(ratio)) return;
  throw new LabError('bad-data', `${name} is ${found}; allowed: ${ratio}, the ratio of the row's own times.`);
}
