/** Numbers that look random and are the same for ever for the same seed. */
export interface Random {
  /** A multiple of 2^-32 in [0, 1). */
  readonly uniform: () => number;
  /** Mean 0, standard deviation 1. Its last bit may differ between browsers, as their Math.log and Math.cos do. */
  readonly normal: () => number;
  /** An integer of 0 to n - 1, each as likely; n is at most 2^32. */
  readonly integer: (n: number) => number;
  /** Puts the array's elements into a random order, in place, and returns it. */
  readonly shuffle: <T>(array: T[]) => T[];
}

const TWO_32 = 2 ** 32;

/**
 * The generator of a seed, which counts modulo 2^32: `seededRandom(7).uniform()` is 0.0117…, today and always.
 * It is mulberry32 (Tommy Ettinger, public domain): a counter, mixed. Period 2^32, good enough for test data and for the
 * order of items; experiments in every saved link depend on it, so it never changes.
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  let spare: number | undefined;

  function word(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  function integer(n: number): number {
    // Words in the last, incomplete round of n would favour the small integers.
    const rounds = TWO_32 - (TWO_32 % n);
    let drawn = word();
    while (drawn >= rounds) drawn = word();
    return drawn % n;
  }

  return {
    uniform: () => word() / TWO_32,
    integer,
    normal() {
      // Box-Muller makes two at a time.
      if (spare !== undefined) {
        const kept = spare;
        spare = undefined;
        return kept;
      }
      // 1 to 2^32 instead of 0 to 2^32 - 1: the logarithm of 0 is not finite.
      const radius = Math.sqrt(-2 * Math.log((word() + 1) / TWO_32));
      const angle = (2 * Math.PI * word()) / TWO_32;
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    shuffle(array) {
      // Fisher and Yates, from the end.
      for (let i = array.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        [array[i], array[j]] = [array[j]!, array[i]!];
      }
      return array;
    },
  };
}
