import { buildReport } from './report/build_report.ts';
import { itemsCsv } from './report/csv.ts';
import { toHtml } from './report/html.ts';
import { toMarkdown } from './report/markdown.ts';
import { reproduction } from './report/reproduce.ts';
import type { ExperimentResult } from './result.ts';
import { encodeResult } from './result_link.ts';

type Writer = (result: ExperimentResult, link: string) => string[] | Promise<string[]>;

/** The forms in which people keep and pass on a result, each as pieces of a file; `link` leads to its experiment. */
export const FORMS = {
  json: resultJson,
  csv: (result) => [itemsCsv(result)],
  html: (result, link) => [toHtml(buildReport(result, { link }))],
  markdown: (result, link) => [toMarkdown(buildReport(result, { link }))],
  python: (result) => [
    reproduction(result, {})
      .filter(({ language }) => language === 'python')
      .map(({ title, text }) => `# ${title}\n${text}`)
      .join('\n\n'),
  ],
  /** The part of an address that carries the result. */
  link: async (result) => [await encodeResult(result)],
} satisfies Record<string, Writer>;

export type Form = keyof typeof FORMS;

/** The place of a task's answers in the JSON of a result without them; in a quoted text its quotes would be escaped. */
const EMPTY = '"items": []';

/** Answers of one piece. */
const PIECE = 1000;

/** A result as JSON in pieces, an answer a line: as one text, a hundred thousand answers would be there twice. */
export function resultJson(result: ExperimentResult): string[] {
  const runs = result.runs.map((run) => ({
    ...run,
    tasks: run.tasks.map((task) => ({ ...task, items: [] })),
  }));
  const [head, ...rest] = JSON.stringify({ ...result, runs }, null, 2).split(EMPTY);
  const answers = result.runs.flatMap(({ tasks }) => tasks.map(({ items }) => items));
  return [head!, ...rest.flatMap((after, i) => ['"items": [', ...piecesOf(answers[i]!), ']', after])];
}

function piecesOf(items: readonly unknown[]): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < items.length; at += PIECE) {
    const lines = items.slice(at, at + PIECE).map((item) => `\n${JSON.stringify(item)}`);
    pieces.push((at === 0 ? '' : ',') + lines.join(','));
  }
  return pieces;
}
