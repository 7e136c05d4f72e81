import { adapterName, isSoftware } from '../gpu/adapter.ts';
import type { Gpu } from '../gpu/device/device.ts';
import type { Tuning } from '../gpu/tune.ts';
import { browserTunings } from './tunings.ts';

/** Finds the fastest forms of a device, and remembers them. */
export interface Tuner {
  /**
   * Has the device take the forms that were the fastest on its adapter, timing them now where they never were. A software
   * adapter is left as it is: the first forms for such win on every one we know, and three seconds are long for a small run.
   */
  ready(gpu: Gpu): Promise<void>;
  /** What is known of the device's adapter, if anything. */
  known(gpu: Gpu): Promise<Tuning | undefined>;
  /** Times the forms anew. */
  again(gpu: Gpu): Promise<Tuning>;
}

/** The tuner of a browser's worker. */
export function browserTuner(): Tuner {
  const kept = browserTunings();
  const browser = `${navigator.userAgent} ${FORMS_VERSION}`;
  const begun = new WeakMap<Gpu, Promise<void>>();
  const known = (gpu: Gpu) => kept.of(adapterName(gpu.adapter), browser).catch(() => undefined);
  const again = async (gpu: Gpu): Promise<Tuning> => {
    // Fetched when something is to be timed.
    const { tune } = await import('../gpu/tune.ts');
    const tuning = await tune(gpu);
    await kept.keep(adapterName(gpu.adapter), browser, tuning).catch(() => undefined);
    return tuning;
  };
  return {
    known,
    again,
    ready(gpu) {
      if (isSoftware(gpu.adapter)) return Promise.resolve();
      const started = begun.get(gpu) ?? takeOrTime(gpu);
      begun.set(gpu, started);
      return started;
    },
  };

  async function takeOrTime(gpu: Gpu): Promise<void> {
    const before = await known(gpu);
    if (!before) return void (await again(gpu));
    const { takeTuning } = await import('../gpu/tune.ts');
    takeTuning(gpu, before);
  }
}

/** Raised when there are other forms, or other shapes are timed. */
const FORMS_VERSION = 5;
