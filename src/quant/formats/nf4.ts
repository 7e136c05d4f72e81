import { namedCodebook } from './blockwise.ts';

/**
 * The quantiles of a standard normal, normalised to [-1, 1], with an exact 0: about as many weights of a
 * normally distributed block fall on each (Dettmers et al. 2023, QLoRA, appendix E; bitsandbytes functional.py).
 */
const VALUES = [
  -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
  -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
  0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
];

/** NF4, by the quantiles of the normal distribution. */
export const nf4 = namedCodebook({
  quant_type: 'nf4',
  values: VALUES,
  about:
    'a codebook whose 16 values are quantiles of a normal distribution, one of them 0. Divided by their absmax, weights do not fall on them equally often: it is a good code for them, not the best there is.',
  saved: 'bitsandbytes',
  look: { hue: 'nf4', shape: 'circle', dash: 'solid' },
});

export const NF4 = nf4.codebook;
