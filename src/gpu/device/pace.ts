/** How fast a device multiplies, measured while it works; it only decides how much goes into a submit, never a result. */
export interface Pace {
  /** Multiplications that take the device about as long as a submit may. */
  readonly work_per_submit: number;
  /** Begins to time work that is handed over now; what it gives is to be called with the multiplications when it is done. */
  begin(): (multiplications: number) => void;
}

/** Milliseconds a submit may keep the GPU, so that the screen stays alive: half of the 100 that one would notice. */
const SUBMIT_MS = 50;
/** Before anything was measured: about 50 ms of a slow integrated GPU. */
const FIRST = 2e9;
/** Less would be mostly the cost of submits, and more than any GPU does in the time. */
const [LEAST, MOST] = [2.5e8, 2e11];
/** Work that is too short to be timed well. */
const TOO_SHORT_MS = 2;

/** Nothing measured yet. */
export function openPace(now: () => number = () => performance.now()): Pace {
  let work_per_submit = FIRST;
  let last = -Infinity;
  return {
    get work_per_submit() {
      return work_per_submit;
    },
    begin() {
      const handed = now();
      return (multiplications) => {
        // Work waits for the work before it.
        const begun = Math.max(handed, last);
        last = now();
        const ms = last - begun;
        if (ms < TOO_SHORT_MS) return;
        const measured = Math.min(MOST, Math.max(LEAST, (multiplications * SUBMIT_MS) / ms));
        // A machine that is busy with something else for once is not taken for a slow one at once, nor for a fast one.
        work_per_submit = Math.sqrt(work_per_submit * measured);
      };
    },
  };
}
