import { LabError } from '../../errors.ts';
import { configName, formatOf, isCalibrated, type QuantConfig } from '../../quant/config.ts';
import { layerConfig } from '../../quant/layers.ts';
import { requireGroups } from '../../quant/quantize.ts';
import { linearModules } from '../modules.ts';
import type { ModelFiles } from '../open_model.ts';

/** Inputs of a Linear layer up to which GPTQ takes it: the products of so many take 2 GiB, as float64. */
const MOST_COLUMNS = 16384;

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
    if (config.quant_type !== 'gptq' || module.columns <= MOST_COLUMNS) continue;
    throw new LabError(
      'bad-spec',
      `${module.name} has ${module.columns} inputs; ${name} takes up to ${MOST_COLUMNS}: leave the layer out by skip_modules, or choose a format without calibration.`,
    );
  }
}
