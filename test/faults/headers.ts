import { LabError, type ErrorCode } from '../../src/errors.ts';
import { seededRandom } from '../../src/tensor/random.ts';
import { readHeader } from '../../src/tensor/safetensors.ts';
import { memorySource } from '../../src/tensor/source.ts';
import { MUTATIONS, mutatedFile } from './header_mutations.ts';
import { checksumOf, startJudge, type Verdict } from './judge_headers.ts';
import type { FaultSuite, Outcome } from './suite.ts';

/** Files that one trial draws; each counts. */
const BATCH = 5000;

/** Where this reader is stricter than the library, and on purpose: two readers could see two files there. */
const STRICTER: Partial<Record<ErrorCode, RegExp>> = {
  'duplicate-name': /twice/,
  'bad-name': /NUL|characters/,
  'header-too-deep': /deeper/,
  'bad-shape': /at most 16|dimensions up to/,
  // A struct may stand in the library's files as an array of its fields.
  'bad-tensor': /is \[/,
  'bad-dtype': /dtype \{/,
};

/** What this reader makes of a file: what it reads, the sentence by which it refuses, or a fault of its own. */
export async function ownVerdict(file: Uint8Array<ArrayBuffer>): Promise<number | LabError> {
  try {
    return checksumOf(await readHeader(memorySource('a.safetensors', file)));
  } catch (error) {
    if (error instanceof LabError && error.code !== 'internal') return error;
    throw error;
  }
}

/** Holds the two verdicts of a file against each other. */
export function headerOutcome(own: number | LabError, { read, twice }: Verdict): Outcome {
  if (own instanceof LabError) {
    // Of a key that is there twice, the library looks only at what comes last.
    if (read === 'refused' || twice || STRICTER[own.code]?.test(own.message)) return { is: 'survived' };
    return { is: 'lost', why: `the library reads what is refused here: ${own.code}, ${own.message}` };
  }
  if (own === read) return { is: 'survived' };
  return {
    is: 'wrong',
    why: read === 'refused' ? 'the library refuses what is read here' : 'read otherwise',
  };
}

/** Headers of model files, changed at random: read as the safetensors library reads them, or refused. */
export async function openHeaderFaults(): Promise<FaultSuite> {
  const judge = await startJudge();
  console.log(`\nThe reference is ${judge.version}.`);
  // Refusals are made by the million, and nobody asks where.
  Error.stackTraceLimit = 0;
  return {
    name: 'headers',
    at_a_time: 2,
    kinds: MUTATIONS.map((kind) => ({
      name: kind,
      async trial(seed) {
        const random = seededRandom(seed);
        const files = Array.from({ length: BATCH }, () => mutatedFile(random, kind));
        const asked = judge.of(files);
        const own: (number | LabError)[] = [];
        for (const file of files) own.push(await ownVerdict(file));
        const reference = await asked;
        for (const [i, verdict] of own.entries()) {
          const outcome = headerOutcome(verdict, reference[i]!);
          if (outcome.is === 'survived') continue;
          const hex = Buffer.from(files[i]!).toString('latin1');
          return { ...outcome, why: `${outcome.why}: ${JSON.stringify(hex)}`, faults: BATCH };
        }
        return { is: 'survived', faults: BATCH };
      },
    })),
    close: () => judge.close(),
  };
}
