import { prompt } from '../eval/doc.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { openCalibrator, type CalibrationJob } from '../model/calibrate/calibrator.ts';
import { requireCalibratable } from '../model/calibrate/requirements.ts';
import { writeSamples } from '../model/calibrate/samples.ts';
import type { ModelFiles } from '../model/open_model.ts';
import { withModel } from '../model/session.ts';
import type { Calibrator } from '../model/weights.ts';
import { SAMPLES, type Calibration } from '../quant/calibrated/calibration.ts';
import { isCalibrated, type QuantConfig } from '../quant/config.ts';
import { hashText } from '../study/digest.ts';
import { canonicalJson, type ExperimentSpec } from '../study/spec.ts';
import { calibrationSequences, requireOtherText, textOf } from './calibration_text.ts';
import { openDatasets } from './datasets.ts';
import type { Host } from './host.ts';
import { layerShelf, readKept, writeKept } from './layer_shelf.ts';
import type { PlannedItem } from './plan.ts';
import type { Scratch } from './scratch.ts';

/** A run whose configurations may be calibrated, and where it keeps what they were made by. */
export interface CalibrationSource {
  host: Host;
  model: ModelFiles;
  plan: readonly PlannedItem[];
  scratch: Scratch | undefined;
  signal: AbortSignal;
}

/** Says how far a calibration is, and is waited for: it may be held or stopped there. */
export type CalibrationStep = (done: number, total: number, what: string) => Promise<void>;

/** @throws bad-spec where a configuration of a spec cannot be calibrated so: before any text is read. */
export function requireCalibrations(spec: ExperimentSpec, model: ModelFiles): void {
  for (const config of spec.configs) {
    if (!isCalibrated(config)) continue;
    requireCalibratable(config, model);
    requireOtherText(config.calibration, spec);
  }
}

/** What makes the quantized layers of a configuration, by its text; undefined where it is not calibrated. */
export async function calibratorOf(
  source: CalibrationSource,
  gpu: Gpu,
  config: QuantConfig,
  onStep: CalibrationStep,
): Promise<Calibrator | undefined> {
  if (!isCalibrated(config)) return undefined;
  const { model, scratch } = source;
  const sequences = await sequencesOf(source, gpu, config.calibration, onStep);
  const job: CalibrationJob = {
    config,
    sequences,
    onStep: (done, total, layer) =>
      onStep(done, total, `layer ${layer + 1} of ${model.config.num_hidden_layers}`),
    shelf: scratch && layerShelf(scratch, hashText(canonicalJson(config)).slice(0, 16)),
  };
  return openCalibrator(gpu, model, job);
}

/** The text of a calibration as token ids: what another configuration of the run, or of its first sitting, was made by. */
async function sequencesOf(
  { host, model, plan, scratch, signal }: CalibrationSource,
  gpu: Gpu,
  calibration: Calibration,
  onStep: CalibrationStep,
): Promise<number[][]> {
  const name = `text-${hashText(canonicalJson(calibration)).slice(0, 16)}`;
  const kept = scratch && (await readKept<number[][]>(scratch, name));
  if (kept) return kept.json;
  const { tokenizer, config } = model;
  const asked = new Set(plan.flatMap(({ doc }) => [textOf(doc), prompt(doc)]));
  const sequences =
    calibration.text === SAMPLES
      ? await withModel(gpu, model, { quant_type: 'none', compute_dtype: 'float32' }, (float) =>
          writeSamples(float, tokenizer, calibration, (done) =>
            onStep(done, calibration.tokens, 'writing a text'),
          ),
        )
      : await calibrationSequences(
          calibration,
          openDatasets(host.data, [], signal, host.hub),
          (text) => tokenizer.encode(text),
          { asked, longest: config.max_position_embeddings },
        );
  if (scratch) await writeKept(scratch, name, { json: sequences, bytes: [] });
  return sequences;
}
