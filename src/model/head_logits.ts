import { dispatchForm } from '../gpu/forms.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import { linear } from '../gpu/matrix/linear.ts';
import { BAND, STRIP, stripsOf } from '../gpu/device/limits.ts';
import { logit_strips } from '../gpu/kernels/logit_strips.ts';
import { scale } from '../gpu/kernels/scale.ts';
import type { ComputeDtype } from '../quant/config.ts';
import type { Model } from './forward.ts';
import { round } from './pass.ts';
import type { Head } from './workspace.ts';

/** Entries of the vocabulary, or of a classifier's labels, whose logits are there at a time: `width` from `first` on. */
export interface Band {
  first: number;
  width: number;
}

/**
 * The bands in which R rows go through a head of V entries, each of whole strips: so many that `most` logits are there at
 * a time, or a strip of each row where those are more. Of 512 rows and 49,152 entries 12 bands of 4,096.
 */
export function bandsOf(R: number, V: number, most = BAND): Band[] {
  const width = STRIP * Math.max(1, Math.floor(most / (R * STRIP)));
  return Array.from({ length: Math.ceil(V / width) }, (_, i) => ({
    first: i * width,
    width: Math.min(width, V - i * width),
  }));
}

/** The bands of a model's head for R rows: no band keeps the device longer than a submit may. */
export const headBands = ({ weights, config, pace }: Model, R: number): Band[] =>
  bandsOf(R, weights.head.rows, Math.min(BAND, pace.work_per_submit / config.hidden_size));

/**
 * Readies `R` final states in `normed`, [R, hidden], for the head. What it returns computes a band: logits [R, width],
 * those of a vocabulary by the model's factor and bound, which the next band overwrites, and of its strips the first half
 * of the softmax, which stays. Scores, greedy tokens and a baseline's distributions all come by here.
 */
export function headOf(
  { commands, config, weights }: Model,
  { normed, rounded, logits, peaks, places }: Head['buffers'],
  R: number,
  head_dtype: ComputeDtype,
  phase: Phase,
): (band: Band) => void {
  const { hidden_size, logit_scale: factor = 1, logit_softcap: softcap = 0, num_labels } = config;
  const { head, head_bias: bias } = weights;
  const strips = stripsOf(head.rows);
  const x = round(commands, head_dtype, normed, rounded, R * hidden_size);
  return ({ first, width: V }) => {
    const rows = [first, first + V] as const;
    linear(commands, head, { M: R, x, y: logits, bias, compute_dtype: head_dtype, phase, rows });
    // A classifier's scores are its head's own.
    if (num_labels === undefined && (factor !== 1 || softcap !== 0)) {
      commands.dispatch(scale, { n: R * V, factor, softcap }, { x: logits });
    }
    dispatchForm(commands, logit_strips, { R, V, strip: STRIP, first, strips }, { logits, peaks, places });
    commands.worked(R * V * hidden_size);
  };
}
