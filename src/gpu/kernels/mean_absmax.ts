import division from '../../../shaders/preludes/division.wgsl?raw';
import positiveSum from '../../../shaders/preludes/positive_sum.wgsl?raw';
import source from '../../../shaders/mean_absmax.wgsl?raw';
import { nestedBlocks } from '../../quant/double_quant.ts';
import { torchMean } from '../../quant/torch_mean.ts';
import { words } from '../../tensor/words.ts';
import { defineKernel } from '../device/kernel.ts';
import { normals } from './cases.ts';

/** The mean of a matrix's absmax, to the bit as torchMean adds it up, behind where its nested absmax will lie. */
export const mean_absmax = defineKernel({
  name: 'mean_absmax',
  wgsl: division + positiveSum + source,
  params: { blocks: 'u32' },
  bindings: { absmax: 'read u32', nested_absmax: 'read_write u32' },
  workgroups: () => [1, 1],
  reference({ blocks }, { absmax, nested_absmax }) {
    const made = nested_absmax.slice();
    const mean = torchMean(new Float32Array(absmax.buffer, absmax.byteOffset, blocks));
    made[nestedBlocks(blocks)] = words(Float32Array.of(mean))[0]!;
    return { nested_absmax: made };
  },
  tolerance: 'exact',
  // Rows that end within sixteen, within 256 of them, and beyond 4,096; a few values; magnitudes far apart.
  cases: () => [
    meanCase(normals(2739, 1)),
    ...[1, 3, 7, 8, 33, 512].map((blocks) => meanCase(normals(blocks, blocks))),
    meanCase(normals(137_003, 2)),
    meanCase(normals(9000, 3).map((value, i) => value * 2 ** ((i % 97) - 48))),
    meanCase(new Float32Array(300)),
  ],
});

function meanCase(values: Float32Array<ArrayBuffer>) {
  const blocks = values.length;
  return {
    name: `${blocks} blocks`,
    params: { blocks },
    arrays: {
      absmax: words(values.map(Math.abs)),
      nested_absmax: new Uint32Array(nestedBlocks(blocks) + 1),
    },
  };
}
