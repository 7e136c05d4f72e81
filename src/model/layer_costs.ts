import type { Gpu } from '../gpu/device/device.ts';
import { FLOAT32, weightBytes, type LayerFormat, type QuantConfig } from '../quant/config.ts';
import { fitsGroups } from '../quant/quantize.ts';
import { findTensor } from '../tensor/checkpoint.ts';
import type { Model } from './forward.ts';
import type { Trace } from './language_model.ts';
import { layerModules, type LinearModule } from './modules.ts';
import type { ModelFiles } from './open_model.ts';
import { scoreRequests } from './score_requests.ts';
import { withModel } from './session.ts';
import { loadLinear } from './weights.ts';
import { joinFloats } from '../tensor/concatenate.ts';

/** What storing one Linear layer in some formats costs the whole model. */
export interface LayerCost {
  module: string;
  /** What it takes as the checkpoint has it. */
  stored_bytes: number;
  /** For each format asked for; undefined where the layer's rows are no whole number of its groups. */
  costs: (FormatCost | undefined)[];
}

export interface FormatCost {
  bytes: number;
  /** Mean KL(float32 ‖ the model with this layer alone in the format), in nats a token. */
  kl: number;
}

export interface CostsAsked {
  formats: readonly LayerFormat[];
  /** Token ids, each sequence of two at least and up to the model's length. */
  sequences: readonly (readonly number[])[];
  /** Is waited for between layers, and may stop the measurement by throwing. */
  onStep: (done: number, total: number, module: string) => Promise<void>;
}

export interface LayerCosts {
  layers: LayerCost[];
  /** Bytes of everything else on the device. */
  rest_bytes: number;
  /** Tokens whose successors' distributions were compared. */
  tokens: number;
}

/** Measures what each Linear layer costs in each format, by switching it alone. */
export const layerCosts = (
  gpu: Gpu,
  model: Pick<ModelFiles, 'config' | 'checkpoint' | 'adapter'>,
  { formats, sequences, onStep }: CostsAsked,
): Promise<LayerCosts> =>
  withModel(gpu, model, FLOAT32, async (float) => {
    const divergence = await divergenceFrom(float, sequences);
    const modules = float.weights.layers.flatMap((_, layer) =>
      layerModules(model.config, layer, model.checkpoint).map((module) => ({ layer, module })),
    );
    const layers: LayerCost[] = [];
    for (const { layer, module } of modules) {
      await onStep(layers.length, modules.length, module.name);
      const [begin, end] = findTensor(model.checkpoint, `${module.name}.weight`).info.data_offsets;
      const cost: LayerCost = { module: module.name, stored_bytes: end - begin, costs: [] };
      for (const format of formats) {
        const config = { ...format, compute_dtype: 'float32' } as QuantConfig;
        cost.costs.push(
          fitsGroups(module.columns, config)
            ? {
                bytes: weightBytes(config, [module.rows, module.columns]),
                kl: await switched(float, model, { layer, module, config }, divergence),
              }
            : undefined,
        );
      }
      layers.push(cost);
    }
    await onStep(modules.length, modules.length, '');
    return {
      layers,
      rest_bytes: float.weights.bytes - float.weights.linear_bytes,
      tokens: sequences.reduce((sum, { length }) => sum + length - 1, 0),
    };
  });

/** Does something while one layer's weights are in another format, wherever its rows lie now. */
async function switched<T>(
  { gpu, weights }: Model,
  { checkpoint }: Pick<ModelFiles, 'checkpoint'>,
  { layer, module, config }: { layer: number; module: LinearModule; config: QuantConfig },
  work: () => Promise<T>,
): Promise<T> {
  const { linears } = weights.layers[layer]!;
  const before = { ...linears };
  const { linear, close } = await loadLinear(gpu, checkpoint, config, module);
  for (const { role, rows } of module.parts) {
    const { lora } = linears[role]!.linear;
    linears[role] = { linear: { ...linear, ...(lora && { lora }) }, groups: module.groups, rows };
  }
  try {
    return await work();
  } finally {
    Object.assign(linears, before);
    close();
  }
}

/** Reads the model's distributions over a text as they are now; gives how far they are from those later, in nats a token. */
async function divergenceFrom(
  model: Model,
  sequences: readonly (readonly number[])[],
): Promise<() => Promise<number>> {
  const states: Float32Array<ArrayBuffer>[][] = sequences.map(() => []);
  await follow(model, sequences, (at) => ({ kind: 'keep', keep: (part) => states[at]!.push(part.slice()) }));
  return async () => {
    let [kl, tokens] = [0, 0];
    await follow(model, sequences, (at) => ({
      kind: 'compare',
      head_dtype: model.head_dtype,
      next: readerOf(states[at]!),
      report(token) {
        kl += token.kl;
        tokens++;
      },
    }));
    return kl / tokens;
  };
}

async function follow(
  model: Model,
  sequences: readonly (readonly number[])[],
  traceOf: (at: number) => Trace,
): Promise<void> {
  const scored = scoreRequests(model, [...sequences.keys()], (at) => ({
    pairs: [{ context: sequences[at]!.slice(0, 1), continuation: sequences[at]!.slice(1) }],
    bundles: [[0]],
    trace: traceOf(at),
  }));
  for await (const pass of scored) void pass;
}

/** Gives back values in the order they came, as many as are asked for. */
function readerOf(parts: readonly Float32Array[]): (length: number) => Float32Array<ArrayBuffer> {
  const whole = joinFloats(parts);
  let at = 0;
  return (length) => whole.slice(at, (at += length));
}
