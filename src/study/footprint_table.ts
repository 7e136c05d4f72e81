import type { ModelConfig, Role } from '../model/model_config.ts';
import {
  blockLayers,
  cacheBytes,
  countParameters,
  footprintOf,
  loraFootprint,
  maskBufferBytes,
  passingBytes,
  type Footprint,
} from '../model/footprint.ts';
import { memoryNeed } from '../model/memory.ts';
import { configName, type ComputeDtype, type QuantConfig } from '../quant/config.ts';
import { bitsText, count, mebibytes, mebibytesColumn, whole } from './view/format.ts';

/** One line of a model's footprint. */
export interface FootprintRow {
  name: string;
  config: QuantConfig;
  /** The dtype of everything but the quantized layers. */
  rest: ComputeDtype;
  footprint: Footprint;
}

const blockwise = { blocksize: 64, compute_dtype: 'float32' } as const;

/** The configurations people compare, with the dtype of the unquantized rest. */
const COMPARED: readonly (readonly [QuantConfig, ComputeDtype])[] = [
  [{ quant_type: 'none', compute_dtype: 'float32' }, 'float32'],
  [{ quant_type: 'none', compute_dtype: 'float16' }, 'float16'],
  [{ quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' }, 'float32'],
  [{ quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float32' }, 'float16'],
  [{ quant_type: 'nf4', double_quant: false, ...blockwise }, 'float16'],
  [{ quant_type: 'nf4', double_quant: true, ...blockwise }, 'float16'],
  [{ quant_type: 'fp4', double_quant: false, ...blockwise }, 'float16'],
  [{ quant_type: 'fp4', double_quant: true, ...blockwise }, 'float16'],
];

/** A model's footprint in every quant_type, by config.json alone. */
export const footprintRows = (config: ModelConfig): FootprintRow[] =>
  COMPARED.map(([quant, rest]) => ({
    name: configName(quant),
    config: quant,
    rest,
    footprint: footprintOf(config, quant, rest),
  }));

/** Adapters that QLoRA papers and tutorials train, by what the layers compute that they sit on. */
const LORA_TARGETS: readonly (readonly [string, readonly Role[] | undefined])[] = [
  ['q, v', ['q', 'v']],
  ['all', undefined],
];

/** The footprint as a text for a terminal: counted and true sizes, cache, and adapters. */
export function footprintText(config: ModelConfig, context: number): string {
  const { linear, other } = countParameters(config);
  const masks = maskBufferBytes(config);
  const header = [
    'configuration',
    'rest in',
    'counted MiB',
    ...(masks ? ['with masks'] : []),
    'true MiB',
    'bits/weight',
  ];
  const rows = footprintRows(config).map(({ name, rest, footprint }) => [
    name,
    rest,
    mebibytesColumn(footprint.bitsandbytes_bytes),
    ...(masks ? [mebibytesColumn(footprint.bitsandbytes_bytes + masks)] : []),
    mebibytesColumn(footprint.actual_bytes),
    bitsText(footprint.bits_per_weight),
  ]);
  return [
    `${config.architecture}: ${count(linear + other, 'parameter')}, ${whole(linear)} of them in the blocks' Linear layers`,
    '',
    ...aligned([header, ...rows]),
    '',
    'counted: what get_memory_footprint prints under bitsandbytes; it leaves absmax and SCB out.',
    'true: every scale and code included.',
    ...(masks
      ? [
          `with masks: with the ${mebibytes(masks)} MiB of causal-mask buffers that older versions of transformers kept for GPT-2.`,
        ]
      : []),
    '',
    `keys and values of ${count(context, 'token')}: ${mebibytes(cacheBytes(config, context))} MiB in float32`,
    `passing through memory while loading: ${mebibytes(passingBytes(config, 2))} MiB`,
    needLine(config, context),
    ...LORA_TARGETS.map(([name, roles]) => loraLine(config, name, blockLayers(config, roles))),
  ].join('\n');
}

/** What lies on the device at most in a run of such a context, of a checkpoint of 16 bits. */
function needLine(config: ModelConfig, context: number): string {
  const extent = { tokens: context, slots: context, rows: context, wanted: context, compares: false };
  const needs = COMPARED.filter(
    ([quant], i) => i > 0 && !('double_quant' in quant && quant.double_quant),
  ).map(([quant]) => {
    const { device } = memoryNeed(config, quant, { element_bytes: 2 }, extent);
    return `${configName(quant)} ${mebibytes(device)} MiB`;
  });
  return `on the device at most while a 16-bit checkpoint is run with that context: ${needs.join(', ')}`;
}

function loraLine(config: ModelConfig, name: string, targets: readonly string[]): string {
  const { parameters, adapter_bytes, training_bytes } = loraFootprint(config, 16, targets, 'float32');
  const base = footprintOf(config, COMPARED[4]![0], 'float16').bitsandbytes_bytes;
  return `QLoRA, rank 16 on ${name}: ${count(parameters, 'parameter')}, counted ${mebibytes(base + adapter_bytes)} MiB over NF4, ${mebibytes(training_bytes)} MiB more in training`;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}
