import { LabError } from '../../errors.ts';
import { configName, isCalibrated, type QuantConfig } from '../../quant/config.ts';
import { calibratedFormats, layerConfig } from '../../quant/layers.ts';
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
  const formats = calibratedFormats(config);
  const [first] = formats;
  if (!first) return;
  requireOneText(formats);
  const name = configName(first);
  if (model.num_labels !== undefined && first.calibration.text === 'samples') {
    throw new LabError(
      'bad-spec',
      `${name} is calibrated by samples, but a classifier writes none; allowed: a task's text or a file.`,
    );
  }
  if (adapter && first.quant_type === 'awq') {
    throw new LabError(
      'bad-spec',
      `${name} scales a layer's inputs, which a LoRA adapter on top was not trained for; allowed: AWQ without an adapter.`,
    );
  }
  for (const module of linearModules(model, checkpoint)) {
    const own = layerConfig(config, module.aliases);
    if (!isCalibrated(own)) continue;
    requireGroups(module.name, module.columns, own);
    if (own.quant_type !== 'gptq' || module.columns <= MOST_COLUMNS) continue;
    throw new LabError(
      'bad-spec',
      `${module.name} has ${module.columns} inputs; ${configName(own)} takes up to ${MOST_COLUMNS}: leave the layer out by skip_modules, or choose a format without calibration.`,
    );
  }
}

/** Formats made by a text share its one way through the model: floats for AWQ, the layers made so far for GPTQ. */
function requireOneText(formats: ReturnType<typeof calibratedFormats>): void {
  const [first] = formats;
  const other = formats.find(
    ({ quant_type, calibration }) =>
      quant_type !== first!.quant_type || JSON.stringify(calibration) !== JSON.stringify(first!.calibration),
  );
  const awq =
    first!.quant_type === 'awq' ? formats.find((each) => configName(each) !== configName(first!)) : undefined;
  const wrong = other ?? awq;
  if (!wrong) return;
  const allowed = other
    ? 'one method and one text in a configuration'
    : 'one AWQ in a configuration, whose layers are scaled together';
  throw new LabError(
    'bad-spec',
    `A configuration has layers in ${configName(first!)} and in ${configName(wrong)}${
      other && other.quant_type === first!.quant_type ? ' by another text' : ''
    }; allowed: ${allowed}.`,
  );
}
