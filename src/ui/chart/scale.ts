import { nice, ticks } from 'd3-array';

/** Numbers laid out along a line of pixels. */
export interface Scale {
  (value: number): number;
  domain: readonly [number, number];
  range: readonly [number, number];
}

/** `linearScale([0, 10], [0, 100])(2.5)` is 25. A domain of one value lies in the middle. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [d0, d1] = domain;
  const [r0, r1] = range;
  const place = (value: number) => (d1 === d0 ? (r0 + r1) / 2 : r0 + ((value - d0) / (d1 - d0)) * (r1 - r0));
  return Object.assign(place, { domain, range });
}

/** The domain widened by a share of itself and then to round numbers. */
export function niceDomain(values: readonly number[], pad = 0.05, count = 5): [number, number] {
  const least = Math.min(...values);
  const most = Math.max(...values);
  // One value alone still needs room around it.
  const room = most > least ? (most - least) * pad : Math.abs(most) * 0.1 || 1;
  const [a, b] = nice(least - room, most + room, count);
  return [a, b];
}

/** About `count` round numbers within a scale. */
export const scaleTicks = ({ domain: [a, b] }: Scale, count = 5): number[] => ticks(a, b, count);
