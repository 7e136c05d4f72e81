import { DEFAULT_CALIBRATION } from '../calibrated/calibration.ts';
import type { KnobValues } from '../knobs.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';
import { grouped, groupName } from './stored_groups.ts';

/** AWQ's codes; what says how they were found is missing where a checkpoint came with them. */
export type AwqConfig = Config<'awq', 'group_size' | 'compute_dtype'> &
  Partial<Pick<KnobValues, 'clip' | 'unscaled' | 'calibration'>>;

/** Plain rounding, of weights that were scaled up where their inputs are large. */
export const awq: Format<AwqConfig, undefined> = {
  ...grouped<AwqConfig>(() => false, 4),
  quant_type: 'awq',
  title: 'AWQ',
  knobs: {
    group_size: 128,
    clip: true,
    unscaled: false,
    calibration: DEFAULT_CALIBRATION,
    compute_dtype: 'float32',
    ...NO_EXCEPTIONS,
  },
  nameOf: ({ group_size, clip = true, unscaled }) =>
    `AWQ · ${groupName(group_size)}${clip ? '' : ' · not cut'}${unscaled ? ' · or unscaled' : ''}`,
  calibrated: { errors: 'of its float layers' },
  look: { hue: 'nf4', shape: 'diamond', dash: 'dotted' },
};
