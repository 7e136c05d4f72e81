import type { Field } from '../../page/query_state.ts';

/** Sixteen values of a codebook of one's own in the address, thousandths from -1000 to 1000: "-1000,-696,…,1000". */
export const codeField = (key: string): Field<readonly number[] | undefined> => ({
  key,
  missing: undefined,
  print: (code) => code?.map((value) => Math.round(1000 * value)).join(',') ?? '',
  parse(text) {
    const values = text.split(',');
    const valid =
      values.length === 16 && values.every((value) => /^-?\d{1,4}$/.test(value) && Math.abs(+value) <= 1000);
    return valid ? values.map((value) => +value / 1000).sort((a, b) => a - b) : undefined;
  },
});
