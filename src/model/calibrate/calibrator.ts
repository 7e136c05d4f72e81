import type { Gpu } from '../../gpu/device/device.ts';
import { emptyStatistics, addInputs, type InputStatistics } from '../../quant/calibrated/statistics.ts';
import { MOST_SCALINGS } from '../../quant/calibrated/awq.ts';
import { isCalibrated, type CalibratedConfig, type QuantConfig } from '../../quant/config.ts';
import { calibratedFormats, layerConfig } from '../../quant/layers.ts';
import { transposed, type Tensor } from '../../tensor/tensor.ts';
import { readWeight, type Checkpoint } from '../../tensor/checkpoint.ts';
import type { MadeLayer } from '../loader.ts';
import type { Adapter } from '../lora.ts';
import type { ModelConfig, Role } from '../model_config.ts';
import type { LinearModule } from '../modules.ts';
import type { InputSite } from '../pass.ts';
import type { LayerTensors } from '../tensors.ts';
import { loadFloatLayer, type Calibrator, type LayerWeights } from '../weights.ts';
import { makeAwqLayer } from './awq_layer.ts';
import { makeGptqLayer } from './gptq_layer.ts';
import { addInputsOnDevice, fasterOnDevice } from './on_device.ts';
import { openTextRunner, type TextRunner } from './text_runner.ts';

/** A text for a configuration, and who hears of how far it got. */
export interface CalibrationJob {
  /** Some of its layers' formats, all of one method, are made by the text; other layers are left to whoever loads them. */
  config: QuantConfig;
  /** Token ids of the text. */
  sequences: readonly (readonly number[])[];
  /** Is waited for often: to be told of steps, of so many in all, or to be stopped. */
  onStep: (done: number, total: number, layer: number) => Promise<void>;
  /** Keeps the layers that are made, and gives back those of a run that goes on. */
  shelf?: LayerShelf | undefined;
}

/** The model whose layers are made. */
export interface CalibratedModel {
  checkpoint: Checkpoint;
  config: ModelConfig;
  adapter?: Adapter | undefined;
}

/** Where layers are kept between two sittings of a run. */
export interface LayerShelf {
  read(index: number): Promise<MadeLayer | undefined>;
  write(index: number, made: MadeLayer): Promise<void>;
}

/** A block in float32, with all that quantizing its Linear layers asks for. */
export interface FloatBlock {
  gpu: Gpu;
  index: number;
  /** Linear layers that are made by the text, in the order they are used. */
  modules: readonly LinearModule[];
  /** What each of them is to be. */
  formatOf: (module: LinearModule) => CalibratedConfig;
  tensors: LayerTensors;
  /** The weight of a Linear layer, [rows, columns]. */
  weight: (module: LinearModule) => Promise<Tensor>;
  /** The block on the device. */
  layer: LayerWeights;
  statistics: Readonly<Record<InputSite, InputStatistics>>;
  /** The inputs of a site, [tokens, columns] a sequence; kept only where they are asked for. */
  inputs: Partial<Record<InputSite, Float32Array<ArrayBuffer>[]>>;
  runner: TextRunner;
  config: ModelConfig;
}

/** The input that a role's Linear layer reads. */
export const SITE_OF: Readonly<Record<Role, InputSite>> = {
  ...{ q: 'attention', k: 'attention', v: 'attention', o: 'output' },
  ...{ gate: 'mlp', up: 'mlp', down: 'down' },
};

export const siteOf = ({ parts }: LinearModule): InputSite => SITE_OF[parts[0]!.role];

/** What is made of a block that has no layer to be made by a text. */
const NOTHING: MadeLayer = { linears: new Map(), divisors: new Map(), scaled: new Map() };

/** Quantizes a model's blocks by a text that goes through them: GPTQ's through quantized blocks, AWQ's through floats. */
export function openCalibrator(
  gpu: Gpu,
  model: CalibratedModel,
  { config, sequences, onStep, shelf }: CalibrationJob,
): Calibrator {
  const [format] = calibratedFormats(config);
  const isGptq = format?.quant_type === 'gptq';
  const layers = model.config.num_hidden_layers;
  // Each sequence goes through each block once to be looked at, and where errors are followed once more; else scalings of
  // up to four sites are tried.
  const tried = isGptq ? sequences.length : 4 * MOST_SCALINGS;
  const perLayer = sequences.length + tried + model.config.blocks[0].linears.length;
  let done = 0;
  let at = 0;
  let runner: TextRunner | undefined;
  const step = () => onStep(Math.min(++done, layers * perLayer), layers * perLayer, at);
  return {
    async begin(tables) {
      runner = await openTextRunner(gpu, model.config, tables, sequences, step);
    },
    async make(index, tensors) {
      at = index;
      done = index * perLayer;
      const modules = tensors.linears.filter(({ aliases }) => isCalibrated(layerConfig(config, aliases)));
      const kept = modules.length > 0 ? await shelf?.read(index) : NOTHING;
      // A block that is only run needs its inputs no more.
      if (kept && isGptq) return kept;
      const block = await openBlock(index, tensors, modules, kept ? 'run' : 'look');
      try {
        if (kept) return kept;
        const made = isGptq ? await makeGptqLayer(block, step) : await makeAwqLayer(block, step);
        await shelf?.write(index, made);
        return made;
      } finally {
        block.close();
      }
    },
    async loaded(index, layer) {
      if (isGptq && index < layers - 1) await runner!.run(index, layer, { goOn: true });
    },
    close: () => runner?.close(),
  };

  async function openBlock(
    index: number,
    tensors: LayerTensors,
    modules: readonly LinearModule[],
    what: 'run' | 'look',
  ) {
    const { checkpoint, adapter } = model;
    const looked = new Set(modules.map(siteOf));
    const { layer, close } = await loadFloatLayer(gpu, checkpoint, adapter, tensors);
    try {
      const statistics = {} as Record<InputSite, InputStatistics>;
      const inputs: FloatBlock['inputs'] = {};
      await runner!.run(index, layer, {
        goOn: !isGptq,
        ...(what === 'look' && {
          taken: async (site, x, width) => {
            if (!looked.has(site)) return;
            if (!isGptq) (inputs[site] ??= []).push(x);
            const seen = (statistics[site] ??= emptyStatistics(width, isGptq ? width : format?.group_size));
            if (isGptq && fasterOnDevice(gpu, width)) await addInputsOnDevice(gpu, seen, x);
            else addInputs(seen, x);
          },
        }),
      });
      const block: FloatBlock = {
        ...{ gpu, index, tensors, layer, statistics, inputs, runner: runner!, config: model.config },
        modules,
        formatOf: ({ aliases }) => layerConfig(config, aliases) as CalibratedConfig,
        weight: (module) => readLinear(checkpoint, module),
      };
      return { ...block, close };
    } catch (error) {
      close();
      throw error;
    }
  }
}

/** A Linear layer's weight [rows, columns] in float32; the file may hold its transpose. */
export async function readLinear(checkpoint: Checkpoint, { name, conv1d }: LinearModule): Promise<Tensor> {
  const stored = await readWeight(checkpoint, `${name}.weight`);
  return conv1d ? transposed(stored) : stored;
}
