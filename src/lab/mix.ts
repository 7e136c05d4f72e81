import { LabError } from '../errors.ts';
import { openChatTemplate } from '../model/chat/chat_template.ts';
import { countParameters } from '../model/footprint.ts';
import { layerCosts } from '../model/layer_costs.ts';
import { openModel } from '../model/open_model.ts';
import type { Calibration } from '../quant/calibrated/calibration.ts';
import { mixableFormats, type MixMeasured } from '../study/mix.ts';
import type { ExperimentSpec } from '../study/spec.ts';
import { sequencesOf, type CalibrationStep } from './calibration.ts';
import { requireOtherText } from './calibration_text.ts';
import type { Host } from './host.ts';
import { planItems } from './plan.ts';

/**
 * Measures what each Linear layer of a spec's model costs in each format that its configurations have, on a text that
 * the spec does not ask.
 * @throws bad-spec where there is no format to mix, the model has no words to compare or is quantized already, or the
 * text is evaluated; all that opening the model throws.
 */
export async function measureMix(
  spec: ExperimentSpec,
  calibration: Calibration,
  host: Host,
  onStep: CalibrationStep,
  signal: AbortSignal,
): Promise<MixMeasured> {
  const formats = mixableFormats(spec);
  if (formats.length === 0) {
    throw new LabError(
      'bad-spec',
      'A mix is made of the formats of a spec’s configurations, and none of these has one; allowed: formats that need no text, LLM.int8() aside.',
    );
  }
  requireOtherText(calibration, spec);
  const quiet = () => undefined;
  const { files } = await host.openFiles(spec.model, quiet, signal);
  const adapted = spec.model.adapter && (await host.openAdapter(spec.model.adapter, quiet, signal));
  const model = await openModel(files, adapted?.files);
  if (model.config.num_labels !== undefined || model.stored_quant) {
    throw new LabError(
      'bad-spec',
      `A mix is chosen by what a model says next; the model is ${model.stored_quant ? 'quantized already' : 'a classifier'}; allowed: language models in floats.`,
    );
  }
  const { items: plan } = await planItems(
    spec,
    host.data,
    signal,
    {},
    () => openChatTemplate(files, new Date()),
    host.hub,
  );
  const gpu = await host.gpu();
  const source = { host, model, plan, scratch: undefined, signal };
  const sequences = await sequencesOf(source, gpu, calibration, onStep);
  const costs = await layerCosts(gpu, model, {
    formats,
    sequences: sequences.filter(({ length }) => length > 1),
    onStep,
  });
  return { calibration, formats, ...costs, linear_weights: countParameters(model.config).linear };
}
