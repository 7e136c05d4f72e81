import type { RunEvent } from '../../src/lab/protocol.ts';
import type { ExperimentResult } from '../../src/study/result.ts';
import { canonicalJson } from '../../src/study/spec.ts';
import { SMALL_ANSWERS } from './small_run.ts';
import type { Outcome } from './suite.ts';

type Row = Pick<Extract<RunEvent, { type: 'item' }>, 'config' | 'task' | 'item'>;

/** The small run as it is when nothing stops it. */
export interface Whole {
  digest: string;
  /** Each answer as text, by its place. */
  answers: ReadonlyMap<string, string>;
  /** Tokens that went through the model, by configuration. */
  tokens: number[];
  /** Its events in their order, by `stepOf`. */
  steps: string[];
}

const placeOf = ({ config, task, item }: Row): string => `${config} ${task} ${item.doc_id}`;

/** Without what is compared within a sitting, which the digest leaves out as well. */
const textOf = ({ item }: Row): string => canonicalJson({ ...item, divergence: undefined });

/** What an event tells of: its type, and of progress the phase. */
export const stepOf = (event: RunEvent): string =>
  event.type === 'progress' ? `progress/${event.phase}` : event.type;

export const finishedIn = (events: readonly RunEvent[]): ExperimentResult | undefined =>
  events.flatMap((event) => (event.type === 'finished' ? [event.result] : []))[0];

export const answersIn = (events: readonly RunEvent[]): Row[] =>
  events.flatMap((event) => (event.type === 'item' ? [event] : []));

/** What a run that nothing stopped has told; every other one is held against it. */
export function wholeOf(events: readonly RunEvent[]): Whole {
  const result = finishedIn(events);
  const answers = answersIn(events);
  if (result?.state !== 'done' || answers.length !== SMALL_ANSWERS) {
    throw new Error(`The small run was not done by itself: ${JSON.stringify(events.at(-1))}`);
  }
  return {
    digest: result.digest,
    answers: new Map(answers.map((row) => [placeOf(row), textOf(row)])),
    tokens: result.runs.map(({ timings }) => timings.tokens),
    steps: events.map(stepOf),
  };
}

/** What is stored after a fault: every answer that was told, each once and as it should be. */
export function keptOutcome(whole: Whole, told: readonly Row[], stored: readonly Row[]): Outcome {
  const places = stored.map(placeOf);
  if (new Set(places).size < places.length) return { is: 'wrong', why: 'an answer is stored twice' };
  const odd = stored.find((row) => whole.answers.get(placeOf(row)) !== textOf(row));
  if (odd) return { is: 'wrong', why: `the stored answer ${placeOf(odd)} is another one` };
  const gone = told.find((row) => !places.includes(placeOf(row)));
  if (gone) return { is: 'lost', why: `the answer ${placeOf(gone)} was told and is not stored` };
  return { is: 'survived' };
}

/** The end of a run that went on: all of its answers, those that were stored not asked again, the digest of the whole. */
export function endOutcome(whole: Whole, events: readonly RunEvent[], storedBefore: number): Outcome {
  const result = finishedIn(events);
  if (result?.state !== 'done') {
    return { is: 'lost', why: `the run does not go on to its end: ${JSON.stringify(events.at(-1))}` };
  }
  if (result.digest !== whole.digest) return { is: 'wrong', why: 'another digest' };
  const tokens = result.runs.map(({ timings }) => timings.tokens);
  if (String(tokens) !== String(whole.tokens)) {
    return { is: 'wrong', why: `${String(tokens)} tokens are counted; there were ${String(whole.tokens)}` };
  }
  const asked = answersIn(events).length;
  if (asked === SMALL_ANSWERS - storedBefore) return { is: 'survived' };
  return { is: 'wrong', why: `${asked} items were asked after ${storedBefore} were stored` };
}

/** The first that was not survived, or that all were. */
export const worstOf = (...outcomes: readonly Outcome[]): Outcome =>
  outcomes.find(({ is }) => is !== 'survived') ?? { is: 'survived' };
