import { describe, expect, it } from 'vitest';
import fixture from '../../../test/fixtures/eval/wiki.raw?raw';
import golden from '../../../test/golden/eval.json';
import { loadDocs } from './load.ts';
import { memoryFiles } from '../../../test/fixtures/memory_files.ts';
import { detokenize, splitPages } from './rolling.ts';
import { TASKS } from './tasks.ts';

describe('WikiText pages', () => {
  it('begin at a title of one equals sign, not at a section', () => {
    const pages = splitPages(fixture);
    expect(pages.map((page) => page.split('\n')[0])).toEqual([
      ' = First Page = ',
      ' = Second Page = ',
      ' = Third = Page = ',
    ]);
    expect(pages[0]).toContain('= = A Section = =');
  });

  it('keep a text that stands before the first title, and the empty end', () => {
    expect(splitPages('note\n = A = \n x \n')).toEqual(['note', ' = A = \n x \n']);
    expect(splitPages(' \n = A = ')).toEqual([' = A = ']);
  });
});

describe('detokenize', () => {
  it.each(golden.detokenize)('as the harness: $from', ({ from, to }) => {
    expect(detokenize(from)).toBe(to);
  });

  it('keeps the steps in order: quotes close up over what stands between two possessives', () => {
    expect(detokenize("dogs ' toys , it 's")).toBe("dogs'toys, it's");
    expect(detokenize('Boulter , 33 @.@ 5 ( born 1980 ) .\n')).toBe('Boulter, 33.5 (born 1980) .\n');
  });
});

describe('mini_text', () => {
  it('counts words and bytes of the text as it stands', async () => {
    const text = `${JSON.stringify({ id: 'a', text: 'One naïve day .' })}\n`;
    expect(await loadDocs(TASKS.mini_text, memoryFiles({ 'mini_text.jsonl': text }))).toEqual([
      { output_type: 'loglikelihood_rolling', text: 'One naïve day .', words: 4, bytes: 16 },
    ]);
  });

  it('refuses a line without text', async () => {
    await expect(
      loadDocs(TASKS.mini_text, memoryFiles({ 'mini_text.jsonl': '{"id": "a"}' })),
    ).rejects.toMatchObject({
      code: 'bad-data',
      message: 'mini_text.jsonl, line 1: text is missing; allowed: a text that is not empty',
    });
  });
});

describe('a text of the user', () => {
  const load = (files: Parameters<typeof memoryFiles>[0], file?: string) =>
    loadDocs(TASKS.text, memoryFiles(files), { file });

  it('is one item as it stands, but for a byte order mark', async () => {
    expect(await load({ 'text.txt': '\ufeffTwo words .\r\n' })).toEqual([
      { output_type: 'loglikelihood_rolling', text: 'Two words .\r\n', words: 4, bytes: 13 },
    ]);
  });

  it('may lie anywhere, and hold a text a line', async () => {
    const lines = '{"text": "one"}\n\n{"text": "two"}\n';
    expect(await load({ 'my/own.jsonl': lines, 'text.txt': 'not this' }, 'my/own.jsonl')).toMatchObject([
      { text: 'one' },
      { text: 'two' },
    ]);
    expect(await load({ 'my/page.md': '# A page' }, 'my/page.md')).toMatchObject([{ text: '# A page' }]);
  });

  it('refuses an empty file, and a file for a task that has its own', async () => {
    await expect(load({ 'text.txt': '' })).rejects.toMatchObject({
      code: 'bad-data',
      message: 'text.txt: the text is ""; allowed: a text that is not empty',
    });
    const other = loadDocs(TASKS.wikitext, memoryFiles({ x: 'y' }), { file: 'x' });
    await expect(other).rejects.toMatchObject({
      code: 'bad-spec',
      message: 'wikitext: file is x; allowed: none, it has its own',
    });
  });
});
