import { LabError, type ErrorCode } from '../../src/errors.ts';
import { nodeGpu } from '../../src/cli/node_gpu.ts';
import { openGpu } from '../../src/gpu/device/device.ts';
import type { Host } from '../../src/lab/host.ts';
import { memoryScratch } from '../../src/lab/memory_scratch.ts';
import type { Scratch } from '../../src/lab/scratch.ts';
import { memoryStore, type Store } from '../../src/lab/store.ts';
import { seededRandom, type Random } from '../../src/tensor/random.ts';
import { outcomeOf, runSmall, smallHost } from './node_run.ts';
import type { FaultSuite } from './suite.ts';
import { wholeOf } from './whole.ts';

const WRITES = ['add', 'change', 'commit'] as const;
const READS = ['get', 'items', 'count'] as const;

/** A store whose calls of some kind fail, each with a code, where `fails` says so of the number of the call. */
function failing(
  store: Store,
  calls: readonly (keyof Store)[],
  code: ErrorCode,
  fails: (call: number) => boolean,
): Store {
  let made = 0;
  return new Proxy(store, {
    get(target, name: keyof Store) {
      if (!calls.includes(name)) return Reflect.get(target, name) as unknown;
      const method = (...args: unknown[]) =>
        (target[name] as (...given: unknown[]) => Promise<unknown>)(...args);
      return (...args: unknown[]) =>
        fails(++made) ? Promise.reject(new LabError(code, 'Made up for a test.')) : method(...args);
    },
  });
}

const full = (): never => {
  throw new DOMException('Made up for a test.', 'QuotaExceededError');
};

/** A scratch folder whose files fail at some call. */
function failingScratch(random: Random): Scratch {
  const scratch = memoryScratch();
  let left = random.integer(12);
  const orFull = <T>(value: T): T => (left-- === 0 ? full() : value);
  return {
    ...scratch,
    create: async (name) => {
      const file = await scratch.create(name);
      return orFull({ ...file, append: (bytes) => orFull(file.append(bytes)) });
    },
    open: async (name) => orFull(await scratch.open(name)),
  };
}

type Faulty = (store: Store, random: Random) => Partial<Host>;

/** Writes and reads of a whole run, about. */
const [ALL_WRITES, ALL_READS] = [20, 12];

const KINDS: Record<string, { right: ErrorCode[]; faulty: Faulty }> = {
  'full from a write on': {
    right: ['storage-full'],
    faulty(store, random) {
      const from = 1 + random.integer(ALL_WRITES);
      return { store: failing(store, WRITES, 'storage-full', (n) => n >= from) };
    },
  },
  'a write is taken back': {
    right: ['storage'],
    faulty(store, random) {
      const at = 1 + random.integer(ALL_WRITES);
      return { store: failing(store, WRITES, 'storage', (n) => n === at) };
    },
  },
  'a read fails': {
    right: ['storage'],
    faulty(store, random) {
      const at = 1 + random.integer(ALL_READS);
      return { store: failing(store, READS, 'storage', (n) => n === at) };
    },
  },
  'a newer page takes the database over': {
    right: ['storage-newer'],
    faulty(store, random) {
      const from = 1 + random.integer(ALL_WRITES + ALL_READS);
      return { store: failing(store, [...WRITES, ...READS], 'storage-newer', (n) => n >= from) };
    },
  },
  'the scratch files have no room': {
    right: [],
    faulty: (_, random) => ({ scratch: () => Promise.resolve(failingScratch(random)) }),
  },
};

/** A store that refuses at any call: what was told is stored, and goes on once the store takes it again. */
export async function openStorageFaults(): Promise<FaultSuite> {
  const sound = await openGpu(await nodeGpu());
  const gpu = () => Promise.resolve(sound);
  const whole = wholeOf(await runSmall(smallHost(gpu)));
  return {
    name: 'storage',
    at_a_time: 3,
    kinds: Object.entries(KINDS).map(([name, { right, faulty }]) => ({
      name,
      async trial(seed) {
        const store = memoryStore();
        const events = await runSmall(smallHost(gpu, { store, ...faulty(store, seededRandom(seed)) }));
        return outcomeOf(whole, events, smallHost(gpu, { store }), right);
      },
    })),
    close: () => sound.device.destroy(),
  };
}
