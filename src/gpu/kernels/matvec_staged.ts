import inputSums from '../../../shaders/preludes/input_sums.wgsl?raw';
import sums from '../../../shaders/preludes/group.wgsl?raw';
import of1 from '../../../shaders/preludes/tokens_1.wgsl?raw';
import of8 from '../../../shaders/preludes/tokens_8.wgsl?raw';
import source from '../../../shaders/matvec_staged.wgsl?raw';
import { GATE, type MatvecForm, type MatvecParams } from './matvec_kernel.ts';

/** Lanes of a workgroup, and how many share two rows of the weight. */
const LANES = 64;
const SHARING = 8;

/** 16 rows of the weight and up to so many tokens a workgroup, which reads weights 16 bytes at a time and its input once. */
const staged = (name: string, tokens: number, prelude: string): MatvecForm => ({
  name,
  source: prelude + sums + inputSums + source,
  normalizes: true,
  loads: true,
  workgroups(p) {
    const pairs = (p as MatvecParams).gate === GATE.gated ? p.N : Math.ceil(p.N / 2);
    return [Math.ceil(pairs / (LANES / SHARING)), Math.ceil(p.M / tokens)];
  },
});

/** For a decoding step on a GPU. */
export const MATVEC_STAGED = staged('matvec_staged', 1, of1);

/** For a few tokens at a time, for which a weight is decoded once; the same bits. */
export const MATVEC_STAGED_8 = staged('matvec_staged_8', 8, of8);
