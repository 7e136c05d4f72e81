import { type FootprintRow } from '../../study/footprint_table.ts';
import { cacheBytes, loraFootprint, maskBufferBytes, passingBytes } from '../../model/footprint.ts';
import type { ModelConfig } from '../../model/model_config.ts';
import { formatOf } from '../../quant/config.ts';
import type { TableTwin } from '../chart/table_twin.ts';
import { PUBLISHED_MODELS, PUBLISHED_QLORA, publishedOf } from './published.ts';
import {
  bitsText,
  count,
  decimals,
  digits3,
  mebibytes,
  mebibytesColumn,
  percent,
  whole,
} from '../../study/view/format.ts';

/** The bytes of one configuration by what they hold; their sum is its true size. */
export interface Parts {
  /** Embeddings, head, norms and biases, which stay as they are. */
  rest: number;
  /** The codes of the quantized layers, or their floats. */
  codes: number;
  /** absmax or SCB, and the codebook. */
  scales: number;
}

/** The parts of a configuration's true bytes. */
export function partsOf({ config, footprint }: FootprintRow): Parts {
  const { actual_bytes, bits_per_weight, quantized_parameters: n } = footprint;
  const stored = (n * bits_per_weight) / 8;
  const codes = (n * formatOf(config).codeBits(config)) / 8;
  return { rest: actual_bytes - stored, codes, scales: stored - codes };
}

const find = (rows: readonly FootprintRow[], name: string): FootprintRow =>
  rows.find((row) => row.name === name)!;

/** The figure in a few sentences, all of them of its numbers. */
export function footprintSentence(title: string, rows: readonly FootprintRow[]): string {
  const [half, nf4] = [find(rows, 'float16').footprint, find(rows, 'NF4 · 64')];
  const { parameters, quantized_parameters: linear, bitsandbytes_bytes: counted } = nf4.footprint;
  const { scales, rest } = partsOf(nf4);
  return [
    `${title} has ${count(parameters, 'parameter')}, ${percent(linear / parameters)} of them in the Linear layers that are quantized.`,
    `NF4 · 64 counts as ${mebibytes(counted)} MiB, ${percent(counted / half.bitsandbytes_bytes)} of float16’s, and truly takes ${mebibytes(nf4.footprint.actual_bytes)} MiB: ${mebibytes(scales)} MiB of absmax come on top.`,
    `${mebibytes(rest)} MiB are what stays in float16.`,
  ].join(' ');
}

/** A sentence on the bytes double quantization saves, which the counted size does not show. */
export function doubleQuantSentence(rows: readonly FootprintRow[]): string {
  const [plain, nested] = [find(rows, 'NF4 · 64').footprint, find(rows, 'NF4 · 64 · double quant').footprint];
  const saved = plain.actual_bytes - nested.actual_bytes;
  return `Double quant saves ${mebibytes(saved)} MiB, ${decimals(plain.bits_per_weight - nested.bits_per_weight, 3)} bits per weight, and the counted size stays at ${mebibytes(nested.bitsandbytes_bytes)} MiB: it never had the absmax values in it.`;
}

/** The numbers of the bars. */
export function footprintTable(title: string, rows: readonly FootprintRow[], masks: number): TableTwin {
  const studied = PUBLISHED_MODELS.includes(title);
  return {
    caption: 'Footprint by configuration',
    head: [
      'configuration',
      'rest in',
      masks > 0 ? 'counted MiB, masks included' : 'counted MiB',
      'true MiB',
      'of it absmax or SCB',
      'bits per weight',
      ...(studied ? ['published'] : []),
    ],
    rows: rows.map((row) => [
      row.name,
      row.rest,
      mebibytesColumn(row.footprint.bitsandbytes_bytes + masks),
      mebibytesColumn(row.footprint.actual_bytes),
      mebibytesColumn(partsOf(row).scales),
      bitsText(row.footprint.bits_per_weight),
      ...(studied ? [publishedOf(title, row.config)?.text ?? ''] : []),
    ]),
  };
}

/** A sentence on GPT-2's mask buffers, and why a published footprint may contain them. */
export const maskSentence = (config: ModelConfig): string =>
  `Older versions of transformers kept a causal mask in each of GPT-2’s ${count(config.num_hidden_layers, 'layer')}, a byte for every pair of its ${whole(config.max_position_embeddings)} positions: ${mebibytes(maskBufferBytes(config))} MiB that published footprints contain and nobody needs.`;

/** A sentence on the distance of published figures from the counted ones, where there are any. */
export function publishedSentence(
  title: string,
  rows: readonly FootprintRow[],
  masks: number,
): string | undefined {
  const pairs = rows.flatMap(({ name, config, footprint }) => {
    const published = publishedOf(title, config);
    if (!published) return [];
    return [
      { name, apart: Math.abs(published.bytes - footprint.bitsandbytes_bytes - masks) / published.bytes },
    ];
  });
  if (pairs.length === 0) return undefined;
  const worst = pairs.reduce((a, b) => (b.apart > a.apart ? b : a));
  const apart = `The published figures are the counted ones: they differ by at most ${digits3(100 * worst.apart)} %, of ${worst.name}.`;
  return worst.apart < CLOSE
    ? apart
    : `The published figures are up to ${digits3(100 * worst.apart)} % away from the counted ones, for ${worst.name}; those of GPT-2 have the mask buffers in them.`;
}

/** The relative difference up to which a published figure, rounded to two or three digits, is the same as ours. */
const CLOSE = 2e-3;

/** A sentence on the most that memory holds while the model is loaded. */
export function loadingSentence(config: ModelConfig, rows: readonly FootprintRow[]): string {
  const passing = passingBytes(config, 2);
  const { actual_bytes } = find(rows, 'NF4 · 64').footprint;
  return `This lab quantizes a checkpoint as it streams in. At most ${mebibytes(passing)} MiB of its 16-bit weights are in memory at a time, so loading NF4 · 64 peaks at ${mebibytes(actual_bytes + passing)} MiB; the whole 16-bit model never lies in memory.`;
}

/** A sentence on keys and values beside the weights, and on the context from which they are the larger part. */
export function contextSentence(config: ModelConfig, rows: readonly FootprintRow[], tokens: number): string {
  const weights = find(rows, 'NF4 · 64').footprint.actual_bytes;
  const taken = cacheBytes(config, tokens);
  const even = Math.ceil(weights / cacheBytes(config, 1));
  const first = `The keys and values of ${count(tokens, 'token')} take ${mebibytes(taken)} MiB in float32, ${percent(taken / weights)} of what the NF4 weights take.`;
  return even > config.max_position_embeddings
    ? `${first} They stay the smaller part as far as the model can look back, ${count(config.max_position_embeddings, 'token')}.`
    : `${first} From ${count(even, 'token')} on they are the larger part.`;
}

/** Sentences on an adapter over NF4, as QLoRA trains it. */
export function adapterSentence(
  title: string,
  config: ModelConfig,
  rows: readonly FootprintRow[],
  rank: number,
  names: readonly string[],
): string {
  if (names.length === 0) return 'Without a layer to sit on there is no adapter.';
  const base = find(rows, 'NF4 · 64').footprint;
  const { parameters, adapter_bytes, training_bytes } = loraFootprint(config, rank, names, 'float32');
  const sentence = `An adapter of rank ${rank} has ${count(parameters, 'parameter')}, ${percent(parameters / base.parameters)} of the model’s. Over NF4 · 64 it counts as ${mebibytes(base.bitsandbytes_bytes + adapter_bytes)} MiB in all; training keeps ${mebibytes(training_bytes)} MiB more for gradients and AdamW’s two moments, in float32. Activations are not in it.`;
  return title === PUBLISHED_QLORA.model
    ? `${sentence} ${qloraSentence(base.bitsandbytes_bytes, adapter_bytes)}`
    : sentence;
}

/** A sentence that holds the published QLoRA line against this adapter. */
function qloraSentence(base: number, adapter: number): string {
  const { mib } = PUBLISHED_QLORA;
  const over = mib * 2 ** 20 - base;
  return `A published QLoRA line for this model says ${mib} MiB, ${mebibytes(over)} MiB over NF4, and not which layers or rank; this adapter adds ${mebibytes(adapter)} MiB.`;
}
