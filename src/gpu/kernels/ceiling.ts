import copySource from '../../../shaders/ceiling_copy.wgsl?raw';
import fmaSource from '../../../shaders/ceiling_fma.wgsl?raw';
import readSource from '../../../shaders/ceiling_read.wgsl?raw';
import { seededRandom } from '../../tensor/random.ts';
import { grid, defineKernel } from '../device/kernel.ts';
import { floats } from './cases.ts';

/** Words of 16 bytes that a workgroup reads or copies one behind the other. */
export const RUN = 4096;

/** Reads memory and does nothing else: no kernel that reads as much takes less time. */
export const ceiling_read = defineKernel({
  name: 'ceiling_read',
  wgsl: readSource,
  params: { n: 'u32', run: 'u32' },
  bindings: { words: 'read u32', folded: 'write u32' },
  workgroups: ({ n, run }) => grid(64 * Math.ceil(n / run)),
  reference: ({ n, run }, { words, folded }) => {
    const out = new Uint32Array(folded.length);
    for (let i = 0; i < n; i++) {
      const place = 64 * Math.floor(i / run) + ((i % run) % 64);
      for (let part = 0; part < 4; part++) out[place]! ^= words[4 * i + part]!;
    }
    return { folded: out };
  },
  tolerance: 'exact',
  cases: () => [
    { name: 'n 1000 · run 1000', params: { n: 1000, run: 1000 }, arrays: readArrays(1000, 1) },
    { name: 'n 1001 · run 512', params: { n: 1001, run: 512 }, arrays: readArrays(1001, 2) },
  ],
});

/** Reads and writes, half of its bytes each. */
export const ceiling_copy = defineKernel({
  name: 'ceiling_copy',
  wgsl: copySource,
  params: { n: 'u32', run: 'u32' },
  bindings: { words: 'read u32', copied: 'write u32' },
  workgroups: ({ n, run }) => grid(64 * Math.ceil(n / run)),
  reference: (_, { words }) => ({ copied: words }),
  tolerance: 'exact',
  cases: () => [
    {
      name: 'n 1001 · run 512',
      params: { n: 1001, run: 512 },
      arrays: { words: randomWords(4 * 1001), copied: new Uint32Array(4 * 1001) },
    },
  ],
});

/** Products and sums that one lane of the fma ceiling makes each time. */
export const CHAINS = 32;

/** Multiplies and adds in registers and does nothing else: no kernel that multiplies as often takes less time. */
export const ceiling_fma = defineKernel({
  name: 'ceiling_fma',
  wgsl: fmaSource,
  params: { groups: 'u32', times: 'u32', factor: 'f32', term: 'f32' },
  bindings: { starts: 'read f32', sums: 'write f32' },
  workgroups: ({ groups }) => grid(64 * groups),
  reference: ({ times, factor, term }, { starts }) => ({
    sums: starts.map((start) => {
      let sum = 0;
      for (let chain = 0; chain < 8; chain++) {
        let a = Math.fround(start + chain);
        for (let i = 0; i < times; i++) a = Math.fround(a * factor + term);
        sum += 4 * a;
      }
      return sum;
    }),
  }),
  tolerance: () => ({ atol: 0, rtol: 1e-6 }),
  cases: () => [
    {
      name: '3 groups · 17 times',
      params: { groups: 3, times: 17, factor: 0.5, term: 1 },
      arrays: { starts: Float32Array.from({ length: 192 }, (_, i) => i / 7), sums: floats(192) },
    },
  ],
});

const randomWords = (count: number, seed = 3): Uint32Array<ArrayBuffer> => {
  const seeded = seededRandom(seed);
  return Uint32Array.from({ length: count }, () => seeded.integer(2 ** 32));
};

const readArrays = (n: number, groups: number) => ({
  words: randomWords(4 * n, n),
  folded: new Uint32Array(64 * groups),
});
