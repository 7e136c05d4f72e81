import { escape } from './escape.ts';
import { figure } from './figure.ts';
import type { Report, Section, Table } from './parts.ts';

/**
 * A report as one HTML file with its charts, that asks for nothing: its policy forbids scripts and every request, so
 * it is safe to open and to pass on.
 */
export function toHtml(report: Report): string {
  const { title, verdict, summary, answer, sections, tradeoffs, reproduce } = report;
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
${verdict === undefined ? '' : `<p class="verdict">${escape(verdict)}</p>`}
${tradeoffs.map(figure).join('\n')}
${[...answer].map(sectionHtml).join('\n')}
${summary.map((sentence) => `<p>${escape(sentence)}</p>`).join('\n')}
${sections.map(sectionHtml).join('\n')}
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

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c2127, #e8e6e1); --muted: light-dark(#5b636e, #a0a8b3); --rule: light-dark(#d9d6cf, #333a44); --page: light-dark(#fbfaf7, #14171c); --edge: light-dark(#858b94, #6a7380); --focus: light-dark(#6b3fd4, #b59bff); --nf4: light-dark(#1f5fa8, #7db4f0); --fp4: light-dark(#b4510d, #f0a35e); --int8: light-dark(#1b7a5a, #6fcfa8); --float: light-dark(#4a4f57, #c2c7ce); }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.6 system-ui, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 32px 16px; }
h1 { font-size: 30px; line-height: 1.2; } h2 { font-size: 22px; margin-top: 40px; } h3 { font-size: 15px; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; } .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 12px; border-bottom: 1px solid var(--rule); white-space: nowrap; } th:first-child { text-align: left; padding-left: 0; }
pre { overflow-x: auto; padding: 12px; border: 1px solid var(--rule); white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 24px 0; } svg { max-width: 640px; width: 100%; min-width: 520px; font-size: 13px; } svg text { fill: var(--ink); } .verdict { font-size: 22px; line-height: 1.35; }
svg .mark { stroke: var(--page); } svg .open { fill: var(--page); stroke-width: 2; } svg .reach { stroke-width: 2; stroke-opacity: 0.6; } svg .frontier { fill: none; stroke: var(--edge); stroke-width: 1.5; stroke-dasharray: 1 3; } svg g:focus { outline: none; } svg g:focus-visible .mark { stroke: var(--focus); stroke-width: 3; } svg .rule { stroke: var(--rule); stroke-width: 1; }
svg .tick { text-anchor: end; fill: var(--muted); } svg .axis { text-anchor: middle; fill: var(--muted); } figcaption { color: var(--muted); }
`.trim();
