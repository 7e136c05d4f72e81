import { withoutControls } from './markdown.ts';
import { bitsText, scoreText } from '../view/format.ts';
import type { Report, Section, Table, Tradeoff } from './parts.ts';

/**
 * A report as one HTML file with its charts, that asks for nothing: its policy forbids scripts and every request, so
 * it is safe to open and to pass on.
 */
export function toHtml(report: Report): string {
  const { title, summary, sections, tradeoffs, reproduce } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
${summary.map((sentence) => `<p>${escape(sentence)}</p>`).join('\n')}
${sections.slice(0, 1).map(sectionHtml).join('\n')}
${tradeoffs.map(figure).join('\n')}
${sections.slice(1).map(sectionHtml).join('\n')}
<h2>How to reproduce</h2>
${reproduce.map((way) => `<h3>${escape(way.title)}</h3>\n<pre>${escape(way.text, true)}</pre>${way.note ? `\n<p>${escape(way.note)}</p>` : ''}`).join('\n')}
</main>
</body>
</html>
`;
}

const sectionHtml = ({ title, text, table }: Section): string =>
  [
    `<h2>${escape(title)}</h2>`,
    table ? tableHtml(table) : '',
    text.length > 0 ? `<ul>${text.map((sentence) => `<li>${escape(sentence)}</li>`).join('')}</ul>` : '',
  ]
    .filter(Boolean)
    .join('\n');

function tableHtml({ header, rows }: Table): string {
  const head = header.some(Boolean)
    ? `<thead><tr>${header.map((name) => `<th scope="col">${escape(name)}</th>`).join('')}</tr></thead>`
    : '';
  const body = rows.map(
    ([first, ...cells]) =>
      `<tr><th scope="row">${escape(first ?? '')}</th>${cells.map((text) => `<td>${escape(text)}</td>`).join('')}</tr>`,
  );
  // A table without headings is a list of facts: words, not figures.
  const kind = head === '' ? ' class="facts"' : '';
  return `<div class="wide"><table${kind}>${head}<tbody>${body.join('')}</tbody></table></div>`;
}

const SIZE = { width: 640, height: 300, left: 64, right: 150, top: 20, bottom: 44 };

/** Bits per weight against a score, with error bars: one standard error up and down. */
function figure({ title, points, higher_is_better }: Tradeoff): string {
  const { width, height, left, right, top, bottom } = SIZE;
  const spread = points.flatMap(({ value, stderr }) => [value - (stderr ?? 0), value + (stderr ?? 0)]);
  const y = scale(Math.min(...spread), Math.max(...spread), height - bottom, top);
  const x = scale(0, Math.max(...points.map(({ bits }) => bits)), left, width - right);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => y.low + share * (y.high - y.low));
  const digits = Math.max(2, 2 - Math.floor(Math.log10(y.high - y.low || 1)));
  const labels = labelHeights(points.map(({ value }) => y.at(value)));
  const marks = points.map(({ name, bits, value, stderr }, i) => {
    const [cx, cy] = [x.at(bits), y.at(value)];
    const bar =
      stderr === null
        ? ''
        : `<line x1="${cx}" x2="${cx}" y1="${y.at(value - stderr)}" y2="${y.at(value + stderr)}"/>`;
    return `<g>${bar}<circle cx="${cx}" cy="${cy}" r="4"/><text x="${cx + 8}" y="${labels[i]! + 4}">${escape(name)}</text></g>`;
  });
  const rules = ticks.map(
    (tick) =>
      `<line class="rule" x1="${left}" x2="${width - right}" y1="${y.at(tick)}" y2="${y.at(tick)}"/><text class="tick" x="${left - 8}" y="${y.at(tick) + 4}">${tick.toFixed(digits)}</text>`,
  );
  const best = [...points].sort((a, b) => (higher_is_better ? b.value - a.value : a.value - b.value))[0]!;
  const caption = `${title}, ${higher_is_better ? 'higher' : 'lower'} is better. Best is ${best.name} with ${scoreText({ ...best, stderr: null })} at ${bitsText(best.bits)} bits per weight; bars are one standard error.`;
  return `<figure>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(caption)}">
${rules.join('\n')}
${marks.join('\n')}
<text class="axis" x="${(left + width - right) / 2}" y="${height - 8}">bits per weight, scales included</text>
</svg>
<figcaption>${escape(caption)}</figcaption>
</figure>`;
}

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

/** The height of a label. */
const LINE = 14;

/** A linear scale with a twentieth of room at both ends. */
function scale(low: number, high: number, from: number, to: number) {
  const room = (high - low || Math.abs(high) || 1) / 20;
  const [first, last] = [low - room, high + room];
  return {
    low: first,
    high: last,
    at: (value: number): number =>
      Math.round((from + ((value - first) / (last - first)) * (to - from)) * 10) / 10,
  };
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string, lines = false): string =>
  withoutControls(text, lines).replace(/[&<>"']/g, (character) => ENTITIES[character]!);

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c2127, #e8e6e1); --muted: light-dark(#5b636e, #a0a8b3); --rule: light-dark(#d9d6cf, #333a44); --mark: light-dark(#1f5fa8, #7db4f0); }
body { margin: 0; background: light-dark(#fbfaf7, #14171c); color: var(--ink); font: 15px/1.6 system-ui, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 32px 16px; }
h1 { font-size: 30px; line-height: 1.2; } h2 { font-size: 22px; margin-top: 40px; } h3 { font-size: 15px; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; } .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 12px; border-bottom: 1px solid var(--rule); white-space: nowrap; } th:first-child { text-align: left; padding-left: 0; }
pre { overflow-x: auto; padding: 12px; border: 1px solid var(--rule); white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 24px 0; } svg { max-width: 640px; width: 100%; font-size: 13px; } svg text { fill: var(--ink); }
svg circle { fill: var(--mark); } svg line { stroke: var(--mark); stroke-width: 1.5; } svg .rule { stroke: var(--rule); stroke-width: 1; }
svg .tick { text-anchor: end; fill: var(--muted); } svg .axis { text-anchor: middle; fill: var(--muted); } figcaption { color: var(--muted); }
`.trim();
