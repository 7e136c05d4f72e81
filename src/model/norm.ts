import type { Commands } from '../gpu/device/commands.ts';
import { dispatchForm } from '../gpu/forms.ts';
import { layer_norm } from '../gpu/kernels/layer_norm.ts';
import { rms_norm } from '../gpu/kernels/rms_norm.ts';
import type { Norm } from './model_config.ts';

/** A norm's parameters on the device, `heads` · `width` values each; only LayerNorm has a bias. */
export interface NormWeights {
  width: number;
  /** Sets of parameters that are used in turn; one, unless each head has its own. */
  heads: number;
  weight: GPUBuffer;
  bias: GPUBuffer | undefined;
}

/** y [n] = x [n] with every `width` values normalized by themselves: tokens, or heads of tokens. */
export function normalize(
  commands: Commands,
  { kind, eps }: Norm,
  { width, heads, weight, bias }: NormWeights,
  { n, x, y }: { n: number; x: GPUBuffer; y: GPUBuffer },
): void {
  const params = { T: n / width, width, eps };
  switch (kind) {
    case 'rms':
      dispatchForm(commands, rms_norm, params, { x, weight, y }, width);
      break;
    case 'layer':
      dispatchForm(commands, layer_norm, { ...params, heads }, { x, weight, bias: bias!, y }, width);
      break;
  }
}
