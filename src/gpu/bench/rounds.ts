/** Work that is timed, and done once it returns. */
export type Timed = () => Promise<void>;

/** What rounds gave: milliseconds of each work, round by round. */
export interface Rounds<Name extends string> {
  rounds: number;
  ms: Record<Name, number[]>;
}

const LEAST_ROUNDS = 5;
const MOST_ROUNDS = 40;

/**
 * Times works in turn, every round in another order, until `seconds` have passed: whatever else the machine does meets
 * all of them alike. A round before the first warms up.
 */
export async function timeInRounds<Name extends string>(
  works: Readonly<Record<Name, Timed>>,
  seconds: number,
  now: () => number = () => performance.now(),
): Promise<Rounds<Name>> {
  const names = Object.keys(works) as Name[];
  const ms = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (const name of names) await works[name]();
  const until = now() + 1000 * seconds;
  let rounds = 0;
  while (rounds < LEAST_ROUNDS || (rounds < MOST_ROUNDS && now() < until)) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + rounds) % names.length]!;
      const begun = now();
      await works[name]();
      ms[name].push(now() - begun);
    }
    rounds++;
  }
  return { rounds, ms };
}

/** The middle of some numbers, and the distance of their quartiles: [1, 2, 3, 4, 10] has 3 and 2. */
export function spread(values: readonly number[]): { median: number; iqr: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    const next = sorted[Math.min(low + 1, sorted.length - 1)]!;
    return sorted[low]! + (place - low) * (next - sorted[low]!);
  };
  return { median: at(0.5), iqr: at(0.75) - at(0.25) };
}
