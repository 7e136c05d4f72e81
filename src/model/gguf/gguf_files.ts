import { LabError } from '../../errors.ts';
import type { FileLayer, FloatConstant, FloatName } from '../../quant/saved/file_layer.ts';
import { READ_TYPES, runsAsStored, floatsOf } from '../../quant/saved/gguf_blocks.ts';
import type { Checkpoint } from '../../tensor/checkpoint.ts';
import { decode, type QuantizableDtype } from '../../tensor/dtype.ts';
import { readGguf, type Gguf, type GgufTensor } from '../../tensor/gguf.ts';
import { memorySource, type ByteSource, type FileSet } from '../../tensor/source.ts';
import { parseConfig } from '../config.ts';
import type { ModelConfig } from '../model_config.ts';
import type { RopeFactors } from './architectures.ts';
import { architectureOf, ggufConfig } from './config.ts';
import { ggufTensors, headsOf, type NamedTensor } from './names.ts';
import { tokenizerFiles } from './tokenizer.ts';
import {
  bytesIn,
  checkpointOfViews,
  floatView,
  inHalves,
  less,
  storedView,
  turned,
  type View,
} from './views.ts';

/** Names of tensors that say something of rope, not weights. */
export const ROPE_TENSORS = {
  all: 'rope_freqs.weight',
  short: 'rope_factors_short.weight',
  long: 'rope_factors_long.weight',
};

/**
 * A GGUF file as the folder of a model: config.json and the tokenizer's files written from its metadata, and its tensors
 * as a checkpoint under transformers' names. Rows that llama.cpp has in another order are put back, codes stay as they are.
 * @throws all of readGguf's; unsupported-architecture, unsupported-quantization, bad-tokenizer, bad-config, bad-gguf.
 */
export async function ggufFiles(source: ByteSource): Promise<FileSet> {
  const gguf = await readGguf(source);
  requireWhole(source.name, gguf);
  const { pairwise = false } = architectureOf(source.name, gguf);
  const rope = await ropeFactors(source, gguf);
  const config = ggufConfig(source.name, gguf, rope, false);
  const { views, warnings } = viewsOf(source, gguf, parseConfig(config), pairwise);
  const quantized = [...views.values()].some(({ dtype }) => dtype === 'U8');
  const texts = new Map<string, unknown>([
    ['config.json', ggufConfig(source.name, gguf, rope, quantized)],
    ...Object.entries(tokenizerFiles(source.name, gguf)),
  ]);
  const made = new Map(
    [...texts].map(([name, json]) => [
      name,
      memorySource(name, new TextEncoder().encode(JSON.stringify(json))),
    ]),
  );
  const checkpoint: Checkpoint = checkpointOfViews(source.name, views, shownMetadata(gguf), warnings);
  return {
    names: [...made.keys(), source.name],
    open: (name) => {
      const file = made.get(name) ?? (name === source.name ? source : undefined);
      if (file) return Promise.resolve(file);
      return Promise.reject(new LabError('missing-file', `${name} is not in ${source.name}.`));
    },
    checkpoint: () => Promise.resolve(checkpoint),
  };
}

/**
 * The weights of a GGUF file as floats, matrices [outputs, inputs] apart from the rest, under transformers' names; and
 * the model by the file's own settings.
 * @throws all of ggufFiles'
 */
export async function ggufWeights(source: ByteSource): Promise<{
  config: ModelConfig;
  layers: FileLayer[];
  constants: FloatConstant[];
}> {
  const gguf = await readGguf(source);
  requireWhole(source.name, gguf);
  const { pairwise = false } = architectureOf(source.name, gguf);
  const config = parseConfig(ggufConfig(source.name, gguf, await ropeFactors(source, gguf), false));
  const byName = new Map(gguf.tensors.map((tensor) => [tensor.name, tensor]));
  const layers: FileLayer[] = [];
  const constants: FloatConstant[] = [];
  for (const named of ggufTensors(config)) {
    const tensor = byName.get(named.from);
    if (!tensor) continue;
    requireRead(source.name, tensor);
    const view = inOrder(less(floatView(source, tensor), named.plus ?? 0), pairwise, named, config);
    const decoded = async () => decode(view.dtype as QuantizableDtype, await view.read(0, bytesIn(view)));
    const { shape, type } = tensor;
    const { name } = named.tensor;
    const dtype = FLOATS[type.name];
    if (shape.length === 2) {
      layers.push({
        path: name.replace(/\.weight$/, ''),
        op_type: type.name,
        shape: [shape[0]!, shape[1]!],
        grid: dtype ? { kind: 'float', dtype } : { kind: 'ggml', type: type.name },
        bytes: tensor.range[1] - tensor.range[0],
        dequantize: async () => ({ shape, data: await decoded() }),
      });
    } else {
      constants.push({ name, shape, dtype: dtype ?? 'float32', decode: decoded });
    }
  }
  return { config, layers, constants };
}

const FLOATS: Readonly<Record<string, FloatName>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** Longest text of a metadata value that is shown. */
const MOST_SHOWN = 120;

/** What the metadata says but for its lists, the vocabulary's among them. */
const shownMetadata = ({ metadata }: Gguf): Map<string, string> =>
  new Map(
    [...metadata].flatMap(([key, value]) => {
      if (Array.isArray(value)) return [];
      const text = String(value);
      return [[key, text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text] as const];
    }),
  );

function requireWhole(file: string, { metadata }: Gguf): void {
  const parts = metadata.get('split.count');
  if (typeof parts !== 'number' || parts < 2) return;
  throw new LabError(
    'bad-gguf',
    `${file} is one of ${parts} parts of a model; allowed: one whole file, as llama-gguf-split --merge makes it.`,
  );
}

async function ropeFactors(source: ByteSource, { tensors }: Gguf): Promise<RopeFactors> {
  const read = async (name: string) => {
    const tensor = tensors.find((each) => each.name === name);
    if (!tensor) return undefined;
    requireRead(source.name, tensor);
    return [...floatsOf(name, tensor.type, await source.slice(...tensor.range))];
  };
  const [all, short, long] = [
    await read(ROPE_TENSORS.all),
    await read(ROPE_TENSORS.short),
    await read(ROPE_TENSORS.long),
  ];
  return { ...(all && { all }), ...(short && { short }), ...(long && { long }) };
}

function requireRead(file: string, { name, type }: GgufTensor): void {
  if (READ_TYPES.includes(type.name)) return;
  throw new LabError(
    'unsupported-quantization',
    `${file}: tensor ${name} is of type ${type.name}; Nibble reads ${READ_TYPES.join(', ')}.`,
  );
}

function viewsOf(
  source: ByteSource,
  { tensors }: Gguf,
  config: ModelConfig,
  pairwise: boolean,
): { views: Map<string, View>; warnings: string[] } {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const views = new Map<string, View>();
  const expanded = new Set<string>();
  for (const named of ggufTensors(config)) {
    const tensor = byName.get(named.from);
    byName.delete(named.from);
    // What is missing is refused where the model is checked, under the name it has there.
    if (!tensor) continue;
    requireRead(source.name, tensor);
    const [name, view] = viewOf(source, tensor, named);
    if (view.dtype === 'F32' && tensor.type.weights > 1) expanded.add(tensor.type.name);
    views.set(name, inOrder(view, pairwise, named, config));
  }
  for (const name of Object.values(ROPE_TENSORS)) byName.delete(name);
  const rest = [...byName.keys()];
  return {
    views,
    warnings: [
      ...(rest.length > 0
        ? [
            `not read, because the architecture has no such tensor: ${rest.length} of ${source.name}, ${rest[0]} among them`,
          ]
        : []),
      ...(expanded.size > 0
        ? [
            `tables and layers of type ${[...expanded].join(', ')} are computed with as float32: the same numbers, in more memory`,
          ]
        : []),
    ],
  };
}

/** A tensor under the name that it has here: that of its floats, or of a Linear layer's blocks as they are stored. */
function viewOf(
  source: ByteSource,
  tensor: GgufTensor,
  { tensor: { name }, module, plus = 0, transposed }: NamedTensor,
): [string, View] {
  const { type } = tensor;
  if (module && tensor.shape.length === 2 && runsAsStored(type.name)) {
    return [`${module.name}.${type.name}`, storedView(source, tensor)];
  }
  const floats = floatView(source, tensor);
  if (transposed && tensor.shape.length === 2) return [name, turned(floats)];
  return [name, less(floats, plus)];
}

/** The rows of queries and keys as transformers has them. */
function inOrder(view: View, pairwise: boolean, named: NamedTensor, config: ModelConfig): View {
  const heads = pairwise ? headsOf(named, config) : undefined;
  return heads === undefined ? view : inHalves(view, heads);
}
