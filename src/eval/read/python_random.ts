/**
 * CPython's `random.Random(seed)` as far as few-shot sampling needs it: the same seed gives the same examples as
 * in Python. Mersenne Twister MT19937 (Matsumoto and Nishimura 1998); the steps above it are Lib/random.py's.
 */
export interface PythonRandom {
  state: Uint32Array;
  index: number;
}

const N = 624;
const M = 397;

/** `random.Random(seed)` for a whole number from 0 to 2^32 - 1: the harness draws from pythonRandom(1234). */
export function pythonRandom(seed: number): PythonRandom {
  const state = new Uint32Array(N);
  state[0] = 19650218;
  for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, mix(state[i - 1]!)) + i;
  // CPython seeds by array; a seed below 2^32 is an array of one, so key index and key length drop out.
  let i = 1;
  for (let k = N; k > 0; k--) {
    state[i] = (state[i]! ^ Math.imul(mix(state[i - 1]!), 1664525)) + seed;
    i = next(state, i);
  }
  for (let k = N - 1; k > 0; k--) {
    state[i] = (state[i]! ^ Math.imul(mix(state[i - 1]!), 1566083941)) - i;
    i = next(state, i);
  }
  state[0] = 0x80000000;
  return { state, index: N };
}

const mix = (word: number): number => word ^ (word >>> 30);

function next(state: Uint32Array, i: number): number {
  if (i + 1 < N) return i + 1;
  state[0] = state[N - 1]!;
  return 1;
}

function refill(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
    state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}

/** `random.getrandbits(k)` for 1 <= k <= 32: with 32, the first of pythonRandom(1234) is 4150886329. */
export function getrandbits(random: PythonRandom, k: number): number {
  if (random.index >= N) {
    refill(random.state);
    random.index = 0;
  }
  let y = random.state[random.index++]!;
  y ^= y >>> 11;
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  y ^= y >>> 18;
  return y >>> (32 - k);
}

/** A whole number in [0, n): as many bits as n has, drawn again while they give n or more. */
function randbelow(random: PythonRandom, n: number): number {
  const bits = 32 - Math.clz32(n);
  let r = getrandbits(random, bits);
  while (r >= n) r = getrandbits(random, bits);
  return r;
}

/**
 * `random.sample(range(n), k)`, 0 <= k <= n: with pythonRandom(1234), sampleIndices(random, 2251, 5) is
 * [1805, 478, 30, 371, 143]. Small populations are drawn from a pool, large ones through a set, as CPython does:
 * the two give different samples, and the border depends on k.
 */
export function sampleIndices(random: PythonRandom, n: number, k: number): number[] {
  let setsize = 21;
  if (k > 5) {
    let table = 4;
    while (table < 3 * k) table *= 4;
    setsize += table;
  }
  if (n <= setsize) {
    const pool = Array.from({ length: n }, (_, i) => i);
    return Array.from({ length: k }, (_, i) => {
      const j = randbelow(random, n - i);
      const chosen = pool[j]!;
      pool[j] = pool[n - i - 1]!;
      return chosen;
    });
  }
  const selected = new Set<number>();
  while (selected.size < k) {
    let j = randbelow(random, n);
    while (selected.has(j)) j = randbelow(random, n);
    selected.add(j);
  }
  return [...selected];
}
