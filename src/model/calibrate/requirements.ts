import { LabError } from '../../errors.ts';
import { configName, formatOf, isCalibrated, type QuantConfig } from '../../quant/config.ts';
import { layerConfig } from '../../quant/layers.ts';
import { requireGroups } from '../../quant/quantize.ts';
import { linearModules } from '../modules.ts';
import type { ModelFiles } from '../open_model.ts';

/**
 * Inputs of a Linear layer up to which it is calibrated, in float64 on the CPU. GPTQ's factor of so many takes about a
 * minute and 800 MB; AWQ tries twenty scalings, each of which takes as long.
 */
export const MOST_COLUMNS = { gptq: 5120, awq: 2047 } as const;

/**
 * Refuses to calibrate what cannot be, before a text is read: a checkpoint that is quantized already, an adapter under
 * AWQ, layers that are too wide, rows that are no whole number of groups.
 * @throws bad-spec naming the configuration, what was found, and what is allowed.
 */
export function requireCalibratable(
  config: QuantConfig,
  { config: model, checkpoint, adapter }: Pick<ModelFiles, 'config' | 'checkpoint' | 'adapter'>,
): void {
  if (!isCalibrated(config)) return;
  const name = configName(config);
  if (model.num_labels !== undefined && config.calibration.text === 'samples') {
    throw new LabError(
      'bad-spec',
      `${name} is calibrated by samples, but a classifier writes none; allowed: a task's text or a file.`,
    );
  }
  if (adapter && formatOf(config).quant_type === 'awq') {
    throw new LabError(
      'bad-spec',
      `${name} scales a layer's inputs, which a LoRA adapter on top was not trained for; allowed: AWQ without an adapter.`,
    );
  }
  for (const module of linearModules(model, checkpoint)) {
    if (layerConfig(config, module.aliases) !== config) continue;
    requireGroups(module.name, module.columns, config);
    if (module.columns <= MOST_COLUMNS[config.quant_type]) continue;
    throw new LabError(
      'bad-spec',
      `${module.name} has ${module.columns} inputs; ${name} takes up to ${MOST_COLUMNS[config.quant_type]}: leave the layer out by skip_modules, or choose a format without calibration.`,
    );
  }
}

/** Bytes of the statistics of one block's inputs and of what is made of the widest, in float64, beside the model. */
export const calibrationBytes = ({
  config,
  checkpoint,
}: Pick<ModelFiles, 'config' | 'checkpoint'>): number => {
  const modules = linearModules(config, checkpoint).map(({ columns }) => columns);
  const widths = [...new Set(modules)];
  return 8 * (widths.reduce((sum, columns) => sum + 2 * columns ** 2, 0) + 2 * Math.max(...widths) ** 2);
};
