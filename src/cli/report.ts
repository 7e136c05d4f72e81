import { extname } from 'node:path';
import { LabError } from '../errors.ts';
import { specHash } from '../study/permalink.ts';
import { itemsCsv } from '../study/report/csv.ts';
import { toHtml } from '../study/report/html.ts';
import { toMarkdown } from '../study/report/markdown.ts';
import { buildReport } from '../study/report/build_report.ts';
import { own } from '../tensor/own.ts';
import type { ExperimentResult } from '../study/result.ts';
import { parseArguments } from './arguments.ts';
import { requireWritable, writeWhole } from './output_file.ts';
import { readResult } from './read_result.ts';

/** The address at which `npm start` serves the page: a link in a report opens there. */
const PAGE = 'http://localhost:4173/';

type Writer = (result: ExperimentResult) => Promise<string> | string;

const reported = async (result: ExperimentResult) =>
  buildReport(result, { link: PAGE + (await specHash(result.spec)) });

const WRITERS: Record<string, Writer> = {
  '.md': async (result) => toMarkdown(await reported(result)),
  '.html': async (result) => toHtml(await reported(result)),
  '.csv': itemsCsv,
};

/** `report RESULT.json [--out FILE.md|FILE.html|FILE.csv]`: a result for people; Markdown to stdout without --out. */
export async function reportCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, ['out']);
  if (positionals.length !== 1) {
    throw new LabError('bad-arguments', `report was given ${positionals.length} results; allowed: one file.`);
  }
  const extension = values.out === undefined ? '.md' : extname(values.out);
  const writer = own(WRITERS, extension);
  if (!writer) {
    const allowed = Object.keys(WRITERS).join(', ');
    throw new LabError('bad-arguments', `--out ends in ${extension || 'nothing'}; allowed: ${allowed}.`);
  }
  if (values.out !== undefined) requireWritable(values.out);
  const text = await writer(await readResult(positionals[0]!));
  if (values.out === undefined) console.log(text);
  else writeWhole(values.out, text);
  return 0;
}
