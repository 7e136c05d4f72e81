import { isSoftware } from '../adapter.ts';
import { largestBinding, openArena } from '../device/buffers.ts';
import { recordCommands } from '../device/commands.ts';
import { orLost, type Gpu } from '../device/device.ts';
import { CHAINS, ceiling_copy, ceiling_fma, ceiling_read, RUN } from '../kernels/ceiling.ts';
import type { Ceiling } from './row.ts';
import { spread, timeInRounds, type Timed } from './rounds.ts';

/** Kernels that do one thing as fast as an adapter can, to be timed beside others, and what each does in a call. */
export interface Ceilings {
  read: Timed;
  copy: Timed;
  fma: Timed;
  bytes_read: number;
  bytes_copied: number;
  operations: number;
  /** Medians of a short run of their own. */
  first: Ceiling;
  close(): void;
}

/** Bytes read in one dispatch: more than a GPU's cache holds; a processor that plays GPU is slower than its memory anyway. */
const READ_BYTES = { hardware: 256 * 2 ** 20, software: 8 * 2 ** 20 };
/** Workgroups of the multiplying kernel: some for each core there may be. */
const GROUPS = { hardware: 8192, software: 256 };
/** Milliseconds of a probe at least: shorter ones would time the submit. */
const PROBE_MS = 8;
/** Times of the first try at products: a dispatch of few is short on the slowest adapter, too. */
const FIRST_TIMES = 16;

/** Waits for all that was submitted. */
export const finished = (gpu: Gpu): Promise<undefined> =>
  orLost(gpu, () => gpu.device.queue.onSubmittedWorkDone());

/** The ceilings of an adapter, each probe as long as it takes to be timed. */
export async function openCeilings(gpu: Gpu, seconds: number): Promise<Ceilings> {
  const kind = isSoftware(gpu.adapter) ? 'software' : 'hardware';
  const bytes = Math.min(READ_BYTES[kind], largestBinding(gpu));
  const n = bytes / 16;
  const groups = GROUPS[kind];
  const arena = openArena(gpu);
  const commands = recordCommands(gpu);
  const [words, copied, folded, starts, sums] = [
    await arena.allocate(bytes, 'memory to read'),
    await arena.allocate(bytes, 'memory to copy to'),
    await arena.allocate(4 * 64 * Math.ceil(n / RUN), 'what was read'),
    await arena.allocate(4 * 64 * groups, 'factors'),
    await arena.allocate(4 * 64 * groups, 'sums'),
  ] as const;
  const repeated =
    (dispatch: () => void, times: number): Timed =>
    async () => {
      for (let i = 0; i < times; i++) dispatch();
      commands.submit();
      await finished(gpu);
    };
  const read = () => commands.dispatch(ceiling_read, { n, run: RUN }, { words, folded });
  const copy = () => commands.dispatch(ceiling_copy, { n, run: RUN }, { words, copied });
  const fma = (times: number) => () =>
    commands.dispatch(ceiling_fma, { groups, times, factor: 0.5, term: 1 }, { starts, sums });
  const reads = await timesFor((times) => repeated(read, times)());
  const times = FIRST_TIMES * (await timesFor((factor) => repeated(fma(FIRST_TIMES * factor), 1)()));
  const works = {
    read: repeated(read, reads),
    copy: repeated(copy, reads),
    fma: repeated(fma(times), 1),
  };
  const bytes_read = reads * bytes;
  const bytes_copied = 2 * reads * bytes;
  const operations = 2 * 64 * groups * CHAINS * times;
  const { ms } = await timeInRounds(works, seconds);
  const rate = (amount: number, all: readonly number[]) => amount / spread(all).median / 1e6;
  return {
    ...works,
    ...{ bytes_read, bytes_copied, operations },
    first: {
      read_gbps: rate(bytes_read, ms.read),
      copy_gbps: rate(bytes_copied, ms.copy),
      fma_gflops: rate(operations, ms.fma),
    },
    close() {
      commands.close();
      arena.close();
    },
  };
}

/** How often, as a power of two, work is to be repeated until it takes long enough to be timed. */
async function timesFor(work: (times: number) => Promise<void>): Promise<number> {
  await work(1);
  for (let times = 1; ; times *= 2) {
    const begun = performance.now();
    await work(times);
    if (performance.now() - begun >= PROBE_MS || times >= 4096) return times;
  }
}
