import { prompt } from '../eval/doc.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { openCalibrator, type CalibrationJob } from '../model/calibrate/calibrator.ts';
import { ERROR_TOKENS, withLayerErrors } from '../model/calibrate/layer_errors.ts';
import { requireCalibratable } from '../model/calibrate/requirements.ts';
import { writeSamples } from '../model/calibrate/samples.ts';
import type { ModelFiles } from '../model/open_model.ts';
import { withModel } from '../model/session.ts';
import type { Calibrator } from '../model/weights.ts';
import { SAMPLES, type Calibration } from '../quant/calibrated/calibration.ts';
import { FLOAT32, type QuantConfig } from '../quant/config.ts';
import { calibratedFormats } from '../quant/layers.ts';
import { isQuantizing } from '../quant/quantize.ts';
import type { LayerErrors } from '../study/result.ts';
import { hashText } from '../study/digest.ts';
import { canonicalJson, type ExperimentSpec } from '../study/spec.ts';
import { calibrationSequences, requireOtherText, textOf } from './calibration_text.ts';
import { openDatasets, type Datasets } from './datasets.ts';
import type { Host } from './host.ts';
import { layerShelf, readKept, writeKept } from './layer_shelf.ts';
import type { PlannedItem } from './plan.ts';
import type { Scratch } from './scratch.ts';

/** A run whose configurations may be calibrated, and where it keeps what they were made by. */
export interface CalibrationSource {
  spec: ExperimentSpec;
  host: Host;
  model: ModelFiles;
  plan: readonly PlannedItem[];
  scratch: Scratch | undefined;
  signal: AbortSignal;
}

/** Says how far a calibration is, and is waited for: it may be held or stopped there. */
export type CalibrationStep = (done: number, total: number, what: string) => Promise<void>;

/**
 * Refuses a run one of whose configurations cannot be calibrated so, before any text is read; where a run is to go on
 * behind what fails, each is refused when it is its turn.
 * @throws bad-spec
 */
export function requireCalibrations(spec: ExperimentSpec, model: ModelFiles): void {
  if (spec.on_error === 'continue') return;
  for (const config of spec.configs) requireCalibration(config, spec, model);
}

function requireCalibration(config: QuantConfig, spec: ExperimentSpec, model: ModelFiles): void {
  requireCalibratable(config, model);
  for (const { calibration } of calibratedFormats(config)) requireOtherText(calibration, spec);
}

/** Makes the quantized layers of a configuration, and measures what is lost, block by block while they are loaded. */
export interface Calibrating {
  calibrator: Calibrator | undefined;
  /** What each Linear layer lost, once the weights are loaded; undefined where no configuration has a text. */
  errors: LayerErrors | undefined;
}

/**
 * What makes the quantized layers of a configuration, by its text, and measures what any configuration loses on the text
 * of the first that has one.
 */
export async function calibrating(
  source: CalibrationSource,
  gpu: Gpu,
  config: QuantConfig,
  onStep: CalibrationStep,
): Promise<Calibrating> {
  const { model, spec } = source;
  requireCalibration(config, spec, model);
  const [own] = calibratedFormats(config);
  const made = own && (await makerOf(source, gpu, config, own.calibration, onStep));
  const first = spec.configs.flatMap(calibratedFormats)[0];
  if (!first || !(made ?? isQuantizing(config))) return { calibrator: made, errors: undefined };
  const { calibration } = first;
  const sequences = firstTokens(await sequencesOf(source, gpu, calibration, onStep), ERROR_TOKENS);
  const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
  const errors: LayerErrors = { calibration, tokens, layers: [] };
  const calibrator = withLayerErrors(made, gpu, model, {
    ...{ config, sequences },
    onStep: (done, total, layer) => onStep(done, total, `errors of ${layerOf(model, layer)}`),
    onError: (error) => errors.layers.push(error),
  });
  return { calibrator, errors };
}

const layerOf = ({ config }: ModelFiles, layer: number): string =>
  `layer ${layer + 1} of ${config.num_hidden_layers}`;

/** Sequences up to so many tokens. */
function firstTokens(sequences: readonly (readonly number[])[], most: number): (readonly number[])[] {
  let left = most;
  return sequences.flatMap((ids) => {
    const part = ids.slice(0, left);
    left -= part.length;
    return part.length > 0 ? [part] : [];
  });
}

async function makerOf(
  source: CalibrationSource,
  gpu: Gpu,
  config: QuantConfig,
  calibration: Calibration,
  onStep: CalibrationStep,
): Promise<Calibrator> {
  const { model, scratch } = source;
  const sequences = await sequencesOf(source, gpu, calibration, onStep);
  const job: CalibrationJob = {
    config,
    sequences,
    onStep: (done, total, layer) => onStep(done, total, layerOf(model, layer)),
    shelf: scratch && layerShelf(scratch, hashText(canonicalJson(config)).slice(0, 16)),
  };
  return openCalibrator(gpu, model, job);
}

/** The text of a calibration as token ids: what another configuration of the run, or of its first sitting, was made by. */
export async function sequencesOf(
  { host, model, plan, scratch, signal }: Omit<CalibrationSource, 'spec'>,
  gpu: Gpu,
  calibration: Calibration,
  onStep: CalibrationStep,
): Promise<number[][]> {
  const name = `text-${hashText(canonicalJson(calibration)).slice(0, 16)}`;
  const kept = scratch && (await readKept<number[][]>(scratch, name));
  if (kept) return kept.json;
  const asked = new Set(plan.flatMap(({ doc }) => [textOf(doc), prompt(doc)]));
  const datasets = openDatasets(host.data, [], signal, host.hub);
  const sequences = await readSequences(gpu, model, calibration, { datasets, asked, onStep });
  if (scratch) await writeKept(scratch, name, { json: sequences, bytes: [] });
  return sequences;
}

/** The text of a calibration as token ids: written by the model itself, or read, none of it among what is `asked`. */
export function readSequences(
  gpu: Gpu,
  model: ModelFiles,
  calibration: Calibration,
  { datasets, asked, onStep }: { datasets: Datasets; asked: ReadonlySet<string>; onStep: CalibrationStep },
): Promise<number[][]> {
  const { tokenizer, config } = model;
  if (calibration.text !== SAMPLES) {
    const bounds = { asked, longest: config.max_position_embeddings };
    return calibrationSequences(calibration, datasets, (text) => tokenizer.encode(text), bounds);
  }
  return withModel(gpu, model, FLOAT32, (float) =>
    writeSamples(float, tokenizer, calibration, (done) => onStep(done, calibration.tokens, 'writing a text')),
  );
}
