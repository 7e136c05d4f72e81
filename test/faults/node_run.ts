import { LabError } from '../../src/errors.ts';
import type { Host } from '../../src/lab/host.ts';
import { memoryScratch } from '../../src/lab/memory_scratch.ts';
import type { RunEvent } from '../../src/lab/protocol.ts';
import { run } from '../../src/lab/run.ts';
import { memoryStore } from '../../src/lab/store.ts';
import { memoryFiles } from '../fixtures/memory_files.ts';
import { smallModel, SMALL_SPEC, SMALL_TASKS } from './small_run.ts';
import type { Outcome } from './suite.ts';
import { answersIn, endOutcome, keptOutcome, worstOf, type Whole } from './whole.ts';

const model = smallModel();

/** A host of the small run in this process, its store in memory. */
export const smallHost = (gpu: Host['gpu'], overrides: Partial<Host> = {}): Host => ({
  gpu,
  runtime: 'faults',
  app: { version: '0', commit: 'unknown' },
  data: [{ ...memoryFiles(SMALL_TASKS), source: 'folder' }],
  store: memoryStore(),
  own: (_, work) => work(),
  scratch: () => Promise.resolve(memoryScratch()),
  openFiles: () => Promise.resolve({ files: model }),
  openAdapter: () => Promise.reject(new LabError('missing-file', 'The small run has no adapter.')),
  ...overrides,
});

/** The events of the small run, begun or gone on with. */
export async function runSmall(host: Host, resume?: string): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const go = new AbortController().signal;
  await run({ spec: SMALL_SPEC, resume }, host, (event) => events.push(event), go);
  return events;
}

/**
 * What came of a run on a faulty host: done by itself, or ended in a sentence with one of the codes that are right for
 * the fault; then what is stored is what was told, and a sound host goes on with it to the digest of the whole.
 */
export async function outcomeOf(
  whole: Whole,
  events: readonly RunEvent[],
  sound: Host,
  right: readonly string[],
): Promise<Outcome> {
  const end = events.at(-1);
  if (end?.type === 'finished') return endOutcome(whole, events, 0);
  if (end?.type !== 'failed' || !right.includes(end.failure.code)) {
    return { is: 'lost', why: `the fault is told as ${JSON.stringify(end)}; right: ${right.join()}` };
  }
  const [record] = await sound.store.list();
  if (!record) {
    const told = answersIn(events).length;
    if (told > 0) return { is: 'lost', why: `${told} answers were told, and no run is stored` };
    return endOutcome(whole, await runSmall(sound), 0);
  }
  const stored = await sound.store.items(record.id);
  const kept = keptOutcome(whole, answersIn(events), stored);
  return worstOf(kept, endOutcome(whole, await runSmall(sound, record.id), stored.length));
}
