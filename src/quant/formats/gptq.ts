import { DEFAULT_CALIBRATION } from '../calibrated/calibration.ts';
import type { KnobValues } from '../knobs.ts';
import { NO_EXCEPTIONS, type Config, type Format } from './format.ts';
import { grouped, groupName } from './stored_groups.ts';

/** GPTQ's codes; what says how they were found is missing where a checkpoint came with them. */
export type GptqConfig = Config<'gptq', 'group_size' | 'symmetric' | 'compute_dtype'> &
  Partial<Pick<KnobValues, 'desc_act' | 'static_groups' | 'damp' | 'calibration'>>;

/** Column by column, each one's error put right in the others by what the layer's inputs look like. */
export const gptq: Format<GptqConfig, undefined> = {
  ...grouped<GptqConfig>(({ symmetric }) => symmetric, 4),
  quant_type: 'gptq',
  title: 'GPTQ',
  knobs: {
    group_size: 128,
    symmetric: true,
    desc_act: false,
    static_groups: false,
    // Few tokens want more than the 0.01 of the paper, which has 262,144 of them.
    damp: 0.1,
    calibration: DEFAULT_CALIBRATION,
    compute_dtype: 'float32',
    ...NO_EXCEPTIONS,
  },
  choices: { group_size: [32, 64, 128, -1] },
  nameOf: ({ group_size, symmetric, desc_act, static_groups }) =>
    `GPTQ · ${groupName(group_size)}${symmetric ? '' : ' · zero points'}` +
    (desc_act ? ` · act-order${static_groups ? ' in place' : ''}` : ''),
  calibrated: { errors: 'of its quantized layers' },
  look: { hue: 'nf4', shape: 'triangle', dash: 'solid' },
};
