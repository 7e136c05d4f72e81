import { LabError } from '../../errors.ts';
import type { StreamSource } from '../../tensor/source.ts';
import { hasherOf, type CheckableFile } from './hub_file.ts';
import { inParts, type Checked, type Filling } from './shelf.ts';
import { sum } from '../../tensor/sum.ts';

/** What is written is made to last after so many bytes, or so long: no more is asked for again after a crash. */
const SAVE_EVERY_BYTES = 8 * 1024 * 1024;
const SAVE_EVERY_MS = 1000;

/** Bytes hashed at once between two looks at the clock and the signal. */
const HASH_BYTES = 4 * 1024 * 1024;

/** What a download is given beside the file. */
export interface DownloadOptions {
  /** Opens the file on the server. */
  open: (signal: AbortSignal) => Promise<StreamSource>;
  /** Runs a part when it is its turn: all files of all downloads share few connections. */
  inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called with how many bytes of the file are here. */
  onBytes: (here: number) => void;
  signal: AbortSignal | undefined;
}

/**
 * Makes a copy of a file of the Hub, several parts at a time, going on with what is there of it, and hashes it in
 * order while it comes.
 * @throws wrong-bytes when size or hash are not the Hub's; what was there is gone then. network, storage, cancelled:
 * what is there stays for the next time.
 */
export async function download(
  file: CheckableFile,
  filling: Filling,
  options: DownloadOptions,
): Promise<Checked> {
  const before = sum(filling.done);
  const first = await attempt(file, filling, filling.done, options);
  if (first.right) return first;
  await filling.clear();
  // Bytes of an earlier visit may have been torn by a crash; those of this one were wrong on the way.
  const again =
    before > 0 ? await attempt(file, filling, inParts(0, file.bytes, filling.part_bytes), options) : first;
  if (again.right) return again;
  if (before > 0) await filling.clear();
  throw new LabError(
    'wrong-bytes',
    `${file.name} did not arrive as the Hub has it: it has the ${again.says}. Nothing was measured with it.`,
  );
}

async function attempt(
  file: CheckableFile,
  filling: Filling,
  before: readonly number[],
  { open, inTurn, onBytes, signal }: DownloadOptions,
): Promise<Checked & { right: boolean; says: string }> {
  const done = [...before];
  const { part_bytes } = filling;
  const sizes = inParts(file.bytes, file.bytes, part_bytes);
  const hash = hasherOf(file);
  let hashed = 0;

  /** Bytes from the beginning on that are here without a gap. */
  const gapless = (): number => {
    const open = done.findIndex((bytes, i) => bytes < sizes[i]!);
    return open < 0 ? file.bytes : open * part_bytes + done[open]!;
  };
  async function catchUp(): Promise<void> {
    while (hashed < gapless()) {
      const length = Math.min(HASH_BYTES, gapless() - hashed);
      hash.update(filling.read(hashed, length));
      hashed += length;
      await breath();
      signal?.throwIfAborted();
    }
  }
  let catching = catchUp();

  const stop = new AbortController();
  const stopAll = (error: unknown) => stop.abort(error);
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;

  let saving = Promise.resolve();
  let unsaved = 0;
  const save = (): Promise<void> => {
    unsaved = 0;
    const now = [...done];
    return (saving = saving.then(() => filling.save(now)));
  };

  const saveNow = () => void save().catch(stopAll);
  const ticking = setInterval(() => {
    if (unsaved > 0) saveNow();
  }, SAVE_EVERY_MS);

  function take(part: number, chunk: Uint8Array): void {
    const at = part * part_bytes + done[part]!;
    filling.write(at, chunk);
    // Whatever comes ahead of its turn is read again when it has come.
    if (at === hashed) {
      hash.update(chunk);
      hashed += chunk.byteLength;
    }
    done[part]! += chunk.byteLength;
    unsaved += chunk.byteLength;
    if (unsaved >= SAVE_EVERY_BYTES) saveNow();
    onBytes(sum(done));
  }

  let next = 0;
  async function lane(remote: StreamSource): Promise<void> {
    while (next < sizes.length) {
      const part = next++;
      if (done[part] === sizes[part]) continue;
      const begin = part * part_bytes;
      const end = begin + sizes[part]!;
      await inTurn(() => remote.stream(begin + done[part]!, end, (chunk) => take(part, chunk)));
      await (catching = catching.then(catchUp));
    }
  }

  try {
    onBytes(sum(done));
    await catching;
    if (gapless() < file.bytes) {
      const remote = await inTurn(() => open(both));
      requireSize(file, remote);
      const lanes = Array.from({ length: filling.lanes }, () => lane(remote));
      for (const running of lanes) running.catch(stopAll);
      await Promise.allSettled(lanes);
      if (signal?.aborted) throw new LabError('cancelled', `reading ${file.name} was cancelled`);
      if (stop.signal.aborted) throw stop.signal.reason as Error;
    }
  } finally {
    clearInterval(ticking);
    // A failure keeps what is here, if it still can.
    await save().catch(stopAll);
  }
  if (stop.signal.aborted) throw stop.signal.reason as Error;
  await catchUp();
  return hash.end();
}

function requireSize(file: CheckableFile, remote: StreamSource): void {
  if (remote.byteLength === file.bytes) return;
  throw new LabError(
    'wrong-bytes',
    `${file.name} has ${remote.byteLength} bytes where it is read; the Hub says ${file.bytes}. Nothing was measured with it.`,
  );
}

/** Lets what else waits come through: hashing gigabytes takes seconds. */
const breath = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });

/** Lets no more than `most` pieces of work run at a time; the others wait in their order. */
export function atMost(most: number): DownloadOptions['inTurn'] {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
