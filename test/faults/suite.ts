/**
 * What came of a trial: it was survived, something wrong was shown as right, or something was lost. `faults` is how
 * many faults there were in it, if not one.
 */
export type Outcome = ({ is: 'survived' } | { is: 'wrong' | 'lost'; why: string }) & { faults?: number };

/** One kind of fault: `share` times as many trials of it as of one without. */
export interface FaultKind {
  name: string;
  share?: number;
  trial: (seed: number) => Promise<Outcome>;
}

/** Faults of one kind of thing, each tried as often as one likes: the same seed makes the same trial. */
export interface FaultSuite {
  name: string;
  /** Trials that may run side by side; one if nothing is said. */
  at_a_time?: number;
  kinds: readonly FaultKind[];
  /** Takes away what the trials left. */
  close?: () => void | Promise<void>;
}

const lost = (error: unknown): Outcome => ({
  is: 'lost',
  why: error instanceof Error ? (error.stack ?? error.message) : String(error),
});

/** A line of the table: trials and what came of them. */
export interface Tally {
  kind: string;
  trials: number;
  wrong: number;
  lost: number;
  why: string[];
}

/** Tries each kind of a suite `trials` times its share, with seeds from `seed` on; each fault of a trial counts. */
export async function tally(
  { kinds, at_a_time = 1 }: FaultSuite,
  trials: number,
  seed: number,
  onTally: (tally: Tally) => void = () => undefined,
): Promise<Tally[]> {
  const all: Tally[] = [];
  for (const { name, share = 1, trial } of kinds) {
    const found: Tally = { kind: name, trials: 0, wrong: 0, lost: 0, why: [] };
    let next = seed;
    const worker = async () => {
      while (found.trials < trials * share) {
        const own = next++;
        // Counted before it is begun, so that no more are begun side by side than are asked for.
        found.trials++;
        const outcome = await trial(own).catch(lost);
        found.trials += (outcome.faults ?? 1) - 1;
        if (outcome.is === 'survived') continue;
        found[outcome.is]++;
        found.why.push(`seed ${own}: ${outcome.why}`);
      }
    };
    await Promise.all(Array.from({ length: at_a_time }, worker));
    all.push(found);
    onTally(found);
  }
  return all;
}

/**
 * The upper end of the 95 % interval of a rate that was never seen in `trials` of them, by the rule of three: 0 of 300
 * is below 1 %.
 */
export const ruleOfThree = (trials: number): number => 3 / trials;
