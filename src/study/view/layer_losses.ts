import { formatOf } from '../../quant/config.ts';
import { SAMPLES } from '../../quant/calibrated/calibration.ts';
import { own } from '../../tensor/own.ts';
import { TASKS } from '../../eval/tasks/tasks.ts';
import type { LayerErrors } from '../result.ts';
import { decimals, whole } from './format.ts';
import type { RowView } from './view.ts';

/** What a configuration lost over all its Linear layers: each error is the root of the mean square over them. */
export interface LayerLoss {
  output_error: number;
  weight_error: number;
  /** The layer that loses most of its outputs. */
  worst: LayerErrors['layers'][number];
}

/** A row that has layers' errors. */
export type LosingRow = RowView & { errors: LayerErrors; loss: LayerLoss };

/** The errors of a configuration's layers in one; undefined where none were measured. */
export function layerLoss(errors: LayerErrors | undefined): LayerLoss | undefined {
  const layers = errors?.layers ?? [];
  if (layers.length === 0) return undefined;
  const rms = (of: 'weight_error' | 'output_error') =>
    Math.sqrt(layers.reduce((sum, layer) => sum + layer[of] ** 2, 0) / layers.length);
  return {
    output_error: rms('output_error'),
    weight_error: rms('weight_error'),
    worst: layers.reduce((a, b) => (b.output_error > a.output_error ? b : a)),
  };
}

/** The rows that have layers' errors, by how much of the outputs they lose. */
export const losingRows = (rows: readonly RowView[]): LosingRow[] =>
  rows
    .filter((row): row is LosingRow => row.loss !== undefined)
    .sort((a, b) => a.loss.output_error - b.loss.output_error);

/** An error as a share: 0.0743 is "7.43 %". */
export const errorText = (error: number): string => `${decimals(100 * error, 2)} %`;

/** Why both errors are shown, what they were measured on, and where GPTQ comes by either; by output error sorted. */
export function lossSentences(rows: readonly LosingRow[]): string[] {
  const [first] = rows;
  if (!first) return [];
  const { calibration, tokens } = first.errors;
  return [
    'A layer is used for its outputs, so what counts is how far they are off: ‖X(W − Ŵ)ᵀ‖ / ‖XWᵀ‖, where X are the inputs that the layer has in the float model. Beside it stands the error of the weights, ‖W − Ŵ‖ / ‖W‖.',
    `Measured on ${whole(tokens)} tokens of ${textName(calibration.text)}, the same for every configuration; a configuration’s error is the root of the mean square over its Linear layers.`,
    ...placesOfGptq(rows),
  ];
}

/** GPTQ's place by either error, and the reason they differ; none where it stands alone. */
function placesOfGptq(rows: readonly LosingRow[]): string[] {
  const best = rows.find(({ config }) => formatOf(config).quant_type === 'gptq');
  if (!best || rows.length < 2) return [];
  const place = (error: 'output_error' | 'weight_error') =>
    1 + rows.filter(({ loss }) => loss[error] < best.loss[error]).length;
  return [
    `GPTQ moves weights away from their nearest values on purpose, so that the error of one cancels those of others whose inputs rise and fall with its own: ranked by weights it comes behind plain rounding to the same values. Here ${best.name} is number ${place('weight_error')} of ${rows.length} by the error of the weights and number ${place('output_error')} by that of the outputs.`,
  ];
}

const textName = (text: string): string =>
  text === SAMPLES ? 'a text that the model wrote' : (own(TASKS, text)?.title ?? text);
