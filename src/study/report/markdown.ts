import type { Report, Table } from './parts.ts';
import { markdownText as escape } from './quote.ts';

/** A report as GitHub-flavoured Markdown. Text from models, datasets and specs is escaped: it may hold anything. */
export function toMarkdown({ title, verdict, summary, answer, sections, reproduce }: Report): string {
  return [
    `# ${escape(title)}`,
    ...(verdict === undefined ? [] : [`**${escape(verdict)}**`]),
    ...summary.map(escape),
    ...[...answer, ...sections].flatMap((section) => [
      `## ${escape(section.title)}`,
      ...(section.table ? [tableOf(section.table)] : []),
      section.text.map((sentence) => `- ${escape(sentence)}`).join('\n'),
    ]),
    '## How to reproduce',
    ...reproduce.flatMap((way) => [
      `**${escape(way.title)}**`,
      fenced(way.text, way.language),
      ...(way.note ? [escape(way.note)] : []),
    ]),
  ]
    .filter((block) => block !== '')
    .join('\n\n')
    .concat('\n');
}

function tableOf({ header, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escape).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** A code block whose fence is longer than any run of backticks within. */
function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${withoutControls(text, true)}\n${fence}`;
}

/** Text without control characters and without those that turn reading direction; line ends stay where asked. */
export function withoutControls(text: string, lines = false): string {
  // eslint-disable-next-line no-control-regex
  const clean = text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ');
  return lines ? clean : clean.replaceAll('\n', ' ');
}
