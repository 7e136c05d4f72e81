import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpoints, type CheckpointCase } from './checkpoints.ts';
import { corpus, type Case } from './corpus.ts';

/** `length 2^63` as the 7th case is "007-length-2-63". */
const stem = (i: number, name: string): string =>
  `${String(i + 1).padStart(3, '0')}-${name.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '')}`;

/**
 * Writes every case of the corpus into a folder, which is made if need be, and tells which file is which case:
 * the first is `001-empty-file.safetensors`. A command line test hands the paths to `lab inspect --json`.
 */
export function writeCorpus(folder: string): { path: string; case: Case }[] {
  mkdirSync(folder, { recursive: true });
  return corpus.map((each, i) => {
    const path = join(folder, `${stem(i, each.name)}.safetensors`);
    writeFileSync(path, each.bytes());
    return { path, case: each };
  });
}

/**
 * Writes every checkpoint of several files into a folder of its own, the first into `001-one-file`.
 * Files whose names would lie elsewhere, or that no file system takes, are left out; their index stays.
 */
export function writeCheckpoints(folder: string): { path: string; case: CheckpointCase }[] {
  return checkpoints.map((each, i) => {
    const path = join(folder, stem(i, each.name));
    mkdirSync(path, { recursive: true });
    for (const [name, bytes] of Object.entries(each.files())) {
      if (/^[A-Za-z0-9_.-]{1,100}$/.test(name) && name !== '..') writeFileSync(join(path, name), bytes);
    }
    return { path, case: each };
  });
}
