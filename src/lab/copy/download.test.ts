import { describe, expect, it } from 'vitest';
import { LabError } from '../../errors.ts';
import { hashBytes } from '../../study/digest.ts';
import { memorySource, type StreamSource } from '../../tensor/source.ts';
import { seededRandom, type Random } from '../../tensor/random.ts';
import { atMost, download } from './download.ts';
import type { CheckableFile } from './hub_file.ts';
import { inParts, type Filling } from './shelf.ts';

const PART = 1000;
const NAME = 'model.safetensors';
const noise = (random: Random, n: number) => Uint8Array.from({ length: n }, () => random.integer(256));

const fileOf = (bytes: Uint8Array<ArrayBuffer>): CheckableFile => {
  const sha256 = hashBytes(bytes);
  return { name: NAME, bytes: bytes.length, sha256, key: `sha256-${sha256}` };
};

/** A disk that forgets what was not saved when the machine goes down. */
function disk(size: number) {
  const lasting = new Uint8Array(size);
  let volatile = lasting.slice();
  let done = inParts(0, size, PART);
  return {
    get done() {
      return done;
    },
    crash: () => void (volatile = lasting.slice()),
    lasting,
    filling: (lanes: number): Filling => ({
      lanes,
      part_bytes: PART,
      done,
      write: (at, bytes) => volatile.set(bytes, at),
      read: (at, length) => volatile.slice(at, at + length),
      save(now) {
        lasting.set(volatile);
        done = [...now];
        return Promise.resolve();
      },
      clear() {
        done = inParts(0, size, PART);
        return Promise.resolve();
      },
    }),
  };
}

interface Server {
  source: StreamSource;
  /** Bytes it has sent. */
  sent: number;
}

/** A server whose parts come in pieces, side by side in any order, and which breaks after `most` bytes. */
function server(bytes: Uint8Array, random: Random, most = Infinity): Server {
  const state: Server = {
    sent: 0,
    source: {
      ...memorySource(NAME, bytes),
      async stream(begin, end, onChunk) {
        for (let at = begin; at < end;) {
          for (let turns = random.integer(4); turns > 0; turns--) await Promise.resolve();
          const next = Math.min(end, at + 1 + random.integer(300));
          if (state.sent + next - at > most) throw new LabError('network', 'cut');
          state.sent += next - at;
          onChunk(bytes.subarray(at, next));
          at = next;
        }
      },
    },
  };
  return state;
}

const fetching = (file: CheckableFile, filling: Filling, { source }: Server, seen: number[] = []) =>
  download(file, filling, {
    open: () => Promise.resolve(source),
    inTurn: atMost(3),
    onBytes: (here) => seen.push(here),
    signal: undefined,
  });

describe('a download in parts side by side', () => {
  it('is hashed in order, whatever order it comes in', async () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = seededRandom(seed);
      const bytes = noise(random, random.integer(9000));
      const kept = disk(bytes.length);
      const seen: number[] = [];
      const { sha256 } = await fetching(fileOf(bytes), kept.filling(4), server(bytes, random), seen);
      expect(sha256).toBe(hashBytes(bytes));
      expect(hashBytes(kept.lasting)).toBe(sha256);
      expect(seen.at(-1)).toBe(bytes.length);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
    }
  });

  it('that breaks again and again goes on where it was, and asks for nothing twice', async () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = seededRandom(seed);
      const bytes = noise(random, 3000 + random.integer(6000));
      const kept = disk(bytes.length);
      let sent = 0;
      for (let visit = 0; ; visit++) {
        const one = server(bytes, random, visit < 4 ? random.integer(2500) : Infinity);
        const ended = await fetching(fileOf(bytes), kept.filling(4), one).catch((error: unknown) => error);
        sent += one.sent;
        if (!(ended instanceof LabError)) break;
        expect(ended.message).toBe('cut');
        // What was written after the last save is gone with the machine.
        kept.crash();
      }
      expect(hashBytes(kept.lasting)).toBe(hashBytes(bytes));
      expect(sent).toBe(bytes.length);
    }
  });

  it('with wrong bytes from an earlier visit is begun again once', async () => {
    const random = seededRandom(1);
    const bytes = noise(random, 5500);
    const kept = disk(bytes.length);
    const torn = kept.filling(1);
    torn.write(0, new Uint8Array(2500));
    await torn.save(inParts(2500, bytes.length, PART));
    const one = server(bytes, random);
    expect((await fetching(fileOf(bytes), kept.filling(4), one)).sha256).toBe(hashBytes(bytes));
    expect(one.sent).toBe(3000 + 5500);
  });

  it('of wrong bytes ends with one sentence, and nothing of it is kept', async () => {
    const random = seededRandom(2);
    const bytes = noise(random, 5500);
    const kept = disk(bytes.length);
    const wrong = server(bytes.with(4000, bytes[4000]! ^ 1), random);
    await expect(fetching(fileOf(bytes), kept.filling(4), wrong)).rejects.toMatchObject({
      code: 'wrong-bytes',
      message: expect.stringMatching(
        /^model\.safetensors did not arrive as the Hub has it: it has the SHA-256 /,
      ) as string,
    });
    expect(kept.done.every((done) => done === 0)).toBe(true);
    const short = server(bytes.slice(1), random);
    await expect(fetching(fileOf(bytes), kept.filling(4), short)).rejects.toMatchObject({
      code: 'wrong-bytes',
    });
    expect(short.sent).toBe(0);
  });

  it('that finds no room says so, and the other parts end with it', async () => {
    const random = seededRandom(3);
    const bytes = noise(random, 8000);
    const filling = disk(bytes.length).filling(4);
    const full: Filling = {
      ...filling,
      write(at, chunk) {
        if (at > 4500) throw new LabError('storage', 'full');
        filling.write(at, chunk);
      },
    };
    await expect(fetching(fileOf(bytes), full, server(bytes, random))).rejects.toMatchObject({
      code: 'storage',
    });
  });
});
