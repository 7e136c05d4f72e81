import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { LabError } from '../errors.ts';
import { toldAbout } from './system_error.ts';

/**
 * Tries whether a file can be written, before hours of work that would end in it; leaves it as it is.
 * @throws bad-arguments or storage, naming the path.
 */
export function requireWritable(path: string): void {
  toldAbout(path, 'written', () => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      throw new LabError('bad-arguments', `${path} cannot be written: it is a folder; allowed: a file.`);
    }
    if (existsSync(path)) accessSync(path, constants.W_OK);
    if (!isPlain(path)) return;
    const beside = besideOf(path);
    closeSync(openSync(beside, 'w'));
    rmSync(beside);
  });
}

/**
 * Writes a file whole or not at all: beside it first, then renamed, so that a full disk or a cut leaves what lay there.
 * @throws bad-arguments or storage, naming the path.
 */
export function writeWhole(path: string, text: string | Iterable<string>): void {
  const pieces = typeof text === 'string' ? [text] : text;
  toldAbout(path, 'written', () => {
    if (!isPlain(path)) {
      const file = openSync(path, 'w');
      try {
        writePieces(file, pieces);
      } finally {
        closeSync(file);
      }
      return;
    }
    const beside = besideOf(path);
    try {
      const file = openSync(beside, 'w');
      try {
        writePieces(file, pieces);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(beside, existsSync(path) ? realpathSync(path) : path);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
  });
}

/** Characters written at a time: a call into the system for each answer would be slow. */
const BUFFERED = 1 << 20;

function writePieces(file: number, pieces: Iterable<string>): void {
  let buffered = '';
  for (const piece of pieces) {
    buffered += piece;
    if (buffered.length < BUFFERED) continue;
    writeAll(file, Buffer.from(buffered));
    buffered = '';
  }
  writeAll(file, Buffer.from(buffered));
}

/** Writes all bytes: a nearly full disk may take a part of them and refuse only the rest. */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength;) done += writeSync(file, bytes, done);
}

/** True unless something lies there that is no file on a disk, as a pipe or /dev/stdout: nothing may be renamed over it. */
export const isPlain = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;

const besideOf = (path: string): string =>
  `${existsSync(path) ? realpathSync(path) : path}.${process.pid}.tmp`;
