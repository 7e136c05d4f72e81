import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two looks at a lock that another process holds. */
const LOOK_EVERY_MS = 500;

/** A lock without an id is one that is being made, for so many milliseconds. */
const MAKING_MS = 10_000;

/** The locks of this process: in a container, an earlier one may have had its id. */
const held = new Set<string>();

/**
 * Does something while no other process that asks for the same lock does; one that died in the middle of it does not
 * count. The lock is a file with the id of the process that holds it.
 */
export async function lockedFile<T>(
  path: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  while (!(await taken(path))) {
    await pause(LOOK_EVERY_MS, undefined, signal ? { signal } : {});
  }
  try {
    return await work();
  } finally {
    held.delete(path);
    await rm(path, { force: true });
  }
}

async function taken(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    held.add(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (await isAbandoned(path)) await rm(path, { force: true });
  return false;
}

async function isAbandoned(path: string): Promise<boolean> {
  const holder = Number(await readFile(path, 'utf8').catch(() => ''));
  if (holder === process.pid) return !held.has(path);
  if (holder > 0) return !isAlive(holder);
  const made = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
  return Date.now() - made > MAKING_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
