import { buildReport } from './report/build_report.ts';
import { itemsCsv } from './report/csv.ts';
import { toHtml } from './report/html.ts';
import { toMarkdown } from './report/markdown.ts';
import { reproduction } from './report/reproduce.ts';
import type { ExperimentResult } from './result.ts';
import { resultJson } from './result_json.ts';
import { encodeResult } from './result_link.ts';

type Writer = (result: ExperimentResult, link: string) => string[] | Promise<string[]>;

/** The forms in which people keep and pass on a result, each as pieces of a file; `link` leads to its experiment. */
export const FORMS = {
  json: (result) => [...resultJson(result)],
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
