import type { Commands } from '../gpu/device/commands.ts';
import { layer_norm } from '../gpu/kernels/layer_norm.ts';
import { rms_norm } from '../gpu/kernels/rms_norm.ts';
import type { Norm } from './model_config.ts';

/** A norm's parameters on the device; only LayerNorm has a bias. */
export interface NormWeights {
  weight: GPUBuffer;
  bias: GPUBuffer | undefined;
}

/** y [T, width] = each row of x normalized by itself. */
export function normalize(
  commands: Commands,
  { kind, eps }: Norm,
  { weight, bias }: NormWeights,
  { T, width, x, y }: { T: number; width: number; x: GPUBuffer; y: GPUBuffer },
): void {
  switch (kind) {
    case 'rms':
      commands.dispatch(rms_norm, { T, width, eps }, { x, weight, y });
      break;
    case 'layer':
      commands.dispatch(layer_norm, { T, width, eps }, { x, weight, bias: bias!, y });
      break;
  }
}
