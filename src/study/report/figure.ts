import { FORMAT_ROWS, type QuantType } from '../../quant/config.ts';
import type { FormatLook } from '../../quant/formats/format.ts';
import { markPath } from '../view/mark_path.ts';
import { frontier, pointSentence, pointsSentence, type Point } from '../view/points.ts';
import { escape } from './escape.ts';
import type { Tradeoff } from './parts.ts';

const SIZE = { width: 640, height: 320, left: 64, right: 150, top: 20, bottom: 44 };

/** Pixels between two marks that would cover each other. */
const APART = 14;

/** The height of a label. */
const LINE = 14;

const LOOKS = Object.fromEntries(FORMAT_ROWS.map(({ quant_type, look }) => [quant_type, look])) as Record<
  QuantType,
  FormatLook
>;

/**
 * Bits per weight against a score, with 95 % intervals and the frontier: one SVG without scripts, whose marks Tab
 * reaches and a screen reader reads.
 */
export function figure({ shown, points, higher_is_better }: Tradeoff): string {
  const { width, height, left, right, top, bottom } = SIZE;
  const ends = points.flatMap(({ value, range }) => [value, ...(range ?? [])]);
  const y = scale(Math.min(...ends), Math.max(...ends), height - bottom, top);
  const logs = points.map(({ bits }) => Math.log2(bits));
  const x = scale(Math.min(2, ...logs), Math.max(4, ...logs), left, width - right);
  const places = sideBySide(points.map(({ bits, value }) => ({ x: x.at(Math.log2(bits)), y: y.at(value) })));
  const labels = labelHeights(points.map(({ value }) => y.at(value)));
  const marks = points.map((point, i) =>
    markOf(point, places[i]!, labels[i]!, y.at, pointSentence(point, shown)),
  );
  const best = frontier(
    points.map(({ bits, value }) => ({ x: bits, y: value })),
    true,
    higher_is_better,
  ).map((point) => [x.at(Math.log2(point.x)), y.at(point.y)] as const);
  const step = best.map(([at, up], i) => (i === 0 ? `M${at} ${up}` : `H${at}V${up}`)).join('');
  const caption = `${pointsSentence(points, shown)} Bars: 95 %. Line: what no other configuration beats in both.`;
  return `<figure>
<div class="wide"><svg viewBox="0 0 ${width} ${height}" role="group" aria-label="${escape(caption)}">
${rulesOf(y, [left, width - right]).join('\n')}
${bitsOf(x, height - bottom).join('\n')}
${best.length > 1 ? `<path class="frontier" d="${step}"/>` : ''}
${marks.join('\n')}
<text class="axis" x="${(left + width - right) / 2}" y="${height - 6}">bits per weight, scales included</text>
</svg></div>
<figcaption>${escape(caption)}</figcaption>
</figure>`;
}

function markOf(
  { name, config, range, distinct }: Point,
  { x, y }: Place,
  label: number,
  at: (value: number) => number,
  said: string,
): string {
  const { hue, shape } = LOOKS[config.quant_type];
  const color = `var(--${hue})`;
  const isOpen = distinct === false;
  const reach = range
    ? `<path class="reach" stroke="${color}" d="M${x} ${at(range[0])}V${at(range[1])}"/>`
    : '';
  const mark = `<path class="mark${isOpen ? ' open' : ''}" ${isOpen ? 'stroke' : 'fill'}="${color}" d="${markPath(shape, 6)}" transform="translate(${x} ${y})"/>`;
  return `<g tabindex="0" role="img" aria-label="${escape(said)}"><title>${escape(said)}</title>${reach}${mark}<text x="${x + 12}" y="${label + 4}">${escape(name)}</text></g>`;
}

interface Place {
  x: number;
  y: number;
}

/** Marks that would cover each other, moved to the right. */
function sideBySide(places: readonly Place[]): Place[] {
  const placed: Place[] = [];
  for (const { x, y } of places) {
    let free = x;
    for (const other of [...placed].sort((a, b) => a.x - b.x)) {
      if (Math.abs(other.y - y) < APART && Math.abs(other.x - free) < APART) free = other.x + APART;
    }
    placed.push({ x: free, y });
  }
  return placed;
}

function rulesOf(y: Scale, [from, to]: readonly [number, number]): string[] {
  const digits = Math.max(2, 2 - Math.floor(Math.log10(y.high - y.low || 1)));
  return [0, 0.25, 0.5, 0.75, 1]
    .map((share) => y.low + share * (y.high - y.low))
    .map(
      (tick) =>
        `<path class="rule" d="M${from} ${y.at(tick)}H${to}"/><text class="tick" x="${from - 8}" y="${y.at(tick) + 4}">${tick.toFixed(digits)}</text>`,
    );
}

/** Ticks at powers of two: bits per weight go from 4 to 32. */
const bitsOf = (x: Scale, y: number): string[] =>
  [1, 2, 4, 8, 16, 32]
    .filter((bits) => Math.log2(bits) >= x.low && Math.log2(bits) <= x.high)
    .map((bits) => `<text class="axis" x="${x.at(Math.log2(bits))}" y="${y + 18}">${bits}</text>`);

/** Heights of labels beside their marks, pushed apart where two would overlap. */
function labelHeights(heights: readonly number[]): number[] {
  const placed = [...heights];
  const order = [...heights.keys()].sort((a, b) => heights[a]! - heights[b]!);
  order.forEach((i, rank) => {
    const above = rank === 0 ? -Infinity : placed[order[rank - 1]!]!;
    placed[i] = Math.max(placed[i]!, above + LINE);
  });
  return placed;
}

interface Scale {
  low: number;
  high: number;
  at: (value: number) => number;
}

/** A linear scale with a twentieth of room at both ends. */
function scale(low: number, high: number, from: number, to: number): Scale {
  const room = (high - low || Math.abs(high) || 1) / 20;
  const [first, last] = [low - room, high + room];
  return {
    low: first,
    high: last,
    at: (value) => Math.round((from + ((value - first) / (last - first)) * (to - from)) * 10) / 10,
  };
}
