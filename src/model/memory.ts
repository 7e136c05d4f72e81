import { bufferBytes, PIECE_BYTES } from '../gpu/device/limits.ts';
import { computedHere, formatOf, type QuantConfig } from '../quant/config.ts';
import { groupByConfig, layerConfigs } from '../quant/layers.ts';
import { elements } from '../tensor/tensor.ts';
import { nestingBytes, quantizedSizes, sharedSizes } from './matrix_sizes.ts';
import type { ModelConfig } from './model_config.ts';
import { linearModules, type LinearModule } from './modules.ts';
import { modelTensors, type ModelTensors, type NormTensors } from './tensors.ts';
import {
  grownExtent,
  headLengths,
  LEAST_WANTED,
  widestMaskBytes,
  workspaceSizes,
  type Extent,
} from './workspace_sizes.ts';
import { sum } from '../tensor/sum.ts';

/** What of a model's files its memory depends on, beside config.json. */
export interface StoredModel {
  /** Bytes of an element of its matrices that are not quantized: 2 or 4. */
  element_bytes: number;
  /** Elements of a LoRA adapter on top. */
  adapter_elements?: number;
}

/** The largest of what a run asks at a time. */
export interface RunExtent extends Extent {
  /** Tokens whose successors are looked at, at most at a time. */
  rows: number;
  /** Log-probabilities wanted of them. */
  wanted: number;
  /** True where texts are compared with a baseline, whose logits lie beside the model's own. */
  compares: boolean;
}

/** Memory that a configuration takes, in bytes, all of it foreseen before the first weight is read. */
export interface MemoryNeed {
  /** Quantized layers, embeddings, head, norms. */
  weights: number;
  /** What passes through the device beside the weights while they are loaded. */
  loading: number;
  /** Activations of the longest pass. */
  activations: number;
  /** Keys and values. */
  cache: number;
  /** A band of logits, and what is kept and read of them. */
  head: number;
  /** On the device at most at a time. */
  device: number;
  /** In the program's own memory at most: parts on their way, and what is quantized on the CPU. */
  host: number;
  /** The largest buffer, which an adapter must allow. */
  largest: { what: string; bytes: number };
}

/** Parts of a matrix that a binding takes; each may end with a buffer that is rounded up. */
const PART_BYTES = 64 * 1024 * 1024;

/** Computes what a configuration needs: by config.json, how weights are stored, and the longest pass. */
export function memoryNeed(
  config: ModelConfig,
  asked: QuantConfig,
  stored: StoredModel,
  extent: RunExtent,
): MemoryNeed {
  const quant = computedHere(asked);
  const { element_bytes, adapter_elements = 0 } = stored;
  const tensors = modelTensors(config);
  const modules = linearModules(config);
  const groups = groupByConfig(quant, modules);
  const floats = (rows: number, columns: number) => inParts(rows * columns * element_bytes);
  const linears = groups.flatMap(({ config: own, layers }) =>
    layers.map(({ rows, columns }) =>
      own.quant_type === 'none'
        ? floats(rows, columns)
        : sum(quantizedSizes(own, [rows, columns]).map(inParts)),
    ),
  );
  const tables = [tensors.embedding, tensors.positions, tensors.head].flatMap((table) =>
    table ? [floats(table.shape[0]!, table.shape[1]!)] : [],
  );
  const vectors = [...vectorSizes(tensors, modules), ...joinedSizes(tensors, modules)].map((n) =>
    bufferBytes(4 * n),
  );
  const adapter = 4 * adapter_elements + (adapter_elements > 0 ? 32 * modules.length : 0);
  const codes = layerConfigs(quant).flatMap(sharedSizes).map(bufferBytes);
  const weights = sum([...linears, ...tables, ...vectors, ...codes]) + adapter;

  const space = workspaceSizes(config, quant, grownExtent(extent));
  const activations = sum(space.activations.map(bufferBytes)) + seenBytes(config, quant);
  const cache = sum(space.cache.map(bufferBytes));
  const outputs = config.num_labels ?? config.vocab_size;
  const { rows } = extent;
  const headSizes = (wanted: number) =>
    Object.values(headLengths(config.hidden_size, outputs, rows, wanted)).map((n) => bufferBytes(4 * n));
  const head =
    sum(headSizes(Math.max(extent.wanted, LEAST_WANTED))) + (extent.compares ? sum(headSizes(rows)) : 0);

  const most = (bytesOf: (own: QuantConfig, layers: readonly LinearModule[], element: number) => number) =>
    Math.max(...groups.map(({ config: own, layers }) => bytesOf(own, layers, element_bytes)));
  const loading = most(loadingBytes);
  return {
    weights,
    loading,
    activations,
    cache,
    head,
    device: weights + Math.max(loading, activations + cache + head),
    host: most(hostBytes),
    largest: [
      { what: 'keys of a layer', bytes: Math.max(...space.cache) },
      { what: 'activations', bytes: Math.max(...space.activations) },
      { what: 'logits', bytes: 4 * headLengths(config.hidden_size, outputs, rows, 1).logits },
    ].reduce((a, b) => (b.bytes > a.bytes ? b : a)),
  };
}

/** Bytes in parts, each rounded up. */
const inParts = (bytes: number): number => bufferBytes(bytes) + 16 * Math.floor(bytes / PART_BYTES);

/** Values that steps of decoding have once more: biases of Linear layers that become one, and the norms behind them. */
function joinedSizes({ layers }: ModelTensors, modules: readonly LinearModule[]): number[] {
  const joined = modules.filter(({ parts }) => parts.some(({ role }) => role !== 'o' && role !== 'down'));
  const biases = joined.flatMap(({ bias, rows }) => (bias ? [rows, rows] : []));
  const norms = layers.flatMap(({ norms: { attention_in, mlp_in } }) => [attention_in, mlp_in]);
  const copied = norms.filter((norm) => norm && (norm.kind === 'layer' || biases.length > 0));
  return [...biases, ...copied.map((norm) => 2 * norm!.width)];
}

/** Values of each vector, which all are float32 on the device. */
function vectorSizes({ layers, norm, head_bias }: ModelTensors, modules: readonly LinearModule[]): number[] {
  const normSizes = ({ kind, width, heads, bias }: NormTensors) => [
    heads * width,
    ...(bias ? [elements(bias.shape)] : kind === 'layer' ? [heads * width] : []),
  ];
  return [
    ...layers.flatMap(({ norms }) => Object.values(norms).flatMap(normSizes)),
    ...normSizes(norm),
    ...(head_bias ? [elements(head_bias.shape)] : []),
    ...modules.flatMap(({ bias, rows }) => (bias ? [rows] : [])),
  ];
}

/** LLM.int8(): a mask for each input of each layer, which collects outlier columns. */
const seenBytes = (config: ModelConfig, { quant_type }: QuantConfig): number =>
  quant_type === 'llm_int8' ? 4 * config.num_hidden_layers * bufferBytes(widestMaskBytes(config)) : 0;

/** Floats that a GPU quantizes lie on it until it has; absmax values, until they are quantized in their turn. */
function loadingBytes(quant: QuantConfig, modules: readonly LinearModule[], element_bytes: number): number {
  if (!('double_quant' in quant)) return 0;
  const shapes = modules.map(({ rows, columns }) => [rows, columns] as const);
  const passing = shapes.map((shape) => pieceOf(shape, element_bytes));
  // Codes and absmax values of a piece of a larger part, before they are put in their place.
  const pieces = shapes.some((shape) => shape[0] * shape[1] * element_bytes > PIECE_BYTES);
  const n = Math.max(0, ...passing) / element_bytes;
  return (
    Math.max(0, ...passing) +
    (pieces ? n / 2 + (4 * n) / quant.blocksize : 0) +
    Math.max(0, ...shapes.map((shape) => nestingBytes(quant, shape)))
  );
}

const pieceOf = ([rows, columns]: readonly [number, number], element_bytes: number): number =>
  Math.min(rows * columns * element_bytes, Math.max(PIECE_BYTES, columns * element_bytes));

/** Two pieces on their way, a matrix that is turned, and what the CPU works with where it quantizes. */
function hostBytes(quant: QuantConfig, modules: readonly LinearModule[], element_bytes: number): number {
  const turned = modules.map(({ conv1d, rows, columns }) => (conv1d ? rows * columns * element_bytes : 0));
  const staging = 2 * PIECE_BYTES + Math.max(0, ...turned);
  const largest = Math.max(0, ...modules.map(({ rows, columns }) => rows * columns));
  switch (formatOf(quant).arithmetic(quant)) {
    case 'float':
      return staging;
    case 'int8':
    case 'llm_int8': {
      // One scale a tensor is known when all of it has been seen.
      const whole = quant.quant_type === 'int8' && quant.granularity === 'tensor';
      const n = whole ? largest : Math.min(largest, PIECE_BYTES / element_bytes);
      return staging + 5 * n;
    }
    case '4-bit':
    case '8-bit':
      // As stored, as float32, and the codes with their scales.
      return 'double_quant' in quant ? staging : staging + largest * (element_bytes + 4 + 2);
  }
}
