import { nice, ticks } from 'd3-array';

/** Numbers laid out along a line of pixels. */
export interface Scale {
  (value: number): number;
  range: readonly [number, number];
  /** About so many round numbers along the line. */
  ticks: (count: number) => number[];
}

/** `linearScale([0, 10], [0, 100])(2.5)` is 25. A domain of one value lies in the middle. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [d0, d1] = domain;
  const [r0, r1] = range;
  const place = (value: number) => (d1 === d0 ? (r0 + r1) / 2 : r0 + ((value - d0) / (d1 - d0)) * (r1 - r0));
  return Object.assign(place, { range, ticks: (count: number) => ticks(d0, d1, count) });
}

/** The share of a value below which differences are not magnified: to the eye such values are one. */
const LEAST_SPAN = 1e-4;

/** The domain widened by a share of itself and then to round numbers. */
export function niceDomain(values: readonly number[], pad = 0.05, count = 5): [number, number] {
  const least = Math.min(...values);
  const most = Math.max(...values);
  // One value alone still needs room around it.
  const apart = most - least > LEAST_SPAN * Math.max(Math.abs(least), Math.abs(most));
  const room = apart ? (most - least) * pad : Math.abs(most) * 0.1 || 1;
  const [a, b] = nice(least - room, most + room, count);
  return [a, b];
}

/** Ticks as text, with the decimals that tell them apart: 1.73, 1.735, 1.74 are 1.730, 1.735, 1.740. */
export function tickTexts(values: readonly number[]): string[] {
  const steps = values.slice(1).map((value, i) => value - values[i]!);
  const step = Math.min(...steps, 1);
  // A step of 0.1 is a little off in binary; without the nudge it would ask for two decimals.
  const places = Math.min(15, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
  return values.map((value) => tickText(value, places, step));
}

function tickText(value: number, places: number, step: number): string {
  // Small all of them: an exponent is shorter than its zeros. Small steps of large numbers need every decimal.
  const small = places > 6 && Math.abs(value) < 1000 * step;
  const text = small
    ? value.toExponential(2)
    : value.toLocaleString('en', {
        minimumFractionDigits: places,
        maximumFractionDigits: places,
      });
  return text.replace(/^-/, '−');
}

/**
 * A scale on which equal factors take equal lengths: the powers of two around the values, 4, 8, 16 and 32 of [4.5, 32].
 */
export function log2Scale(values: readonly number[], range: readonly [number, number]): Scale {
  const least = Math.floor(Math.log2(Math.min(...values)));
  const most = Math.max(least + 1, Math.ceil(Math.log2(Math.max(...values))));
  const exponents = linearScale([least, most], range);
  const powers = Array.from({ length: most - least + 1 }, (_, i) => 2 ** (least + i));
  return Object.assign((value: number) => exponents(Math.log2(value)), { range, ticks: () => powers });
}
