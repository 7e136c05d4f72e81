import { spawn } from 'node:child_process';
import { crc32 } from 'node:zlib';
import type { Header } from '../../src/tensor/safetensors.ts';

/** What the reference makes of a file: the CRC-32 of what it reads, or that it refuses. */
export interface Verdict {
  read: number | 'refused';
  /** An object of the header has a key twice, of which the library takes the last. */
  twice: boolean;
}

/** The safetensors library, in a process of its own. */
export interface Judge {
  /** Its name and version. */
  version: string;
  of: (files: readonly Uint8Array[]) => Promise<Verdict[]>;
  close: () => void;
}

const SCRIPT = 'tools/judge_headers.py';

/** Starts $NIBBLE_PYTHON with the judge. @throws where that has no safetensors. */
export async function startJudge(): Promise<Judge> {
  const python = process.env.NIBBLE_PYTHON ?? 'python3';
  const child = spawn(python, [SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (part: Buffer) => (said += part.toString()));
  const ended = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('close', () =>
      reject(new Error(`${python} ${SCRIPT} ended: ${said.trim().split('\n').at(-1)}`)),
    );
  });
  ended.catch(() => undefined);
  const parts: AsyncIterator<Buffer, undefined> = (child.stdout as AsyncIterable<Buffer, undefined>)[
    Symbol.asyncIterator
  ]();
  let rest: Buffer = Buffer.alloc(0);
  const more = async (): Promise<void> => {
    const { value, done } = await Promise.race([parts.next(), ended]);
    if (done) return ended;
    rest = Buffer.concat([rest, value]);
  };
  while (!rest.includes(10)) await more();
  const end = rest.indexOf(10);
  const version = rest.toString('utf8', 0, end);
  rest = rest.subarray(end + 1);
  return {
    version,
    async of(files) {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(files.length);
      const framed: Uint8Array[] = [head];
      for (const file of files) {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(file.length);
        framed.push(length, file);
      }
      child.stdin.write(Buffer.concat(framed));
      while (rest.length < 5 * files.length) await more();
      const verdicts = files.map((_, i): Verdict => ({
        read: rest[5 * i] === 0 ? 'refused' : rest.readUInt32LE(5 * i + 1),
        twice: rest[5 * i] === 2,
      }));
      rest = rest.subarray(5 * files.length);
      return verdicts;
    },
    close: () => child.stdin.end(),
  };
}

const encoder = new TextEncoder();

/** The CRC-32 of what a header says, as the judge computes it of what the library reads. */
export function checksumOf({ tensors }: Header): number {
  const lines = tensors.map(({ name, dtype, shape, data_offsets: [begin, end] }) =>
    Buffer.from(encoder.encode(`${name}\0${dtype}\0${shape.join(',')}\0${end - begin}\n`)),
  );
  return crc32(Buffer.concat(lines.sort((a, b) => Buffer.compare(a, b))));
}
