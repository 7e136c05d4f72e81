import * as Comlink from 'comlink';
import { LabError, type Failure } from '../../errors.ts';
import type { ComparedRuns, PairsRequest, Reader, StoredRun } from '../protocol.ts';
import type { Form } from '../../study/forms.ts';
import type { Pairs } from '../../study/view/disagreements.ts';
import { openWorker } from './open_worker.ts';
import reader from '../reader.ts?worker&url';
import { startWorker, type Worked } from './start_worker.ts';

let started: Worked<Reader> | undefined;

function start(): Worked<Reader> {
  const now = startWorker<Reader>(openWorker(reader));
  now.broken.catch(() => {
    if (started === now) started = undefined;
  });
  return now;
}

/**
 * A run out of the browser's store, or undefined if it is not there; read and compared beside the page. Its result has
 * no answers: `readPairs` reads some, `writeRun` writes them all. `onPart` hears of a run that is not read whole yet.
 * @throws what kept it from being read.
 */
export const readRun = async (
  id: string,
  onPart?: (run: StoredRun) => void,
): Promise<StoredRun | undefined> =>
  (await untilAnswered(onPart, (told) => ask((remote) => remote.read(id, told)))).run;

/**
 * Some questions of a stored run, as two of its configurations answered them.
 * @throws what kept them from being read.
 */
export const readPairs = async (request: PairsRequest): Promise<Pairs> =>
  (await ask((remote) => remote.pairs(request))).pairs!;

/**
 * A stored run with all of its answers, in one of the forms that people keep; undefined if it has no result there.
 * @throws what kept it from being read.
 */
export const writeRun = async (id: string, form: Form, link: string): Promise<Blob | undefined> =>
  (await ask((remote) => remote.write(id, form, link))).file;

/**
 * Two runs out of the store held against each other, beside the page; undefined if one of them has no result there.
 * @throws what kept them from being read.
 */
export const compareRuns = async (
  a: string,
  b: string,
  onPart?: (soFar: ComparedRuns) => void,
): Promise<ComparedRuns | undefined> =>
  (await untilAnswered(onPart, (told) => ask((remote) => remote.compare(a, b, told)))).compared;

/** Asks with a listener to parts. They come by a way of their own, and one that comes behind the answer is not told. */
async function untilAnswered<Part, Answer>(
  onPart: ((part: Part) => void) | undefined,
  what: (told: ((part: Part) => void) | undefined) => Promise<Answer>,
): Promise<Answer> {
  let isAnswered = false;
  const told = onPart && Comlink.proxy((part: Part) => (isAnswered ? undefined : onPart(part)));
  try {
    return await what(told);
  } finally {
    isAnswered = true;
  }
}

async function ask<T extends { failure?: Failure }>(
  what: (remote: Comlink.Remote<Reader>) => Promise<T>,
): Promise<T> {
  started ??= start();
  const answer = await Promise.race([what(started.remote), started.broken]);
  if (answer.failure) throw new LabError(answer.failure.code, answer.failure.message);
  return answer;
}
