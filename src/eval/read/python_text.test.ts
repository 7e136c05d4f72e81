import { describe, expect, it } from 'vitest';
import { countBytes, countCharacters, countWords, splitWords, strip } from './python_text.ts';

describe('text as Python counts it', () => {
  it('counts code points, not UTF-16 units', () => {
    expect(countCharacters('🍎 pie')).toBe(5);
    expect(countCharacters('e\u0301')).toBe(2);
    // JSON can carry half a pair; Python counts it as one, and two halves in the wrong order as two.
    expect(countCharacters('\ud83c')).toBe(1);
    expect(countCharacters('\udf4e\ud83c')).toBe(2);
  });

  it('counts UTF-8 bytes', () => {
    expect(countBytes('naïve')).toBe(6);
    expect(countBytes('🍎')).toBe(4);
  });

  it('counts the empty ends of re.split as words', () => {
    expect(countWords(' a b ')).toBe(4);
    expect(countWords('')).toBe(1);
    expect(countWords('a\u001cb\u0085c\ufeffd')).toBe(3);
  });

  it('splits and strips at what Python calls white space', () => {
    expect(splitWords('\u3000a\u001f b\u00a0')).toEqual(['a', 'b']);
    expect(splitWords(' ')).toEqual([]);
    expect(strip('\ufeff a \u0085')).toBe('\ufeff a');
    expect(strip('\x1d\n a\x1c')).toBe('a');
  });
});
