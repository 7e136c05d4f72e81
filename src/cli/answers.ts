import { LabError, toFailure, type Failure } from '../errors.ts';
import type { RunEvent } from '../lab/protocol.ts';
import type { RunRecord, StoredItem } from '../study/record.ts';
import { parseResult } from '../study/parse_result.ts';
import type { ExperimentResult } from '../study/result.ts';
import type { Shard } from '../study/shard.ts';
import type { ExperimentSpec } from '../study/spec.ts';
import { requireWritable } from './output_file.ts';
import { openPartial, type PartialFile } from './partial_file.ts';
import { partialResult } from './partial_result.ts';
import { writeResult } from './result_file.ts';

/** What a run answers, in memory and, with --out, on disk. */
export interface Answers {
  /** The run to go on with. */
  resumed: { record: RunRecord; items: StoredItem[] } | undefined;
  /** Takes an event; never throws. */
  follow: (event: RunEvent) => void;
  /** Aborted once an answer could not be written: what was measured must lie on disk before more is. */
  stopped: AbortSignal;
  /** What there is at the end, for whatever reason it ended. */
  end(failure: Failure | undefined, signal: { name: string; status: number } | undefined): Ended;
}

/** The end of a run, to be told. */
export interface Ended {
  result: ExperimentResult | undefined;
  /** Why it ended early; `status` where a signal did. */
  failure: (Failure & { status?: number }) | undefined;
  /** Writes the result and closes the file of answers. */
  write: () => void;
  /** What lies on disk, and how to go on from it. */
  note: string | undefined;
}

/**
 * Opens the places where answers go. With --resume what lies there is gone on with.
 * @throws bad-arguments or storage where --out cannot be written, or what lies there is not of this spec.
 */
export function openAnswers(
  spec: ExperimentSpec,
  { out, resume }: { out?: string | undefined; resume?: boolean },
  shard?: Shard,
): Answers {
  if (resume && out === undefined) {
    throw new LabError(
      'bad-arguments',
      '--resume was given without --out; it goes on from the answers there.',
    );
  }
  if (out !== undefined) requireWritable(out);
  const partial = out === undefined ? undefined : openPartial(out, spec, resume ?? false, shard);
  const soFar = partialResult(spec);
  if (partial) replay(partial, soFar);
  const resumed = soFar.stored();
  const stop = new AbortController();
  let unwritten: Failure | undefined;
  let told: ExperimentResult | undefined;

  return {
    resumed,
    stopped: stop.signal,
    follow(event) {
      soFar.take(event);
      if (event.type === 'finished' || event.type === 'failed') told = event.result;
      if (unwritten) return;
      try {
        partial?.append(event);
        const now = event.type === 'config-done' && out !== undefined ? soFar.result() : undefined;
        if (now) writeResult(out!, now);
      } catch (error) {
        unwritten = toFailure(error);
        stop.abort();
      }
    },
    end(ended, signal) {
      const failure = unwritten ?? ended;
      if (failure) soFar.end(failure);
      const result = told ?? soFar.result();
      const done = result?.state === 'done';
      const answers = soFar.answers();
      return {
        result,
        failure: failure && { ...failure, ...(signal && { status: signal.status }) },
        write() {
          if (out !== undefined && result) writeResult(out, result);
          partial?.close(done);
        },
        note: done || !partial || answers === 0 ? undefined : noteOf(partial.path, answers, signal?.name),
      };
    },
  };
}

const noteOf = (path: string, answers: number, signal: string | undefined): string =>
  `${signal ? `Stopped by ${signal}. ` : ''}${answers} answers are kept in ${path}; the same command with --resume goes on.`;

/** Takes over what a file of answers holds; what does not make a valid result is not gone on with. */
function replay({ path, before }: PartialFile, soFar: ReturnType<typeof partialResult>): void {
  try {
    before.forEach(soFar.take);
    const result = soFar.result();
    if (result) parseResult(JSON.parse(JSON.stringify(result)), path);
  } catch (error) {
    const reason = error instanceof LabError ? error.message : 'its lines do not fit together';
    throw new LabError('bad-arguments', `${path} is damaged: ${reason}`, { cause: error });
  }
}
