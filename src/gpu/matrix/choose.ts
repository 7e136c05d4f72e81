import { isSoftware } from '../adapter.ts';
import type { Gpu } from '../device/device.ts';
import { canRun, type Kernel } from '../device/kernel.ts';
import { matmulKernel, type Form, type MatmulParams, type Weights } from '../kernels/matmul.ts';
import { matvecKernel, type MatvecForm } from '../kernels/matvec_kernel.ts';
import { MATVEC } from '../kernels/matvec.ts';
import { MATVEC_STAGED, MATVEC_STAGED_8, MATVEC_STAGED_SUBGROUPS } from '../kernels/matvec_staged.ts';
import { MATVEC_FUSED } from '../kernels/matvec_fused.ts';
import { TILE_32, TILE_64 } from '../kernels/shared_tile.ts';
import { MATVEC_SHUFFLED, TILE_SHUFFLED } from '../kernels/shuffled.ts';
import { TILE } from '../kernels/tile.ts';
import { STORAGES, type StorageName } from './matrix.ts';

/**
 * What a matmul is for. prefill: texts that are scored or continued; every form of it comes to the same bits, so that
 * neither the number of tokens nor the adapter's choice of a form shows in an answer. decode: a generation's next token.
 */
export type Phase = 'prefill' | 'decode';

/** A form, and where it is the best. */
interface Use {
  form: Form | MatvecForm;
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
  { form: MATVEC_SHUFFLED, phase: 'decode', adapters: 'software', M: 1, N: 1 },
  { form: MATVEC, phase: 'decode', adapters: 'software', M: 1, N: 1 },
  { form: MATVEC_STAGED_8, phase: 'decode', adapters: 'hardware', M: 2, N: 1 },
  { form: MATVEC_STAGED_SUBGROUPS, phase: 'decode', adapters: 'hardware', M: 1, N: 1 },
  { form: MATVEC_STAGED, phase: 'decode', adapters: 'hardware', M: 1, N: 1 },
  { form: MATVEC_FUSED, phase: 'decode', adapters: 'hardware', M: 1, N: 1 },
  { form: TILE_SHUFFLED, phase: 'prefill', adapters: 'software', M: 1, N: 1 },
  { form: TILE, phase: 'prefill', adapters: 'software', M: 1, N: 1 },
  { form: TILE_64, phase: 'prefill', adapters: 'hardware', M: 48, N: 1024 },
  { form: TILE_32, phase: 'prefill', adapters: 'hardware', M: 1, N: 1 },
];

/** Every form, and what it is for. */
export const FORM_NAMES = FORMS.map(({ form, phase, adapters }) => ({ form: form.name, phase, adapters }));

/** The kernel of a form over a storage; a storage's own kernel serves both phases. */
interface Candidate extends Omit<Use, 'form' | 'phase'> {
  kernel: Kernel;
  /** Of a matvec: whether it normalizes its input. */
  normalizes?: boolean;
  form?: string;
  phase?: Phase;
}

/** The kernel of a form over a storage. */
const kernelOver = (form: Form | MatvecForm, weights: Weights): Kernel =>
  'normalizes' in form ? matvecKernel(form, weights) : matmulKernel(form, weights);

/** By storage the kernels that multiply it, the preferred first: every form over it, or its own. */
const CANDIDATES = new Map<string, readonly Candidate[]>(
  Object.entries(STORAGES).map(([storage, { matmul }]) => [
    storage,
    'decoding' in matmul
      ? FORMS.map(({ form, ...use }) => ({
          ...use,
          form: form.name,
          ...('normalizes' in form && { normalizes: form.normalizes }),
          kernel: kernelOver(form, matmul),
        }))
      : matmul.map((own) => ({ ...own, N: 1 })),
  ]),
);

/** Every kernel that multiplies a matrix. */
export const MATMULS: readonly Kernel[] = [...CANDIDATES.values()].flat().map(({ kernel }) => kernel);

/** The kernel for a storage and a phase: the pinned form's, or else the first that suits the shape and the device. */
export const chooseMatmul = (
  gpu: Gpu,
  storage: StorageName,
  phase: Phase,
  { M, N }: Pick<MatmulParams, 'M' | 'N'>,
): Kernel => chosen(gpu, storage, phase).find((use) => M >= use.M && N >= use.N)!.kernel;

/** All that chooseMatmul may answer for a storage and a phase on a device. */
export const choicesOf = (gpu: Gpu, storage: StorageName, phase: Phase): readonly Kernel[] => [
  ...new Set(chosen(gpu, storage, phase).map(({ kernel }) => kernel)),
];

/** The form that a phase takes first on a device, over every storage that forms serve. */
export const firstForm = (gpu: Gpu, phase: Phase): string => chosen(gpu, 'float', phase)[0]!.form!;

/** The form that a device decodes a generation by, which has one token at a time. */
const decodingForm = (gpu: Gpu): Candidate => chosen(gpu, 'float', 'decode').find(({ M }) => M === 1)!;

/** Its name: it goes into the record, since forms that decode sum in orders of their own. */
export const decodingFormName = (gpu: Gpu): string => decodingForm(gpu).form!;

/** Whether what decodes on a device normalizes its input on the way; elsewhere a norm is a dispatch of its own. */
export const normalizesDecoding = (gpu: Gpu): boolean => decodingForm(gpu).normalizes === true;

/** By storage the kernels of a phase that this device can run, the form of each beside it. */
export const formsFor = (
  gpu: Gpu,
  storage: StorageName,
  phase: Phase,
): readonly { form: string; kernel: Kernel }[] =>
  able(gpu, storage, phase).flatMap(({ form, kernel }) => (form === undefined ? [] : [{ form, kernel }]));

/** What a device takes for a phase, the first that suits a shape: the pinned or the asked-for form for every one. */
function chosen(gpu: Gpu, storage: StorageName, phase: Phase): readonly Candidate[] {
  const all = able(gpu, storage, phase);
  const formed = (name: string | undefined, M = 1, N = 1): Candidate[] => {
    const found = name === undefined ? undefined : all.find(({ form }) => form === name);
    return found ? [{ ...found, M, N }] : [];
  };
  const one = [...formed(gpu.pinned[phase]), ...formed(gpu.forced[phase])];
  if (one.length > 0) return one.slice(0, 1);
  const tuned = (gpu.tuned ?? []).filter((use) => use.phase === phase);
  const uses = tuned.flatMap(({ form, M, N }) => formed(form, M, N));
  if (uses.some(({ M, N }) => M === 1 && N === 1)) return uses;
  const own = isSoftware(gpu.adapter) ? 'software' : 'hardware';
  const suits = all.filter(({ adapters }) => adapters === 'all' || adapters === own);
  // Those behind one that suits all of their shapes are never asked.
  return suits.filter(({ M, N }, i) => !suits.slice(0, i).some((before) => before.M <= M && before.N <= N));
}

const able = (gpu: Gpu, storage: StorageName, phase: Phase): readonly Candidate[] =>
  CANDIDATES.get(storage)!.filter(
    (candidate) => (candidate.phase ?? phase) === phase && canRun(gpu, candidate.kernel),
  );
