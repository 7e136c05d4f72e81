import { LabError } from '../errors.ts';
import { findTensor, readWeightRows, type Checkpoint } from '../tensor/checkpoint.ts';
import { blockOf, type ModelConfig, type Norm, type NormPlace } from './model_config.ts';
import { layerModules, prefixOf, type LinearModule } from './modules.ts';

/** A tensor of a model's checkpoint, with the shape that config.json gives it. */
export interface ModelTensor {
  name: string;
  shape: readonly number[];
}

/** All tensors of a model, by what they are for. */
export interface ModelTensors {
  /** [vocabulary, hidden]. */
  embedding: ModelTensor;
  /** [positions, hidden], learned. */
  positions: ModelTensor | undefined;
  layers: LayerTensors[];
  norm: NormTensors;
  /** [outputs, hidden]; undefined where the embedding is the head, too. */
  head: ModelTensor | undefined;
  /** [outputs]. */
  head_bias: ModelTensor | undefined;
}

/** A block's norms, those of queries and keys among them, and its Linear layers. */
export interface LayerTensors {
  norms: Partial<Record<LayerNorm, NormTensors>>;
  linears: LinearModule[];
}

export type LayerNorm = NormPlace | 'q' | 'k';

/** A norm's tensors. */
export interface NormTensors {
  kind: Norm['kind'];
  /** What it normalizes at a time. */
  width: number;
  /** Added to each value of the weight. */
  plus: number;
  /** Sets of parameters that are used in turn; one, unless each head has its own. */
  heads: number;
  /** Together `heads` · `width` values: none where all are 1, several where each head's lie apart. */
  weights: readonly ModelTensor[];
  /** `width` values; undefined where all are 0. */
  bias: ModelTensor | undefined;
}

/** Lists a model's tensors under a checkpoint's names, or transformers' own. */
export function modelTensors(config: ModelConfig, checkpoint?: Checkpoint): ModelTensors {
  const { names, hidden_size: hidden, positions_from = 0 } = config;
  const prefix = prefixOf(config, checkpoint);
  const table = (name: string, rows: number): ModelTensor => ({
    name: `${name}.weight`,
    shape: [rows, hidden],
  });
  return {
    embedding: table(embeddingName(config, prefix, checkpoint), config.vocab_size),
    positions: names.positions
      ? table(prefix + names.positions, config.max_position_embeddings + positions_from)
      : undefined,
    layers: Array.from({ length: config.num_hidden_layers }, (_, layer) => ({
      norms: blockNorms(config, layer, `${prefix}${names.layers}.${layer}`),
      linears: layerModules(config, layer, checkpoint),
    })),
    norm: normTensors(config.norm, prefix + names.norm, hidden),
    head: headTable(config, checkpoint, table),
    head_bias:
      config.head_bias && config.num_labels === undefined
        ? { name: `${headName(config, checkpoint)}.bias`, shape: [config.vocab_size] }
        : undefined,
  };
}

/** A checkpoint of a tied model may hold the one matrix under the head's name alone. */
function embeddingName(config: ModelConfig, prefix: string, checkpoint: Checkpoint | undefined): string {
  const own = prefix + config.names.embedding;
  const head = headName(config, checkpoint);
  const has = (name: string) => checkpoint?.tensors.has(`${name}.weight`);
  return config.tie_word_embeddings && !has(own) && has(head) ? head : own;
}

/** The name of a vocabulary's head, without `.weight`: that of the family's which a checkpoint has, or transformers' own. */
export function headName({ names: { heads = ['lm_head'] } }: ModelConfig, checkpoint?: Checkpoint): string {
  return heads.find((name) => checkpoint?.tensors.has(`${name}.weight`)) ?? heads[0];
}

/** transformers puts a classifier's `score` and a vocabulary's `lm_head` beside the model, before no prefix. */
function headTable(
  config: ModelConfig,
  checkpoint: Checkpoint | undefined,
  table: (name: string, rows: number) => ModelTensor,
): ModelTensor | undefined {
  const { num_labels, tie_word_embeddings, vocab_size } = config;
  if (num_labels !== undefined) return table('score', num_labels);
  return tie_word_embeddings ? undefined : table(headName(config, checkpoint), vocab_size);
}

function blockNorms(config: ModelConfig, layer: number, at: string): LayerTensors['norms'] {
  const { hidden_size: hidden, head_dim, num_attention_heads, num_key_value_heads } = config;
  const { norms, qk_norm } = blockOf(config, layer);
  const places = Object.entries(norms) as [NormPlace, string][];
  const tensors: LayerTensors['norms'] = Object.fromEntries(
    places.map(([place, path]) => [place, normTensors(config.norm, `${at}.${path}`, hidden)]),
  );
  if (!qk_norm) return tensors;
  const norm = (path: string, heads: number): NormTensors => {
    const { over, own_weights, parameters } = qk_norm;
    const kind = parameters && config.norm.kind === 'layer' ? { ...config.norm, parameters } : config.norm;
    const shared = normTensors(kind, `${at}.${path}`, over === 'head' ? head_dim : heads * head_dim);
    if (!own_weights) return shared;
    const weights =
      own_weights === 'one-tensor'
        ? [{ name: `${at}.${path}.weight`, shape: [heads, head_dim] }]
        : Array.from({ length: heads }, (_, head) => ({
            name: `${at}.${path}.${head}.weight`,
            shape: [head_dim],
          }));
    return { ...shared, heads, weights };
  };
  return { ...tensors, q: norm(qk_norm.q, num_attention_heads), k: norm(qk_norm.k, num_key_value_heads) };
}

const normTensors = (norm: Norm, name: string, width: number): NormTensors => {
  const parameters = norm.kind === 'layer' ? (norm.parameters ?? 'both') : 'weight';
  return {
    kind: norm.kind,
    width,
    heads: 1,
    plus: norm.plus_one ? 1 : 0,
    weights: parameters === 'none' ? [] : [{ name: `${name}.weight`, shape: [width] }],
    bias: parameters === 'both' ? { name: `${name}.bias`, shape: [width] } : undefined,
  };
};

/** The same tensors in one list, those of the Linear layers among them. */
export function allTensors(tensors: ModelTensors): ModelTensor[] {
  const { embedding, positions, layers, norm, head, head_bias } = tensors;
  const parts = ({ weights, bias }: NormTensors) => [...weights, bias];
  return [
    embedding,
    positions,
    ...layers.flatMap(({ norms, linears }) => [
      ...Object.values(norms).flatMap(parts),
      ...linears.flatMap(linearTensors),
    ]),
    ...parts(norm),
    head,
    head_bias,
  ].filter((tensor) => tensor !== undefined);
}

const linearTensors = ({ name, rows, columns, bias, conv1d }: LinearModule): ModelTensor[] => [
  { name: `${name}.weight`, shape: conv1d ? [columns, rows] : [rows, columns] },
  ...(bias ? [{ name: `${name}.bias`, shape: [rows] }] : []),
];

/**
 * Whether a checkpoint holds a head that is not the embedding, though config.json says that they are one: transformers
 * 5 then leaves them apart, as the values say (modeling_utils.py, tie_weights).
 */
export async function hasOwnHead(config: ModelConfig, checkpoint: Checkpoint): Promise<boolean> {
  const { tensors } = checkpoint;
  const own = modelTensors(config, checkpoint).embedding.name;
  const head = `${headName(config, checkpoint)}.weight`;
  if (config.num_labels !== undefined || own === head || !tensors.has(own) || !tensors.has(head))
    return false;
  const [a, b] = [findTensor(checkpoint, own).info, findTensor(checkpoint, head).info];
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return true;
  for (let row = 0; row < config.vocab_size; row += ROWS_AT_ONCE) {
    const end = Math.min(row + ROWS_AT_ONCE, config.vocab_size);
    const [x, y] = await Promise.all([own, head].map((name) => readWeightRows(checkpoint, name, row, end)));
    if (x!.some((byte, i) => byte !== y![i])) return true;
  }
  return false;
}

/** Of two matrices that are compared: some MiB of each. */
const ROWS_AT_ONCE = 1024;

/** @throws missing-tensor when a checkpoint lacks a tensor; bad-config when it has another shape. */
export function requireTensor(checkpoint: Checkpoint, { name, shape }: ModelTensor): void {
  const found = findTensor(checkpoint, name).info.shape;
  if (found.length === shape.length && found.every((d, i) => d === shape[i])) return;
  throw new LabError(
    'bad-config',
    `Tensor ${name} is [${found.join(', ')}]; config.json makes it [${shape.join(', ')}].`,
  );
}
