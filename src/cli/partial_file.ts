import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, rmSync } from 'node:fs';
import { LabError } from '../errors.ts';
import type { RunEvent } from '../lab/protocol.ts';
import { isSameShard, shardName, type Shard } from '../study/shard.ts';
import { canonicalJson, type ExperimentSpec } from '../study/spec.ts';
import { isPlain, writeAll } from './output_file.ts';
import { toldAbout } from './system_error.ts';

/** The form of the lines; a file of another form is refused. */
const FORM = 1;

/** What a run has answered so far, a line an event, each written as it happens. */
export interface PartialFile {
  path: string;
  /** Events of the run that is gone on with; none where a new one begins. */
  before: readonly RunEvent[];
  /** Appends an event, if the result is made from it. */
  append(event: RunEvent): void;
  /** Ends the writing; a run that is done needs its file no more. */
  close(done: boolean): void;
}

/** "out/r.json" has its answers so far in "out/r.partial.jsonl". */
export const partialPath = (out: string): string => `${out.replace(/\.json$/, '')}.partial.jsonl`;

/**
 * Opens the file of answers beside a result, to go on from it or to begin it; undefined where the result is no file on
 * a disk, as a pipe.
 * @throws bad-arguments where answers lie there that nobody asked to go on from, or of another spec.
 */
export function openPartial(
  out: string,
  spec: ExperimentSpec,
  resume: boolean,
  shard?: Shard,
): PartialFile | undefined {
  if (!isPlain(out)) return undefined;
  const path = partialPath(out);
  const { events, bytes } =
    resume && existsSync(path) ? readPartial(path, spec, shard) : { events: [], bytes: 0 };
  if (!resume && existsSync(path)) {
    throw new LabError(
      'bad-arguments',
      `${path} holds the answers of a run that was cut off; go on with it by --resume, or delete it to begin anew.`,
    );
  }
  let file: number | undefined;
  const opened = (): number => {
    if (file !== undefined) return file;
    file = openSync(path, events.length > 0 ? 'a' : 'w');
    // A line that was cut off is written again.
    if (events.length > 0) ftruncateSync(file, bytes);
    return file;
  };
  let begun = events.length > 0;
  return {
    path,
    before: events,
    append(event) {
      const line = lineOf(event);
      if (!line || (event.type === 'started' && begun)) return;
      begun = true;
      toldAbout(path, 'written', () => writeAll(opened(), Buffer.from(`${JSON.stringify(line)}\n`)));
    },
    close(done) {
      if (file !== undefined) closeSync(file);
      file = undefined;
      if (done) rmSync(path, { force: true });
    },
  };
}

/** An event without what only a screen shows, or undefined where no result is made from it. */
function lineOf(event: RunEvent): object | undefined {
  switch (event.type) {
    case 'started':
      return { form: FORM, ...event };
    case 'item':
      return {
        ...event,
        ...{ doc: undefined, metrics: undefined, done: undefined, total: undefined },
        ...{ tokens_per_second: undefined, eta_seconds: undefined },
      };
    case 'environment':
    case 'planned':
    case 'loaded':
      return event;
    default:
      return undefined;
  }
}

function readPartial(
  path: string,
  spec: ExperimentSpec,
  shard: Shard | undefined,
): { events: RunEvent[]; bytes: number } {
  const text = toldAbout(path, 'read', () => readFileSync(path, 'utf8'));
  // What follows the last line end was cut off while it was written.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const events = whole
    .split('\n')
    .slice(0, -1)
    .map((line, i) => parseLine(line, `${path}, line ${i + 1},`));
  const [first] = events;
  if (!first) return { events: [], bytes: 0 };
  if (first.type !== 'started' || (first as { form?: unknown }).form !== FORM) {
    throw new LabError(
      'bad-arguments',
      `${path} does not begin as a file of answers; delete it to begin anew.`,
    );
  }
  if (canonicalJson(first.spec) !== canonicalJson(spec)) {
    throw new LabError(
      'bad-arguments',
      `${path} holds the answers of another spec; give that one, or another --out.`,
    );
  }
  if (!isSameShard(first.shard, shard)) {
    throw new LabError(
      'bad-arguments',
      `${path} holds the answers of ${first.shard ? `shard ${shardName(first.shard)}` : 'the whole spec'}; give the same --shard, or another --out.`,
    );
  }
  return { events, bytes: Buffer.byteLength(whole) };
}

function parseLine(line: string, where: string): RunEvent {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event === 'object' && event !== null && 'type' in event) return event as RunEvent;
  } catch {
    // Told below, with the line.
  }
  throw new LabError('bad-arguments', `${where} is damaged; delete it and what follows to go on.`);
}
