import { expect, test } from 'vitest';
import { sniff } from './sniff.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

test('knows other kinds of files by their first bytes', () => {
  expect(sniff(ascii('version https://git-lfs.github.com/spec/v1\noid'))).toContain('Git LFS pointer');
  expect(sniff(ascii('\xef\xbb\xbf \n<!DOCTYPE HTML>'))).toContain('HTML');
  expect(sniff(ascii('PK\x03\x04\0\0\0\0'))).toContain('zip');
  expect(sniff(ascii('GGUF\x03\0\0\0'))).toContain('GGUF');
  expect(sniff(ascii('\x80\x02}q\0(X\x06'))).toContain('pickle');
  expect(sniff(ascii('{"error": 1}'))).toContain('JSON');
});

test('does not take a length for another format', () => {
  for (const start of [
    '',
    '\0',
    '{\x01\0\0\0\0\0\0',
    '\x80\x02\0\0\0\0\0\0{"',
    '\x1f\x8b\0\0\0\0\0\0',
    'hello',
  ]) {
    expect(sniff(ascii(start))).toBeUndefined();
  }
});
