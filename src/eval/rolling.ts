import type { RollingDoc } from './doc.ts';
import { SPACE, countBytes, countWords, strip } from './python_text.ts';
import { readJsonLines, readText, textField } from './records.ts';
import type { DataFile } from './records.ts';
import type { Task } from './task.ts';

/**
 * The pages of a wiki.*.raw file, as the harness's data set was made from it: a page begins at a line "= Title =",
 * while "= = Section = =" goes on. wiki.test.raw has 62. What stands before the first title is dropped if blank.
 */
export function splitPages(raw: string): string[] {
  const pages: string[] = [];
  let lines: string[] = [];
  for (const line of raw.replace(/\r\n?/g, '\n').split('\n')) {
    const title = strip(line.replaceAll('= = =', '===').replaceAll('= =', '=='));
    if (title.startsWith('= ') && title.endsWith(' =')) {
      const page = lines.join('\n');
      if (strip(page) !== '') pages.push(page);
      lines = [];
    }
    lines.push(line);
  }
  pages.push(lines.join('\n'));
  return pages;
}

/** Takes the white space off the inside of a pair: "( a )" becomes "(a)". */
const hug = (open: string, close: string): [RegExp, string] => [
  new RegExp(`\\${open}[${SPACE}]*([^\\${close}]*?)[${SPACE}]*\\${close}`, 'g'),
  `${open}$1${close}`,
];

/**
 * The harness's steps in the harness's order, quirks kept: the second is a no-op on real text because its slashes
 * are literal, and quotes pair up from the left whether they open or close.
 */
const DETOKENIZE: readonly (readonly [string | RegExp, string])[] = [
  ["s '", "s'"],
  [/\/' [0-9]\//g, "/'[0-9]/"],
  [' @-@ ', '-'],
  [' @,@ ', ','],
  [' @.@ ', '.'],
  [' : ', ': '],
  [' ; ', '; '],
  [' . ', '. '],
  [' ! ', '! '],
  [' ? ', '? '],
  [' , ', ', '],
  hug('(', ')'),
  hug('[', ']'),
  hug('{', '}'),
  hug('"', '"'),
  hug("'", "'"),
  ['= = = =', '===='],
  ['= = =', '==='],
  ['= =', '=='],
  [' ° ', '°'],
  [' \n', '\n'],
  ['\n ', '\n'],
  [' N ', ' 1 '],
  [" 's", "'s"],
];

/** WikiText's spacing undone: detokenize('Boulter , 33 @.@ 5 ( born 1980 ) .\n') is 'Boulter, 33.5 (born 1980) .\n'. */
export function detokenize(page: string): string {
  return DETOKENIZE.reduce((text, [from, to]) => text.replaceAll(from, to), page);
}

/** Words and bytes are counted before the spacing is undone, as the harness counts them. */
function readWikitext(file: DataFile): RollingDoc[] {
  return splitPages(readText(file)).map((page) => rollingDoc(detokenize(page), page));
}

/** One `{"id": "…", "text": "…"}` a line; the text is read as it stands. */
function readTexts(file: DataFile): RollingDoc[] {
  return readJsonLines(file).map((record) => {
    const text = textField(record, 'text');
    return rollingDoc(text, text);
  });
}

function rollingDoc(text: string, original: string): RollingDoc {
  return {
    output_type: 'loglikelihood_rolling',
    text,
    words: countWords(original),
    bytes: countBytes(original),
  };
}

const shared = {
  output_type: 'loglikelihood_rolling',
  metrics: ['word_perplexity', 'byte_perplexity', 'bits_per_byte'],
  primary_metric: 'word_perplexity',
  num_fewshot: 0,
  split: 'test',
  fewshot: null,
} as const satisfies Partial<Task>;

/** WikiText-2, 62 pages in the test split, read whole. */
export const wikitext = {
  ...shared,
  name: 'wikitext',
  title: 'WikiText-2',
  bundled: false,
  files: {
    train: ['wikitext/wiki.train.raw', 'wikitext-2-raw/wiki.train.raw', 'wiki.train.raw'],
    validation: ['wikitext/wiki.valid.raw', 'wikitext-2-raw/wiki.valid.raw', 'wiki.valid.raw'],
    test: ['wikitext/wiki.test.raw', 'wikitext-2-raw/wiki.test.raw', 'wiki.test.raw'],
  },
  read: readWikitext,
} satisfies Task;

/** Stories of the bundled model's own small world. */
export const mini_text = {
  ...shared,
  name: 'mini_text',
  title: 'Mini text',
  bundled: true,
  files: { test: ['mini_text.jsonl'] },
  read: readTexts,
} satisfies Task;
