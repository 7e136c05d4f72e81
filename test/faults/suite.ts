/** What came of a fault: it was survived, something wrong was shown as right, or something was lost. */
export type Outcome = { is: 'survived' } | { is: 'wrong' | 'lost'; why: string };

/** Faults of one kind of thing, each tried as often as one likes: the same seed makes the same trial. */
export interface FaultSuite {
  name: string;
  /** Trials that may run side by side; one if nothing is said. */
  at_a_time?: number;
  kinds: readonly { name: string; trial: (seed: number) => Promise<Outcome> }[];
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

/** Runs each kind of a suite `trials` times, with seeds from `seed` on. */
export async function tally(
  { kinds, at_a_time = 1 }: FaultSuite,
  trials: number,
  seed: number,
  onTally: (tally: Tally) => void = () => undefined,
): Promise<Tally[]> {
  const all: Tally[] = [];
  for (const { name, trial } of kinds) {
    const found: Tally = { kind: name, trials, wrong: 0, lost: 0, why: [] };
    const seeds = Array.from({ length: trials }, (_, i) => seed + i);
    const worker = async () => {
      for (let next = seeds.shift(); next !== undefined; next = seeds.shift()) {
        const outcome = await trial(next).catch(lost);
        if (outcome.is === 'survived') continue;
        found[outcome.is]++;
        found.why.push(`seed ${next}: ${outcome.why}`);
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
