import { isSoftware } from '../adapter.ts';
import type { Gpu } from '../device/device.ts';
import { canRun, type Kernel } from '../device/kernel.ts';
import { matmulKernel, type Form, type MatmulParams } from '../kernels/matmul.ts';
import { MATVEC } from '../kernels/matvec.ts';
import { TILE_32, TILE_64 } from '../kernels/shared_tile.ts';
import { TILE } from '../kernels/tile.ts';
import { STORAGES, type StorageName } from './matrix.ts';

/**
 * What a matmul is for. prefill: texts that are scored or continued; every form of it comes to the same bits, so that
 * neither the number of tokens nor the adapter's choice of a form shows in an answer. decode: a generation's next token.
 */
export type Phase = 'prefill' | 'decode';

/** A form, and where it is the best. */
interface Use {
  form: Form;
  phase: Phase;
  adapters: 'software' | 'hardware' | 'all';
  /** The fewest tokens and rows. */
  M: number;
  N: number;
}

/**
 * The forms of the matmul; of a phase, the first that suits is taken. An adapter that computes on the CPU pays dearly for
 * barriers and has no use for neighbouring addresses.
 */
const FORMS: readonly Use[] = [
  { form: MATVEC, phase: 'decode', adapters: 'all', M: 1, N: 1 },
  { form: TILE, phase: 'prefill', adapters: 'software', M: 1, N: 1 },
  { form: TILE_64, phase: 'prefill', adapters: 'hardware', M: 48, N: 1024 },
  { form: TILE_32, phase: 'prefill', adapters: 'hardware', M: 1, N: 1 },
];

/** The kernel of a form over a storage; a storage's own kernel serves both phases. */
interface Candidate extends Omit<Use, 'form' | 'phase'> {
  kernel: Kernel;
  form?: string;
  phase?: Phase;
}

/** By storage the kernels that multiply it, the preferred first: every form over it, or its own. */
const CANDIDATES = new Map<string, readonly Candidate[]>(
  Object.entries(STORAGES).map(([storage, { matmul }]) => [
    storage,
    'decoding' in matmul
      ? FORMS.map(({ form, ...use }) => ({ ...use, form: form.name, kernel: matmulKernel(form, matmul) }))
      : matmul.map((kernel) => ({ kernel, adapters: 'all', M: 1, N: 1 })),
  ]),
);

/** Every kernel that multiplies a matrix. */
export const MATMULS: readonly Kernel[] = [...CANDIDATES.values()].flat().map(({ kernel }) => kernel);

/** The kernel for a storage and a phase: the pinned form's, or else the first that suits the shape and the device. */
export function chooseMatmul(
  gpu: Gpu,
  storage: StorageName,
  phase: Phase,
  { M, N }: Pick<MatmulParams, 'M' | 'N'>,
): Kernel {
  const able = ableTo(gpu, storage, phase);
  const pinned = able.find(({ form }) => form !== undefined && form === gpu.pinned[phase]);
  return (pinned ?? suiting(gpu, able).find((use) => M >= use.M && N >= use.N))!.kernel;
}

/** All that chooseMatmul may answer for a storage and a phase on a device. */
export function choicesOf(gpu: Gpu, storage: StorageName, phase: Phase): readonly Kernel[] {
  const able = ableTo(gpu, storage, phase);
  const pinned = able.find(({ form }) => form !== undefined && form === gpu.pinned[phase]);
  if (pinned) return [pinned.kernel];
  const suits = suiting(gpu, able);
  // Those behind one that suits every shape are never asked.
  const last = suits.findIndex(({ M, N }) => M === 1 && N === 1);
  return suits.slice(0, last + 1).map(({ kernel }) => kernel);
}

const ableTo = (gpu: Gpu, storage: StorageName, phase: Phase): Candidate[] =>
  CANDIDATES.get(storage)!.filter(
    (candidate) => (candidate.phase ?? phase) === phase && canRun(gpu, candidate.kernel),
  );

const suiting = ({ adapter }: Gpu, able: readonly Candidate[]): Candidate[] =>
  able.filter(
    ({ adapters }) => adapters === 'all' || adapters === (isSoftware(adapter) ? 'software' : 'hardware'),
  );

/** By storage the kernels of a phase that this device can run, the form of each beside it. */
export const formsFor = (
  gpu: Gpu,
  storage: StorageName,
  phase: Phase,
): readonly { form: string; kernel: Kernel }[] =>
  ableTo(gpu, storage, phase).flatMap(({ form, kernel }) => (form === undefined ? [] : [{ form, kernel }]));
