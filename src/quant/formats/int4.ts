import { namedCodebook } from './blockwise.ts';

const MAGNITUDES = [0, 1, 2, 3, 4, 5, 6, 7];

/** The symmetric ruler 7 … 0, 0 … -7 over 7 (bitsandbytes functional.py, get_4bit_type "int4"); 0 stands twice. */
export const int4 = namedCodebook({
  quant_type: 'int4',
  values: [...MAGNITUDES.map((v) => v / 7).reverse(), ...MAGNITUDES.map((v) => (0 - v) / 7)],
  about: 'the whole numbers −7 to 7, divided by 7: a ruler. Two of its 16 values are zero.',
  saved: undefined,
  look: { hue: 'int8', shape: 'triangle', dash: 'dotted' },
});

export const INT4 = int4.codebook;
