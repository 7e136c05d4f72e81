import type { Gpu } from '../device/device.ts';
import { canRun, type Kernel } from '../device/kernel.ts';
import { matmulKernel, type Form, type MatmulParams } from '../kernels/matmul.ts';
import { MATVEC } from '../kernels/matvec.ts';
import { TILE } from '../kernels/tile.ts';
import { STORAGES, type StorageName } from './matrix.ts';

/** A kernel, and the most tokens it is the best for. */
interface Candidate {
  kernel: Kernel;
  most_tokens: number;
}

/**
 * The forms of the matmul, those for the fewest tokens first. From four tokens on, a tile of eight wastes less than it
 * saves.
 */
const FORMS: readonly { form: Form; most_tokens: number }[] = [
  { form: MATVEC, most_tokens: 3 },
  { form: TILE, most_tokens: Infinity },
];

/** By storage the kernels that multiply it, the preferred first: every form over it, or its own. */
const CANDIDATES = new Map<string, readonly Candidate[]>(
  Object.entries(STORAGES).map(([storage, { matmul }]) => [
    storage,
    'decoding' in matmul
      ? FORMS.map(({ form, most_tokens }) => ({ kernel: matmulKernel(form, matmul), most_tokens }))
      : matmul.map((kernel) => ({ kernel, most_tokens: Infinity })),
  ]),
);

/** Every kernel that multiplies a matrix. */
export const MATMULS: readonly Kernel[] = [...CANDIDATES.values()].flat().map(({ kernel }) => kernel);

/** The kernel for a storage and so many tokens: the first candidate that suits both and that the device can run. */
export const chooseMatmul = (gpu: Gpu, storage: StorageName, { M }: Pick<MatmulParams, 'M'>): Kernel =>
  CANDIDATES.get(storage)!.find(({ kernel, most_tokens }) => M <= most_tokens && canRun(gpu, kernel))!.kernel;

/** All that chooseMatmul may answer for a storage on a device. */
export const choicesOf = (gpu: Gpu, storage: StorageName): readonly Kernel[] => [
  ...new Set(
    CANDIDATES.get(storage)!.map(({ most_tokens }) => chooseMatmul(gpu, storage, { M: most_tokens })),
  ),
];
