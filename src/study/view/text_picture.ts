import { bitsText, decimals } from './format.ts';
import { frontier, type Point } from './points.ts';

/** Characters between the two ends of the axis. */
const WIDTH = 40;

/**
 * A picture of configurations for a terminal, a line each from the fewest bits on: the score as o on one axis, its 95 %
 * interval around it, and a star where no other configuration has both fewer bits and a better score.
 */
export function textPicture(points: readonly Point[], higher_is_better: boolean): string[] {
  const ends = points.flatMap(({ value, range }) => [value, ...(range ?? [])]);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const place = (x: number) => (high > low ? Math.round(((x - low) / (high - low)) * (WIDTH - 1)) : 0);
  const best = frontier(
    points.map(({ bits, value }) => ({ x: bits, y: value })),
    true,
    higher_is_better,
  );
  const name = Math.max(...points.map((point) => point.name.length));
  const lines = [...points]
    .sort((a, b) => a.bits - b.bits)
    .map((point) => {
      const { value, range = [value, value], bits } = point;
      const bar = Array.from({ length: WIDTH }, (_, i) =>
        i === place(value) ? 'o' : i >= place(range[0]) && i <= place(range[1]) ? '-' : ' ',
      );
      const star = best.some(({ x, y }) => x === bits && y === value) ? ' *' : '';
      return `${point.name.padEnd(name)}  ${bitsText(bits).padStart(6)}  |${bar.join('')}|  ${decimals(value, 3)}${star}`;
    });
  const ruler = `${decimals(low, 3)}${decimals(high, 3).padStart(WIDTH - decimals(low, 3).length)}`;
  return [...lines, `${''.padEnd(name)}  ${'bits'.padStart(6)}   ${ruler}`];
}
