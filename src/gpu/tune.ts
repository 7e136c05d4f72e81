import { isSoftware } from './adapter.ts';
import { finished } from './bench/ceilings.ts';
import { benchFormat } from './bench/formats.ts';
import { spread } from './bench/rounds.ts';
import { openArena } from './device/buffers.ts';
import { recordCommands } from './device/commands.ts';
import type { Gpu, TunedUse } from './device/device.ts';
import { normals } from './kernels/cases.ts';
import { formsFor, type Phase } from './matrix/choose.ts';
import { linear } from './matrix/linear.ts';
import type { DeviceMatrix } from './matrix/matrix.ts';

/** A class of shapes and what the forms took for one of it, the fastest of which is taken. */
export interface TunedClass extends TunedUse {
  /** The shape that was timed. */
  shape: { M: number; N: number; K: number };
  timings: { form: string; median_ms: number }[];
}

/** What was found on an adapter. */
export interface Tuning {
  classes: TunedClass[];
  /** Seconds that it took. */
  seconds: number;
}

/** Classes of shapes: the fewest tokens and rows, and one that is timed. Of a generation one form serves all: its record names one. */
const CLASSES: readonly Omit<TunedClass, 'form' | 'timings'>[] = [
  { phase: 'decode', M: 1, N: 1, shape: { M: 1, N: 4096, K: 1024 } },
  { phase: 'prefill', M: 48, N: 1024, shape: { M: 256, N: 2048, K: 1024 } },
  { phase: 'prefill', M: 48, N: 1, shape: { M: 256, N: 512, K: 1024 } },
  { phase: 'prefill', M: 1, N: 1024, shape: { M: 16, N: 2048, K: 1024 } },
  { phase: 'prefill', M: 1, N: 1, shape: { M: 16, N: 512, K: 1024 } },
];

/** A processor that plays GPU takes a second for what a GPU does in some milliseconds. */
const SOFTWARE_SHAPE = { tokens: 8, rows: 8, columns: 4 };

const BUDGET_MS = 3000;
const ROUNDS = 3;
/** Milliseconds of a timing, so that the submit counts for little. */
const LEAST_MS = 20;
const MOST_TIMES = 64;
/** A form that takes so many times as long as the fastest is not timed again. */
const HOPELESS = 2;
/** Bytes of different weights that are gone through: more than a GPU's cache holds. */
const WEIGHT_BYTES = { hardware: 64 * 2 ** 20, software: 2 ** 20 };

/** Milliseconds that a tuning may take in all, and that a timing takes at least. */
interface TuneTimes {
  budget_ms: number;
  timing_ms: number;
}

/**
 * Times the forms of the matmul on shapes of each class, in turn, and has the device take the fastest of each. The forms
 * of prefill come to the same bits, so that no answer depends on it; the one that decodes stands in the record. After
 * three seconds it ends: a phase of which a class was not timed stays as it was.
 */
export async function tune(
  gpu: Gpu,
  { budget_ms, timing_ms }: TuneTimes = { budget_ms: BUDGET_MS, timing_ms: LEAST_MS },
): Promise<Tuning> {
  delete gpu.tuned;
  const begun = performance.now();
  const classes: TunedClass[] = [];
  for (const each of CLASSES) {
    if (performance.now() - begun > budget_ms) break;
    classes.push(await timeClass(gpu, each, begun + budget_ms, timing_ms));
  }
  const tuning = { classes, seconds: (performance.now() - begun) / 1000 };
  takeTuning(gpu, tuning);
  return tuning;
}

/** Has a device take the forms of a tuning, in the phases of which it has every class. */
export function takeTuning(gpu: Gpu, { classes }: Tuning): void {
  const complete = (phase: Phase) =>
    CLASSES.filter((each) => each.phase === phase).length ===
    classes.filter((each) => each.phase === phase).length;
  gpu.tuned = classes
    .filter(({ phase }) => complete(phase))
    .map(({ phase, form, M, N }) => ({ phase, form, M, N }));
}

async function timeClass(
  gpu: Gpu,
  each: Omit<TunedClass, 'form' | 'timings'>,
  until: number,
  timing_ms: number,
): Promise<TunedClass> {
  const { phase } = each;
  const software = isSoftware(gpu.adapter);
  const shape = software ? smaller(each.shape) : each.shape;
  const { M, N, K } = shape;
  const arena = openArena(gpu);
  const commands = recordCommands(gpu);
  const before = { ...gpu.forced };
  try {
    const weights = benchFormat('nf4').make(N, K);
    const copies = Math.ceil(WEIGHT_BYTES[software ? 'software' : 'hardware'] / weights.bytes);
    const matrices: DeviceMatrix[] = [];
    for (let i = 0; i < copies; i++) matrices.push(await weights.upload(arena));
    const buffers = {
      x: await arena.upload(normals(M * K, 1), 'x'),
      y: await arena.allocate(4 * M * N, 'y'),
    };
    let next = 0;
    const run = async (form: string, times: number): Promise<number> => {
      gpu.forced[phase] = form;
      const begun = performance.now();
      for (let i = 0; i < times; i++) {
        const matrix = matrices[next++ % matrices.length]!;
        linear(commands, matrix, { M, ...buffers, compute_dtype: 'float32', phase });
      }
      commands.submit();
      await finished(gpu);
      return (performance.now() - begun) / times;
    };
    const forms = formsFor(gpu, 'blockwise', phase).map(({ form }) => form);
    // The first of each compiles it.
    for (const form of forms) await run(form, 1);
    const first = new Map<string, number>();
    for (const form of forms) first.set(form, await run(form, 1));
    const best = Math.min(...first.values());
    const times = Math.max(1, Math.min(MOST_TIMES, Math.ceil(timing_ms / best)));
    const left = forms.filter((form) => first.get(form)! <= HOPELESS * best);
    const all = new Map(forms.map((form) => [form, left.includes(form) ? [] : [first.get(form)!]]));
    for (let round = 0; round < ROUNDS && (round === 0 || performance.now() < until); round++) {
      for (const form of left) all.get(form)!.push(await run(form, times));
    }
    const timings = forms.map((form) => ({ form, median_ms: spread(all.get(form)!).median }));
    const fastest = timings.reduce((a, b) => (b.median_ms < a.median_ms ? b : a));
    return { ...each, shape, timings, form: fastest.form };
  } finally {
    delete gpu.forced[phase];
    Object.assign(gpu.forced, before);
    commands.close();
    arena.close();
  }
}

const smaller = ({ M, N, K }: TunedClass['shape']): TunedClass['shape'] => ({
  M: Math.max(1, Math.ceil(M / SOFTWARE_SHAPE.tokens)),
  N: N / SOFTWARE_SHAPE.rows,
  K: K / SOFTWARE_SHAPE.columns,
});
