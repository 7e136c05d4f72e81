import scales from '../../../shaders/preludes/scales.wgsl?raw';
import source from '../../../shaders/dequantize_4bit.wgsl?raw';
import { makeCodebook } from '../../quant/codebook.ts';
import { E2M1 } from '../../quant/e2m1.ts';
import { FP4 } from '../../quant/formats/fp4.ts';
import { NF4 } from '../../quant/formats/nf4.ts';
import {
  BLOCKWISE,
  BLOCKWISE_BINDINGS,
  ODD_FIRST_BLOCK,
  SCALES,
  SHIFT,
  blockwiseCase,
  blockwiseWeights,
} from './blockwise.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** The float32 weights of packed 4-bit codes, as dequantizeBlockwise gives them: bit for bit without double quantization. */
export const dequantize_4bit = defineKernel({
  name: 'dequantize_4bit',
  wgsl: scales + source,
  params: { n: 'u32', ...BLOCKWISE },
  bindings: { ...BLOCKWISE_BINDINGS, y: 'write f32' },
  workgroups: ({ n }) => grid(n),
  reference: (p, arrays, overrides) => ({ y: blockwiseWeights(p.n, p, arrays, overrides) }),
  // An adapter may fuse a product and a sum, of a nested absmax or a minimum, which moves the last bit.
  tolerance: (_, overrides) =>
    overrides.SCALES === SCALES.nested
      ? { atol: 0, rtol: 1e-6 }
      : { atol: overrides.SHIFT === SHIFT.minimum ? 1e-6 : 0, rtol: 0 },
  // The last one needs more than 65,535 workgroups; its values repeat, since making 4 million normals takes longer.
  cases: () => [
    dequantizeCase(blockwiseCase(normals(8229, 1), NF4, 64, false), 8229),
    dequantizeCase(blockwiseCase(normals(1000, 2), FP4, 256, false), 1000),
    dequantizeCase(blockwiseCase(normals(40_000, 3), NF4, 64, true, ODD_FIRST_BLOCK), 40_000),
    dequantizeCase(blockwiseCase(normals(1000, 4), E2M1_BOOK, 16, false, 0, 'zero'), 1000),
    dequantizeCase(blockwiseCase(normals(1003, 5), NF4, 32, false, 0, 'minimum'), 1003),
    dequantizeCase(blockwiseCase(repeated(4_194_368), NF4, 4096, false), 4_194_368),
  ],
});

/** Values beyond [-1, 1]. */
const E2M1_BOOK = makeCodebook('custom', [...E2M1]);

const dequantizeCase = (
  { name, params, arrays, overrides }: ReturnType<typeof blockwiseCase>,
  n: number,
) => ({
  name: `n ${n} · ${name}`,
  params: { n, ...params },
  arrays: { ...arrays, y: floats(n) },
  overrides,
});

const repeated = (n: number) => Float32Array.from({ length: n }, (_, i) => (i % 4093) - 2000);
