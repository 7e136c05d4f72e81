import blockAbsmax from '../../../shaders/preludes/block_absmax.wgsl?raw';
import division from '../../../shaders/preludes/division.wgsl?raw';
import source from '../../../shaders/quantize_absmax.wgsl?raw';
import { MIDPOINTS, nestedBlocks, quantizeAbsmax } from '../../quant/double_quant.ts';
import { torchMean } from '../../quant/torch_mean.ts';
import { words } from '../../tensor/words.ts';
import { defineKernel, grid } from '../device/kernel.ts';
import { nestedCodes } from '../device/limits.ts';
import { nestedArrays } from './blockwise.ts';
import { normals } from './cases.ts';

/** Double quantization of a matrix's absmax, whose mean is known, byte for byte as quantizeAbsmax does. */
export const quantize_absmax = defineKernel({
  name: 'quantize_absmax',
  wgsl: division + blockAbsmax + source,
  params: { blocks: 'u32' },
  bindings: {
    absmax: 'read f32',
    midpoints: 'read f32',
    nested_absmax: 'read_write u32',
    codes: 'write u32',
  },
  workgroups: ({ blocks }) => grid(nestedBlocks(blocks)),
  reference({ blocks }, { absmax, nested_absmax }) {
    const mean = new Float32Array(nested_absmax.buffer, nested_absmax.byteOffset)[nestedBlocks(blocks)];
    const made = nestedArrays(quantizeAbsmax(absmax.subarray(0, blocks), mean));
    return { nested_absmax: words(made.nested_absmax), codes: words(made.codes) };
  },
  tolerance: 'exact',
  cases: () => [
    absmaxCase(normals(40_003, 1)),
    absmaxCase(normals(512, 2)),
    absmaxCase(normals(255, 3)),
    absmaxCase(normals(5000, 4).map((value, i) => value * 2 ** ((i % 61) - 30))),
    // One block is its own mean, as are equal ones.
    absmaxCase(Float32Array.of(0.37)),
    absmaxCase(new Float32Array(300).fill(0.5)),
    // Exactly half way between two values, whichever of them is the nearest.
    absmaxCase(Float32Array.of(1, ...MIDPOINTS.map((middle) => Math.max(0, middle))), 0),
  ],
});

function absmaxCase(values: Float32Array<ArrayBuffer>, mean = torchMean(values.map(Math.abs))) {
  const blocks = values.length;
  const nested_absmax = new Float32Array(nestedBlocks(blocks) + 1);
  nested_absmax[nestedBlocks(blocks)] = mean;
  return {
    name: `${blocks} blocks about ${mean.toPrecision(3)}`,
    params: { blocks },
    arrays: {
      absmax: values.map(Math.abs),
      midpoints: MIDPOINTS,
      nested_absmax: words(nested_absmax),
      codes: new Uint32Array(nestedCodes(blocks) / 4),
    },
  };
}
