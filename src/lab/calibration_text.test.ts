import { expect, test } from 'vitest';
import { parseSpec } from '../study/spec.ts';
import { specHash, specOfQuery } from '../study/permalink.ts';
import { calibrationSequences, requireOtherText } from './calibration_text.ts';
import { openDatasets } from './datasets.ts';
import { memorySource } from '../tensor/source.ts';

const specOf = (calibration: object, task: object = { task: 'mini_text' }) =>
  parseSpec({
    version: 1,
    model: { source: 'bundled', name: 'nibble-tiny' },
    configs: [{ quant_type: 'gptq', group_size: 32, calibration }],
    tasks: [task],
  });

test('what is evaluated is no calibration: refused by its name', () => {
  const refused = [
    [{ text: 'mini_text' }, { task: 'mini_text' }],
    [{ text: 'arc_easy' }, { task: 'arc_easy', split: 'train' }],
    [{ text: 'mine.txt' }, { task: 'text', file: 'mine.txt' }],
    [{ text: 'text.txt' }, { task: 'text' }],
  ] as const;
  for (const [calibration, task] of refused) {
    const whole = { tokens: 512, seed: 0, ...calibration };
    expect(() => requireOtherText(whole, specOf(calibration, task))).toThrow(
      `calibration.text is ${calibration.text}, which is evaluated`,
    );
  }
  const allowed = [
    [{ text: 'samples' }, { task: 'mini_text' }],
    [{ text: 'mini_arc' }, { task: 'mini_text' }],
    [{ text: 'arc_easy' }, { task: 'arc_easy' }],
    [{ text: 'mine.txt' }, { task: 'text', file: 'other.txt' }],
  ] as const;
  for (const [calibration, task] of allowed) {
    requireOtherText({ tokens: 512, seed: 0, ...calibration }, specOf(calibration, task));
  }
});

test('a calibration travels in a link, and its defaults do not', async () => {
  const spec = specOf({ text: 'mini_arc', tokens: 512, seed: 3 });
  const hash = await specHash(spec);
  expect(hash).toContain('gptq:group_size=32:calibration=mini_arc/512/3');
  expect(await specOfQuery(hash.split('?')[1]!)).toEqual(spec);
  const plain = await specHash(specOf({ text: 'samples' }));
  expect(plain).not.toContain('calibration');
});

test('a text that there is none of is refused by name', () => {
  expect(() => specOf({ text: 'c4' })).toThrow(/configs\[0\]\.calibration\.text is "c4"; allowed: "samples"/);
  expect(() => specOf({ text: '../x.txt' })).toThrow(/calibration\.text is/);
  expect(() => specOf({ text: 'samples', tokens: 4 })).toThrow(
    /calibration\.tokens is 4; allowed: a whole number/,
  );
  expect(() => specOf({ text: 'samples', words: 4 })).toThrow(/allowed: text, tokens, seed/);
});

test('a text of one’s own is cut into sequences, and refused where it is too short or evaluated', async () => {
  const bytes = new TextEncoder().encode('abcdefghij');
  const datasets = openDatasets(
    [
      {
        source: 'folder',
        where: 'a folder',
        open: (path) => Promise.resolve(path === 'mine.txt' ? memorySource(path, bytes) : undefined),
      },
    ],
    [],
  );
  const encode = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
  const of = (tokens: number, asked = new Set<string>()) =>
    calibrationSequences({ text: 'mine.txt', tokens, seed: 0 }, datasets, encode, { asked, longest: 4 });
  expect((await of(10)).map(({ length }) => length)).toEqual([4, 4, 2]);
  await expect(of(11)).rejects.toThrow('calibration.tokens is 11, but mine.txt has 10');
  await expect(of(10, new Set(['abcdefghij']))).rejects.toThrow('holds a text that is evaluated');
});
