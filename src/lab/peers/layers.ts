import { toFailure } from '../../errors.ts';
import { linearModules } from '../../model/modules.ts';
import type { ModelFiles } from '../../model/open_model.ts';
import { savedReader } from '../../model/stored_quant.ts';
import { headName, modelTensors } from '../../model/tensors.ts';
import { dequantize } from '../../quant/quantize.ts';
import { ontoGrid, type FileLayer, type Grid } from '../../quant/saved/file_layer.ts';
import type { Beginning } from '../../study/peer_audit.ts';
import { readWeight } from '../../tensor/checkpoint.ts';
import { transposed, type Tensor } from '../../tensor/tensor.ts';
import { relativeError, type NamedWeight } from './other_weights.ts';
import type { Peer } from './peer.ts';
import { otherSettings } from './settings.ts';

/** The layers of a peer's file beside the checkpoint's own. */
export interface ReadLayers {
  layers: FileLayer[];
  grids: Grid[];
  /** Settings that are others than the model's, then layers further from the checkpoint than their grid costs, in their order. */
  astray: Beginning[];
  /** Their weights as the file has them, and as this lab rounds the checkpoint's to the same grids. */
  own: () => Promise<NamedWeight[]>;
  rounded: () => Promise<NamedWeight[]>;
}

/** Two ways to round to one grid differ by less; another weight, or another's scales, by far more. */
const ROOM = 1.5;

/** What rounding to a float costs, of a weight's size: nothing, or half a unit in the last place with room. */
const FLOAT_ERROR = { float32: 1e-6, float16: 1e-3, bfloat16: 8e-3 };

/** Reads the layers that a peer computes by, or says in a sentence why it cannot. */
export async function readLayers(
  { weights }: Pick<Peer, 'weights'>,
  model: Stored,
): Promise<ReadLayers | { unread: string }> {
  if (!weights) return { unread: 'Its weights are not read here.' };
  const places = placesOf(model);
  const layers: FileLayer[] = [];
  const pairs: { name: string; conv1d: boolean; layer: FileLayer; weight: Tensor }[] = [];
  const astray: Beginning[] = [];
  /** Weights of norms, and tables, by the names of the checkpoint. */
  const constants: NamedWeight[] = [];
  try {
    const file = await weights();
    if (file.config) astray.push(...otherSettings(model.config, file.config));
    for (const layer of file.layers) {
      const place = places.find(({ paths }) => paths.some((path) => isSame(path, layer.path)));
      if (!place) continue;
      const weight = await weightAt(model, place);
      if (weight.shape.join() !== layer.shape.join()) continue;
      layers.push(layer);
      pairs.push({ name: place.name, conv1d: place.conv1d, layer, weight });
      const { grid } = layer;
      const error = relativeError((await layer.dequantize()).data, weight.data);
      const allowed =
        grid.kind === 'float'
          ? FLOAT_ERROR[grid.dtype]
          : ROOM * relativeError(ontoGrid(weight, grid).data, weight.data) + FLOAT_ERROR.float32;
      if (error <= allowed) continue;
      astray.push({ what: 'weights', layer: layer.path, op_type: layer.op_type, error, allowed });
    }
    for (const { name, shape, dtype, decode } of file.constants) {
      const own = [...model.checkpoint.tensors.keys()].find((tensor) => isSame(tensor, name));
      if (own === undefined) continue;
      const weight = await readWeight(model.checkpoint, own);
      if (weight.shape.join() !== shape.join()) continue;
      const data = await decode();
      constants.push({ name: own, conv1d: false, shape, data });
      const error = relativeError(data, weight.data);
      const allowed = FLOAT_ERROR[dtype];
      if (error <= allowed) continue;
      astray.push({
        what: 'weights',
        layer: own.replace(/\.weight$/, ''),
        op_type: 'constant',
        error,
        allowed,
      });
    }
  } catch (error) {
    return { unread: toFailure(error).message };
  }
  if (layers.length === 0) {
    return { unread: 'No layer of its file has a name and a shape of the checkpoint’s.' };
  }
  const taken = new Set(pairs.map(({ name }) => name));
  const missing = storedModules(model).find((name) => !taken.has(`${name}.weight`));
  if (missing !== undefined) {
    return { unread: `The checkpoint is quantized, and ${missing} has no counterpart in its file.` };
  }
  return {
    layers,
    grids: layers.map(({ grid }) => grid),
    astray,
    own: async () => [
      ...constants,
      ...(await Promise.all(
        pairs.map(async ({ name, conv1d, layer }) => ({ name, conv1d, ...(await layer.dequantize()) })),
      )),
    ],
    rounded: () =>
      Promise.resolve(
        pairs.map(({ name, conv1d, layer, weight }) => ({ name, conv1d, ...ontoGrid(weight, layer.grid) })),
      ),
  };
}

type Stored = Pick<ModelFiles, 'config' | 'checkpoint' | 'stored_quant'>;

/** The layers that the checkpoint has quantized. */
function storedModules({ config, checkpoint, stored_quant }: Stored): string[] {
  if (!stored_quant) return [];
  const reader = savedReader(checkpoint);
  return linearModules(config, checkpoint)
    .map(({ name }) => name)
    .filter((name) => stored_quant.layout.isQuantized(reader, name));
}

/** A weight of the checkpoint in float32, [outputs, inputs]: of a quantized layer what its codes and scales say. */
async function weightAt(
  { checkpoint, stored_quant }: Stored,
  { name, source, conv1d, shape }: Place,
): Promise<Tensor> {
  const module = name.replace(/\.weight$/, '');
  const reader = savedReader(checkpoint);
  if (shape && stored_quant?.layout.isQuantized(reader, module)) {
    return dequantize(await stored_quant.layout.read(reader, module, shape));
  }
  const weight = await readWeight(checkpoint, source);
  return conv1d ? transposed(weight) : weight;
}

interface Place {
  /** Paths that an exporter may call it by. */
  paths: readonly string[];
  /** The tensor of that name; of a tied head it is read from the embedding. */
  name: string;
  source: string;
  conv1d: boolean;
  /** Of a Linear layer, [outputs, inputs]. */
  shape?: readonly [number, number];
}

function placesOf({ config, checkpoint }: Pick<ModelFiles, 'config' | 'checkpoint'>): Place[] {
  const head = headName(config, checkpoint);
  const { embedding, positions } = modelTensors(config, checkpoint);
  const tables = [embedding, positions].filter((table) => table !== undefined);
  return [
    ...linearModules(config, checkpoint).map(({ name, aliases, conv1d, rows, columns }): Place => ({
      ...{ paths: [name, ...aliases], name: `${name}.weight`, source: `${name}.weight`, conv1d },
      shape: [rows, columns],
    })),
    {
      ...{ paths: [head], name: `${head}.weight`, conv1d: false },
      source: checkpoint.tensors.has(`${head}.weight`) ? `${head}.weight` : embedding.name,
    },
    ...tables.map(({ name }) => ({
      ...{ paths: [name.replace(/\.weight$/, '')], name, source: name, conv1d: false },
    })),
  ];
}

/** True of two paths to one module: one may have more in front, and attention has two names. */
function isSame(ours: string, theirs: string): boolean {
  const path = theirs.replace(/\.attn\.(?=[qkvo]_proj$)/, '.self_attn.');
  return ours === path || ours.endsWith(`.${path}`) || path.endsWith(`.${ours}`);
}
