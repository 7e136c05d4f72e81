import {
  gptqFactor,
  gptqQuantizer,
  onCpu,
  type GptqArithmetic,
  type GptqFactor,
} from '../../quant/calibrated/gptq.ts';
import type { CalibratedConfig } from '../../quant/config.ts';
import type { PlainBlockwise4bit } from '../../quant/quantized.ts';
import type { MadeLayer } from '../loader.ts';
import { siteOf, type FloatBlock } from './calibrator.ts';
import { fasterOnDevice, onDevice } from './on_device.ts';

/** Rows between two looks at whether to go on: some tenths of a second of a wide layer. */
const ROWS_AT_ONCE = 32;

/** Weights that are quantized in one go where the device helps, in float64: 128 MiB. */
const WEIGHTS_AT_ONCE = 2 ** 24;

/** A block's Linear layers by GPTQ, each by the inputs of its site. */
export async function makeGptqLayer(
  { gpu, modules, formatOf, weight, statistics }: FloatBlock,
  step: () => Promise<void>,
): Promise<MadeLayer> {
  const linears = new Map<string, PlainBlockwise4bit>();
  const factors = new Map<string, GptqFactor>();
  for (const module of modules) {
    const options = optionsOf(formatOf(module) as GptqConfig);
    const site = siteOf(module);
    const wide = fasterOnDevice(gpu, module.columns);
    const arithmetic: GptqArithmetic = wide ? onDevice(gpu) : onCpu(aTurn);
    const key = `${site} ${options.damp} ${options.desc_act}`;
    const factor = factors.get(key) ?? (await gptqFactor(statistics[site], options, arithmetic));
    factors.set(key, factor);
    const quantizer = gptqQuantizer(await weight(module), factor, options, arithmetic);
    const rows = wide ? Math.ceil(WEIGHTS_AT_ONCE / module.columns) : ROWS_AT_ONCE;
    for (let row = 0; row < module.rows; row += rows) {
      await quantizer.rows(row, Math.min(row + rows, module.rows));
      await aTurn();
    }
    linears.set(module.name, quantizer.finish());
    await step();
  }
  return { linears, divisors: new Map(), scaled: new Map() };
}

type GptqConfig = Extract<CalibratedConfig, { quant_type: 'gptq' }>;

const optionsOf = (config: GptqConfig) => {
  const { group_size, symmetric, desc_act = false, static_groups = false, damp = 0.1 } = config;
  return { group_size, symmetric, desc_act, static_groups, damp };
};

/** Messages, "stop" among them, are heard between two turns of the event loop. */
const aTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
