import { dispatchForm } from '../gpu/forms.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import { linear } from '../gpu/matrix/linear.ts';
import { STRIP, logit_strips } from '../gpu/kernels/logit_strips.ts';
import { scale } from '../gpu/kernels/scale.ts';
import type { ComputeDtype } from '../quant/config.ts';
import type { Model } from './forward.ts';
import { round } from './pass.ts';
import type { Head } from './workspace.ts';

/**
 * Puts `R` final states in `normed`, [R, hidden], through the head: logits [R, outputs], those of a vocabulary by the
 * model's factor and bound, and the first half of their softmax. Scores, greedy tokens and a baseline's distributions
 * all come by here.
 */
export function headLogits(
  { commands, config, weights }: Model,
  { normed, rounded, logits, peaks, places }: Head['buffers'],
  R: number,
  head_dtype: ComputeDtype,
  phase: Phase,
): void {
  const V = weights.head.rows;
  const x = round(commands, head_dtype, normed, rounded, R * config.hidden_size);
  const { head, head_bias: bias } = weights;
  linear(commands, head, { M: R, x, y: logits, bias, compute_dtype: head_dtype, phase });
  const { logit_scale: factor = 1, logit_softcap: softcap = 0, num_labels } = config;
  // A classifier's scores are its head's own.
  if (num_labels === undefined && (factor !== 1 || softcap !== 0)) {
    commands.dispatch(scale, { n: R * V, factor, softcap }, { x: logits });
  }
  dispatchForm(commands, logit_strips, { R, V, strip: STRIP }, { logits, peaks, places });
}
