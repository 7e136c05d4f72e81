import { expect, test } from 'vitest';
import { codeField } from './code_field.ts';
import { parsePasted } from './pasted.ts';

test('numbers out of any text', () => {
  const data = (text: string) => [...(parsePasted(text)?.data ?? [])];
  expect(data('tensor([[ 0.5, -2e-1],\n [.25, −4.]])')).toEqual([0.5, Math.fround(-0.2), 0.25, -4]);
  expect(data('1')).toEqual([]);
  expect(data('no numbers here')).toEqual([]);
  expect(data('1 2 1e99')).toEqual([1, 2]);
});

test('a codebook in the address comes back; anything else is as if it were not there', () => {
  const field = codeField('code');
  const code = Array.from({ length: 16 }, (_, i) => -1 + i / 8);
  expect(field.parse(field.print(code))).toEqual(code);
  expect(field.parse('1,2,3')).toBeUndefined();
  expect(field.parse(`${'0,'.repeat(15)}1001`)).toBeUndefined();
  expect(field.parse(`${'0,'.repeat(15)}x`)).toBeUndefined();
});
