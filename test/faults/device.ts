import { LabError } from '../../src/errors.ts';
import { nodeGpu } from '../../src/cli/node_gpu.ts';
import { openGpu, type Gpu } from '../../src/gpu/device/device.ts';
import { seededRandom, type Random } from '../../src/tensor/random.ts';
import { faultyGpu, type Faults } from '../fixtures/faulty_gpu.ts';
import { outcomeOf, runSmall, smallHost } from './node_run.ts';
import type { FaultSuite, Outcome } from './suite.ts';
import { wholeOf, type Whole } from './whole.ts';

/** What a trial in this process has at hand. */
interface Bench {
  whole: Whole;
  /** A device that has no fault. */
  sound: Gpu;
  /** A device that nobody else uses. */
  fresh: () => Promise<Gpu>;
  /** Buffers and submits of a whole run, its checks included. */
  counts: { allocations: number; submits: number };
}

/** A run whose devices come one after the other; after the last there are none where `none` says so. */
async function onDevices(
  { whole, sound }: Bench,
  devices: readonly Gpu[],
  right: readonly string[],
  none = false,
): Promise<Outcome> {
  const queue = [...devices];
  let now = queue.shift();
  const next = (): Promise<Gpu> => {
    if (now && now.loss.reason !== undefined) now = queue.shift();
    if (now) return Promise.resolve(now);
    if (none) return Promise.reject(new LabError('no-adapter', 'WebGPU offers no adapter.'));
    return Promise.resolve(sound);
  };
  const host = smallHost(next);
  const events = await runSmall(host);
  return outcomeOf(
    whole,
    events,
    smallHost(() => Promise.resolve(sound), { store: host.store }),
    right,
  );
}

const someOf = (random: Random, n: number): number => 1 + Math.floor(random.uniform() * n);

/** A device that is lost at a submit, told at once or late. */
const losing = ({ sound, counts }: Bench, random: Random): Gpu =>
  faultyGpu(sound, {
    lostAtSubmit: someOf(random, counts.submits),
    toldLate: random.uniform() < 0.5 ? 0 : 300 * random.uniform(),
  }).gpu;

const withFaults = ({ sound }: Bench, faults: Faults): Gpu => faultyGpu(sound, faults).gpu;

type Trial = (bench: Bench, random: Random) => Promise<Outcome>;

const IN_NODE: Record<string, { share: number; trial: Trial }> = {
  'lost at a submit': {
    share: 4,
    trial: (bench, random) => onDevices(bench, [losing(bench, random)], []),
  },
  'destroyed at a submit': {
    share: 3,
    async trial(bench, random) {
      const gpu = await bench.fresh();
      const submit = gpu.device.queue.submit.bind(gpu.device.queue);
      let left = someOf(random, bench.counts.submits);
      gpu.device.queue.submit = (buffers) => {
        if (--left === 0) gpu.device.destroy();
        submit(buffers);
      };
      return onDevices(bench, [gpu], []).finally(() => gpu.device.destroy());
    },
  },
  'lost twice': {
    share: 2,
    trial: (bench, random) =>
      onDevices(bench, [losing(bench, random), losing(bench, random)], ['device-lost']),
  },
  'lost three times': {
    share: 1,
    trial: (bench, random) =>
      onDevices(
        bench,
        [losing(bench, random), losing(bench, random), losing(bench, random)],
        ['device-lost'],
      ),
  },
  'lost, and none is offered after it': {
    share: 1,
    trial: (bench, random) => onDevices(bench, [losing(bench, random)], ['gpu-gone'], true),
  },
  'no room at an allocation': {
    share: 4,
    trial(bench, random) {
      const at = someOf(random, bench.counts.allocations);
      return onDevices(bench, [withFaults(bench, { noRoomAt: (n) => n === at })], ['out-of-memory']);
    },
  },
  'no room from an allocation on': {
    share: 2,
    trial(bench, random) {
      const from = someOf(random, bench.counts.allocations);
      return onDevices(bench, [withFaults(bench, { noRoomAt: (n) => n >= from })], ['out-of-memory']);
    },
  },
  'no room now and then': {
    share: 1,
    trial(bench, random) {
      const rate = 0.01 * random.uniform();
      return onDevices(
        bench,
        [withFaults(bench, { noRoomAt: () => random.uniform() < rate })],
        ['out-of-memory'],
      );
    },
  },
};

/** Devices that vanish, or have no room, at any moment: the run goes on, or waits with all it has; no number is another. */
export async function openDeviceFaults(): Promise<FaultSuite> {
  const entry = await nodeGpu();
  const fresh = () => openGpu(entry);
  const sound = await fresh();
  const counting = faultyGpu(sound, {});
  const whole = wholeOf(await runSmall(smallHost(() => Promise.resolve(counting.gpu))));
  const bench: Bench = { whole, sound, fresh, counts: counting.counts };
  return {
    // One after the other: trials share a device, and what goes wrong on it is told to all.
    name: 'device',
    kinds: Object.entries(IN_NODE).map(([name, { share, trial }]) => ({
      name: `${name}, in Node`,
      share,
      trial: (seed) => trial(bench, seededRandom(seed)),
    })),
    close: () => sound.device.destroy(),
  };
}
