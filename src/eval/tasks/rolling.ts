import type { RollingDoc } from '../doc.ts';
import { SPACE, countBytes, countWords, strip } from '../read/python_text.ts';
import { badData, readJsonLines, readText, textField, type DataFile } from '../read/records.ts';
import { extensionOf, readRecords } from '../read/rows.ts';
import type { Split, Task } from './task.ts';

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

/** Reads WikiText's pages; words and bytes are counted before the spacing is undone, as the harness counts them. */
async function readWikitext(file: DataFile): Promise<RollingDoc[]> {
  const raw = extensionOf(file.path) === 'parquet' ? await joinLines(file) : await readText(file);
  return splitPages(raw).map((page) => rollingDoc(detokenize(page), page));
}

/** Joins the rows of the Hub's copy, one a line; an empty row stands for the file's " \n". */
async function joinLines(file: DataFile): Promise<string> {
  const lines = (await readRecords(file, ['text'])).map(({ where, value }) => {
    const { text } = value;
    if (typeof text !== 'string') badData(where, 'text', text, 'a text');
    return text === '' ? ' \n' : text;
  });
  return lines.join('');
}

/** Reads one `{"id": "…", "text": "…"}` a line; the text is read as it stands. */
async function readTexts(file: DataFile): Promise<RollingDoc[]> {
  return (await readJsonLines(file)).map((record) => {
    const text = textField(record, 'text');
    return rollingDoc(text, text);
  });
}

/** Reads a whole file as one text, but for a byte order mark; or a text a line, as JSON. */
async function readAnyText(file: DataFile): Promise<RollingDoc[]> {
  if (extensionOf(file.path) === 'jsonl') return readTexts(file);
  const text = (await readText(file)).replace(/^\ufeff/, '');
  if (text === '') badData(file.path, 'the text', text, 'a text that is not empty');
  return [rollingDoc(text, text)];
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
  metrics: ['word_perplexity', 'byte_perplexity', 'bits_per_byte', 'token_perplexity'],
  primary_metric: 'word_perplexity',
  num_fewshot: 0,
  split: 'test',
  fewshot: null,
} as const satisfies Partial<Task>;

const wikiParquet = (split: Split) => `wikitext-2-raw-v1/${split}-00000-of-00001.parquet`;

/** WikiText-2, 62 pages in the test split, read whole. */
export const wikitext: Task = {
  ...shared,
  name: 'wikitext',
  title: 'WikiText-2',
  asks: 'Read encyclopedia pages; how well is each next word foreseen?',
  item: ['page', 'pages'],
  size: { items: 62, characters: 19975, generated: 0, choices: 1 },
  in_harness: true,
  bundled: false,
  files: {
    train: ['wikitext/wiki.train.raw', 'wikitext-2-raw/wiki.train.raw', 'wiki.train.raw'],
    validation: ['wikitext/wiki.valid.raw', 'wikitext-2-raw/wiki.valid.raw', 'wiki.valid.raw'],
    test: ['wikitext/wiki.test.raw', 'wikitext-2-raw/wiki.test.raw', 'wiki.test.raw'],
  },
  hub: {
    repo: 'Salesforce/wikitext',
    files: {
      train: wikiParquet('train'),
      validation: wikiParquet('validation'),
      test: wikiParquet('test'),
    },
  },
  read: readWikitext,
};

/**
 * A text of the user's own, read from end to end like wikitext's pages: one item, so that there is no interval; a
 * file of JSON lines has as many items as lines. The spec may name the file, text.txt if it does not.
 */
export const text: Task = {
  ...shared,
  name: 'text',
  title: 'Own text',
  asks: 'Read text.txt of the data folder; how well is each next token foreseen?',
  item: ['text', 'texts'],
  primary_metric: 'token_perplexity',
  bundled: false,
  files: { test: ['text.txt', 'text.jsonl'] },
  any_file: true,
  read: readAnyText,
};

/** Stories of the bundled model's own small world. */
export const mini_text: Task = {
  ...shared,
  name: 'mini_text',
  title: 'Mini text',
  asks: 'Read stories; how well is each next word foreseen?',
  item: ['story', 'stories'],
  size: { items: 80, characters: 442, generated: 0, choices: 1 },
  bundled: true,
  files: { test: ['mini_text.jsonl'] },
  read: readTexts,
};
