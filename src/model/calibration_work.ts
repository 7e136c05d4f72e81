import { MOST_SCALINGS } from '../quant/calibrated/awq.ts';
import { isCalibrated, type QuantConfig } from '../quant/config.ts';
import { layerConfig } from '../quant/layers.ts';
import type { ModelConfig } from './model_config.ts';
import { linearModules, type LinearModule } from './modules.ts';

/** What calibrating a model takes. */
export interface CalibrationWork {
  /** Multiplications in float64 on the CPU. */
  multiplications: number;
  /** Tokens whose way through the model's Linear layers keeps the device as long. */
  tokens: number;
}

/** Multiplications of a layer. */
interface Work {
  cpu: number;
  device: number;
}

/** Of GPTQ's 128 columns, half are behind the one whose error is passed on within a block. */
const BEHIND = 64;

/** What AWQ's scaling, rounding and dividing a weight takes, and cutting it at ten magnitudes, beside the products. */
const ROUNDING = 8;
const CLIPS = 10;

/**
 * Counts what calibrating takes, by the shapes alone: a text through each block, and what each method makes of its inputs.
 * @param helps true of so many inputs where the device computes what grows by their square and cube
 */
export function calibrationWork(
  model: ModelConfig,
  config: QuantConfig,
  tokens: number,
  helps: (columns: number) => boolean,
): CalibrationWork {
  const work: Work = { cpu: 0, device: 0 };
  let all = 0;
  for (const module of linearModules(model)) {
    const weights = module.rows * module.columns;
    all += weights;
    work.device += tokens * weights;
    const own = layerConfig(config, module.aliases);
    if (!isCalibrated(own)) continue;
    const { cpu, device } =
      own.quant_type === 'gptq'
        ? gptqWork(module, tokens, helps(module.columns))
        : awqWork(module, tokens, own.group_size);
    work.cpu += cpu;
    work.device += device;
  }
  return { multiplications: work.cpu, tokens: work.device / all };
}

/** One Linear layer of those that read an input stands for all: they share its products and their factor. */
const standsForItsInput = ({ parts }: LinearModule): boolean =>
  parts.some(({ role }) => role === 'q' || role === 'o' || role === 'up' || role === 'down');

function gptqWork(module: LinearModule, tokens: number, onDevice: boolean): Work {
  const { rows, columns } = module;
  const [square, cube] = [columns ** 2, columns ** 3];
  const shared = standsForItsInput(module) ? (tokens * square) / 2 + cube / (onDevice ? 1 : 3) : 0;
  const long = shared + (rows * square) / 2;
  const within = rows * columns * BEHIND;
  // The text goes through the quantized block, too.
  const again = tokens * rows * columns;
  return onDevice ? { cpu: within, device: long + again } : { cpu: long + within, device: again };
}

function awqWork(module: LinearModule, tokens: number, group_size: number): Work {
  const weights = module.rows * module.columns;
  const seen = standsForItsInput(module) ? (tokens * module.columns * group_size) / 2 : 0;
  return {
    cpu: seen + weights * (MOST_SCALINGS * ROUNDING + CLIPS * (group_size / 2 + ROUNDING)),
    device: MOST_SCALINGS * tokens * weights,
  };
}
