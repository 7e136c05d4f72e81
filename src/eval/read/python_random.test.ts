import { describe, expect, it } from 'vitest';
import golden from '../../../test/golden/eval.json';
import { getrandbits, pythonRandom, sampleIndices } from './python_random.ts';

describe("CPython's random.Random", () => {
  const { random } = golden;

  it('gives the same words, past two refills of its state', () => {
    const generator = pythonRandom(1234);
    const words = Array.from({ length: 2000 }, () => getrandbits(generator, 32));
    expect(words.slice(0, 3)).toEqual(random.first);
    expect(words.at(-1)).toBe(random.last_of_2000);
  });

  it('takes the top bits of a word', () => {
    expect([1, 5, 12, 32].map((k) => getrandbits(pythonRandom(7), k))).toEqual(random.bits);
  });

  it.each(random.samples)('samples $k of $n with seed $seed', ({ seed, n, k, samples }) => {
    const generator = pythonRandom(seed);
    expect(samples.map(() => sampleIndices(generator, n, k))).toEqual(samples);
  });
});
