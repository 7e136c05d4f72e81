import type { Gpu } from './device/device.ts';
import { canRun, type Kernel } from './device/kernel.ts';
import { activate } from './kernels/activate.ts';
import { add } from './kernels/add.ts';
import { advance } from './kernels/advance.ts';
import { FORMS, formOf } from './forms.ts';
import { cast } from './kernels/cast.ts';
import { ceiling_copy, ceiling_fma, ceiling_read } from './kernels/ceiling.ts';
import { clamp } from './kernels/clamp.ts';
import { dequantize_4bit } from './kernels/dequantize_4bit.ts';
import { embedding } from './kernels/embedding.ts';
import { gather_columns } from './kernels/gather_columns.ts';
import { pick_rows } from './kernels/pick_rows.ts';
import { pick_targets } from './kernels/pick_targets.ts';
import { rope } from './kernels/rope.ts';
import { rope_pair } from './kernels/rope_pair.ts';
import { rope_qkv } from './kernels/rope_qkv.ts';
import { scale } from './kernels/scale.ts';
import { choicesOf, chooseMatmul, MATMULS, type Phase } from './matrix/choose.ts';
import { STORAGES, type StorageName } from './matrix/matrix.ts';
import { MEASURING } from './matrix/measure_matrix.ts';

/** The kernels of a model's passes that every storage of weights needs, beside those of forms.ts. Adding one is one line here. */
const OF_EVERY_MODEL = [
  embedding,
  scale,
  rope,
  rope_pair,
  rope_qkv,
  add,
  pick_rows,
  pick_targets,
  gather_columns,
  clamp,
  cast,
  advance,
] as unknown as readonly Kernel[];

/** What no kernel of an adapter outruns: memory read, memory copied, products added up. */
const CEILINGS = [ceiling_read, ceiling_copy, ceiling_fma] as unknown as readonly Kernel[];

/** Every kernel, once; the tests and the self-check walk this list. */
export const KERNELS: readonly Kernel[] = [
  ...new Set([
    ...Object.values(STORAGES).flatMap(({ others }) => others),
    ...MATMULS,
    ...MEASURING,
    dequantize_4bit as unknown as Kernel,
    activate as unknown as Kernel,
    ...CEILINGS,
    ...FORMS,
    ...OF_EVERY_MODEL,
  ]),
];

/** The kernels that this browser and its adapter can run, of the matmul's forms those that are ever taken there. */
export function kernelsFor(gpu: Gpu): readonly Kernel[] {
  const storages = Object.keys(STORAGES) as StorageName[];
  const taken = new Set(
    storages.flatMap((storage) => [
      ...choicesOf(gpu, storage, 'prefill'),
      ...choicesOf(gpu, storage, 'decode'),
    ]),
  );
  return KERNELS.filter((kernel) => (MATMULS.includes(kernel) ? taken.has(kernel) : canRun(gpu, kernel)));
}

/** The kernels of a model whose matrices lie so on the device, in these phases; one token at a time is decoded. */
export const kernelsOf = (gpu: Gpu, storage: StorageName, phases: readonly Phase[]): readonly Kernel[] => [
  ...OF_EVERY_MODEL,
  ...STORAGES[storage].others.map((kernel) => formOf(gpu, kernel).kernel),
  ...phases.flatMap((phase) =>
    phase === 'decode' ? [chooseMatmul(gpu, storage, phase, { M: 1, N: 1 })] : choicesOf(gpu, storage, phase),
  ),
];
