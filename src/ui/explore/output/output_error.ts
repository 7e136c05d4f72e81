import { decimals, digits3 } from '../../../study/view/format.ts';
import type { TableTwin } from '../../chart/table_twin.ts';

/** Two weights of one output, in steps of their code: only whole numbers can be stored. */
export type Pair = readonly [number, number];

/** A way to round two weights, and what it costs: in the weights, and in the output over inputs of mean square 1. */
export interface Rounded {
  name: string;
  to: Pair;
  weight_error: number;
  output_error: number;
}

/**
 * The root mean square error of w₁x₁ + w₂x₂ where both inputs have mean square 1 and correlation `alike`:
 * √(e₁² + 2·alike·e₁e₂ + e₂²). Errors of 0.5 and −0.5 under 0.9 nearly cancel: 0.224.
 */
export const outputError = ([a, b]: Pair, alike: number): number =>
  Math.sqrt(Math.max(0, a * a + 2 * alike * a * b + b * b));

/** The point where the second weight does best, once the first one is rounded: GPTQ's update. */
export const makeUp = ([a, b]: Pair, alike: number): Pair => [Math.round(a), b + alike * (a - Math.round(a))];

/** Every way to round a pair: each weight to its nearest, one after the other as GPTQ does, and the best there is. */
export function waysToRound(pair: Pair, alike: number): { nearest: Rounded; gptq: Rounded; best: Rounded } {
  const cost = (name: string, to: Pair): Rounded => {
    const errors: Pair = [pair[0] - to[0], pair[1] - to[1]];
    return { name, to, weight_error: Math.hypot(...errors), output_error: outputError(errors, alike) };
  };
  const nearest = cost('each to its nearest', [Math.round(pair[0]), Math.round(pair[1])]);
  const [first, second] = makeUp(pair, alike);
  const gptq = cost('one after the other (GPTQ)', [first, Math.round(second)]);
  const best = grid(pair)
    .map((to) => cost('the best of all', to))
    .reduce((a, b) => (b.output_error < a.output_error - 1e-12 ? b : a));
  return { nearest, gptq, best };
}

/** Steps to either side within which the best point lies, for inputs as alike as the slider makes them. */
const REACH = 4;

/** Every point around a pair that can be stored. */
function grid([a, b]: Pair): Pair[] {
  const steps = Array.from({ length: 2 * REACH + 1 }, (_, i) => i - REACH);
  return steps.flatMap((i) => steps.map((j): Pair => [Math.round(a) + i, Math.round(b) + j]));
}

/** Half axes of the ellipse on which the output error is `error`, along (1, 1) and along (1, −1). */
export const ellipseOf = (error: number, alike: number): Pair => [
  error / Math.sqrt(1 + alike),
  error / Math.sqrt(1 - alike),
];

/** The picture in a sentence. */
export function outputSentence(pair: Pair, alike: number): string {
  const { nearest, gptq, best } = waysToRound(pair, alike);
  const costs = ({ weight_error, output_error }: Rounded) =>
    `${digits3(weight_error)} steps in the weights and ${digits3(output_error)} in the output`;
  const point = ({ to }: Rounded) => `(${to.map((x) => decimals(x, 0)).join(', ')})`;
  const start = `Weights ${decimals(pair[0], 2)} and ${decimals(pair[1], 2)}, inputs with a correlation of ${decimals(alike, 2)}. Each weight to its nearest value goes to ${point(nearest)}: ${costs(nearest)}.`;
  if (point(gptq) === point(nearest)) return `${start} One after the other ends at the same point.`;
  const left =
    best.output_error < gptq.output_error
      ? `; the best point, ${point(best)}, has ${digits3(best.output_error)}`
      : '';
  return `${start} One after the other goes to ${point(gptq)}: ${costs(gptq)}${left}.`;
}

/** The ways as numbers. */
export const outputTable = (pair: Pair, alike: number): TableTwin => ({
  caption: 'Errors in steps of the code',
  head: ['rounded', 'to', 'in the weights', 'in the output'],
  rows: Object.values(waysToRound(pair, alike)).map(({ name, to, weight_error, output_error }) => [
    name,
    to.map((x) => decimals(x, 0)).join(', '),
    digits3(weight_error),
    digits3(output_error),
  ]),
});
