import { dequantizeInt8 } from '../../../quant/int8.ts';
import { quantizeActivations, quantizeLlmInt8 } from '../../../quant/llm_int8.ts';
import { seededRandom } from '../../../tensor/random.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { TableTwin } from '../../chart/table_twin.ts';
import { count, decimals, digits3 } from '../../../study/view/format.ts';

export const COLUMNS = 14;
const TOKENS = 6;
const OUTPUTS = 32;

/** The two large columns and their values: a language model's activations have such columns. */
const LARGE = new Map([
  [4, 40],
  [11, -18],
]);

/** One product of activations and weights as LLM.int8() computes it. */
export interface Int8Example {
  rows: { values: { value: number; code: number; outlier: boolean }[]; SCA: number }[];
  outlier_cols: number[];
  /** Mean |error| of the product over the mean of its magnitudes. */
  error: number;
}

const drawn = (() => {
  const random = seededRandom(3);
  const activations = Float32Array.from({ length: TOKENS * COLUMNS }, (_, i) => {
    const large = LARGE.get(i % COLUMNS);
    return large === undefined ? random.normal() : large + random.normal();
  });
  const weights = Float32Array.from({ length: OUTPUTS * COLUMNS }, () => 0.05 * random.normal());
  return {
    x: { shape: [TOKENS, COLUMNS], data: activations } satisfies Tensor,
    w: { shape: [OUTPUTS, COLUMNS], data: weights } satisfies Tensor,
  };
})();

/** The example at a threshold, with the same activations and weights every time; 0 leaves nothing out. */
export function int8Example(threshold: number): Int8Example {
  const { x, w } = drawn;
  const { CA, SCA, outlier_cols } = quantizeActivations(x, threshold);
  const back = dequantizeInt8(quantizeLlmInt8(w)).data;
  const out = new Set(outlier_cols);
  const at = (t: number, c: number) => t * COLUMNS + c;
  let wrong = 0;
  let size = 0;
  for (let t = 0; t < TOKENS; t++) {
    for (let o = 0; o < OUTPUTS; o++) {
      let exact = 0;
      let got = 0;
      for (let c = 0; c < COLUMNS; c++) {
        exact += x.data[at(t, c)]! * w.data[at(o, c)]!;
        const activation = out.has(c) ? x.data[at(t, c)]! : (CA[at(t, c)]! * SCA[t]!) / 127;
        got += activation * back[at(o, c)]!;
      }
      wrong += Math.abs(got - exact);
      size += Math.abs(exact);
    }
  }
  return {
    rows: Array.from({ length: TOKENS }, (_, t) => ({
      SCA: SCA[t]!,
      values: Array.from({ length: COLUMNS }, (_, c) => ({
        value: x.data[at(t, c)]!,
        code: CA[at(t, c)]!,
        outlier: out.has(c),
      })),
    })),
    outlier_cols,
    error: wrong / size,
  };
}

/** A sentence on the columns a threshold leaves out and the product's error, against leaving nothing out. */
export function int8Sentence({ outlier_cols, error }: Int8Example, threshold: number): string {
  const all = int8Example(0).error;
  if (threshold === 0) {
    return `Nothing is left out: the product is off by ${digits3(100 * error)} % of its size.`;
  }
  return `From ${decimals(threshold, 1)} on, ${count(outlier_cols.length, 'column')} of ${COLUMNS} ${outlier_cols.length === 1 ? 'is' : 'are'} multiplied in floats: the product is off by ${digits3(100 * error)} % of its size, against ${digits3(100 * all)} % with everything in integers.`;
}

/** The integers and the outliers as numbers. */
export const int8Table = ({ rows }: Int8Example): TableTwin => ({
  caption: 'Activations as they are multiplied',
  head: ['token', ...Array.from({ length: COLUMNS }, (_, c) => `column ${c}`), 'scale'],
  rows: rows.map(({ values, SCA }, t) => [
    t,
    ...values.map(({ value, code, outlier }) => (outlier ? `${decimals(value, 2)} float` : code)),
    decimals(SCA, 3),
  ]),
});
