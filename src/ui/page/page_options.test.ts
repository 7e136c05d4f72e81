import { expect, test } from 'vitest';
import { parseOptions, printOptions } from './page_options.ts';

test('options come back from their link', () => {
  const options = {
    embed: false,
    projector: true,
    title: 'Week 3: 4 bits & more',
    lesson: 'block-size',
    hidden: ['outliers', 'seed'] as const,
  };
  expect(parseOptions(printOptions({ ...options, hidden: [...options.hidden] }))).toEqual(options);
  expect(printOptions(parseOptions(''))).toBe('');
});

test('what is not known is left out', () => {
  expect(parseOptions('?embed&hide=seed,body,*')).toMatchObject({ embed: true, hidden: ['seed'] });
  expect(parseOptions(`?title=${'x'.repeat(500)}`).title).toHaveLength(100);
});
