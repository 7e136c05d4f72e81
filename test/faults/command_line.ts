import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseResult, type ForeignRun } from '../../src/study/parse_result.ts';
import { seededRandom, type Random } from '../../src/tensor/random.ts';
import { startLab, untilLines, type Exit, type LabProcess } from '../fixtures/lab_process.ts';
import { PLAIN_SPEC, SMALL_ANSWERS, smallModel, SMALL_TASKS } from './small_run.ts';
import type { FaultKind, FaultSuite, Outcome } from './suite.ts';

/** Lines before the first answer: started, planned, environment, loaded; and one more for the second configuration. */
const LINES = 5 + SMALL_ANSWERS;

/** A run is cut so many times at most before it is let go to its end; each counts as a trial. */
const MOST_CUTS = 6;

/** Where the commands of a trial run, and what they should come to. */
interface Place {
  folder: string;
  lab: string;
  digest: string;
}

/** A run on the command line, with a folder of its own. */
interface Desk {
  /** Begins the run, or goes on with it. */
  start: () => LabProcess;
  out: string;
  partial: string;
  random: Random;
}

/** Breaks a sitting off; gives what is wrong about how it ended. */
type Cut = (desk: Desk, lab: LabProcess) => Promise<string | undefined>;

const text = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const linesOf = (path: string): string[] => text(path).split('\n').slice(0, -1);
const answersIn = (lines: readonly string[]): number =>
  lines.filter((line) => line.startsWith('{"type":"item"')).length;

/** A sentence tells of the end, and no stack of calls. */
const toldInASentence = ({ stderr }: Exit): boolean => !/^\s+at .*:\d+:\d+\)?$/m.test(stderr);

/** After a line of the answers, or at any moment of the start; and some milliseconds. */
async function momentOf({ partial, random }: Desk, lab: LabProcess): Promise<void> {
  const line = Math.floor(random.uniform() * LINES);
  if (random.uniform() < 0.7) await untilLines(partial, line, lab);
  else await pause(random.uniform() * 1500);
  await pause(random.uniform() * 40);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const CUTS: Record<string, Cut> = {
  async 'is killed'(desk, lab) {
    await momentOf(desk, lab);
    lab.kill('SIGKILL');
    await lab.exit;
    return undefined;
  },
  'is ended by TERM': (desk, lab) => endedBy('SIGTERM', 143, desk, lab),
  'is stopped by Ctrl+C': (desk, lab) => endedBy('SIGINT', 130, desk, lab),
};

/** What a signal must leave: its status, a sentence, and a result with every answer that was appended. */
async function endedBy(
  signal: NodeJS.Signals,
  expected: number,
  desk: Desk,
  lab: LabProcess,
): Promise<string | undefined> {
  const before = text(desk.out);
  await momentOf(desk, lab);
  lab.kill(signal);
  const exit = await lab.exit;
  // It came to its end, or had not begun to listen.
  if (exit.status === 0 || (exit.status === null && text(desk.out) === before)) return undefined;
  if (exit.status !== expected) return `${signal} ends it with ${exit.status}: ${exit.stderr}`;
  if (!toldInASentence(exit)) return exit.stderr;
  return isWritten(desk);
}

/** Says what the result lacks of the answers that were appended. */
function isWritten({ out, partial }: Desk): string | undefined {
  const answers = answersIn(linesOf(partial));
  if (answers === 0) return undefined;
  const { items } = resultOf(out);
  return items.length === answers ? undefined : `the result has ${items.length} of ${answers} answers`;
}

const resultOf = (out: string): ForeignRun => parseResult(JSON.parse(readFileSync(out, 'utf8')), 'read');

/** Commands that are ended from outside or whose disk takes no more: what was answered is there, and goes on. */
export async function openCommandLineFaults(): Promise<FaultSuite> {
  const folder = mkdtempSync(join(tmpdir(), 'nibble-commands-'));
  const built = spawnSync(process.execPath, ['bin/build_lab.mjs'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  const place: Place = { folder, lab: 'built/lab/main.js', digest: '' };
  await writeInputs(folder);
  const whole = deskAt(place, 'whole', seededRandom(0));
  const { status, stderr } = await whole.start().exit;
  if (status !== 0) throw new Error(stderr);
  place.digest = resultOf(whole.out).result.digest;
  const disk = (name: string, trial: typeof fullTrial): FaultKind => ({
    name,
    trial: (seed) => onDisk(place, seed, trial),
  });
  const mounts = mountable(folder)
    ? [disk('a disk is full', fullTrial), disk('a disk lets nothing be written', readOnlyTrial)]
    : [];
  return {
    name: 'command-line',
    at_a_time: 2,
    kinds: [
      ...Object.entries(CUTS).map(([name, cut]) => ({
        name: `it ${name}`,
        trial: (seed: number) => cutTrial(deskAt(place, `${name}-${seed}`, seededRandom(seed)), place, cut),
      })),
      ...mounts,
    ],
    close: () => rmSync(folder, { recursive: true }),
  };
}

async function writeInputs(folder: string): Promise<void> {
  for (const name of ['model', 'data']) mkdirSync(join(folder, name));
  const model = smallModel();
  for (const name of model.names) {
    const source = await model.open(name);
    writeFileSync(join(folder, 'model', name), new Uint8Array(await source.slice(0, source.byteLength)));
  }
  for (const [name, lines] of Object.entries(SMALL_TASKS)) writeFileSync(join(folder, 'data', name), lines);
  writeFileSync(join(folder, 'spec.json'), JSON.stringify(PLAIN_SPEC));
}

function deskAt({ folder, lab }: Place, name: string, random: Random, at = join(folder, name)): Desk {
  if (!existsSync(at)) mkdirSync(at);
  const out = join(at, 'out.json');
  const args = [
    ...['run', join(folder, 'spec.json'), '--runtime', 'node', '--out', out, '--resume'],
    ...['--model', join(folder, 'model'), '--data', join(folder, 'data')],
  ];
  return {
    out,
    partial: join(at, 'out.partial.jsonl'),
    random,
    start: () => startLab(args, { script: lab }),
  };
}

async function cutTrial(desk: Desk, place: Place, cut: Cut): Promise<Outcome> {
  const cuts = 1 + Math.floor(desk.random.uniform() * MOST_CUTS);
  let kept: string[] = [];
  for (let done = 1; done <= cuts; done++) {
    const wrong = await cut(desk, desk.start());
    if (wrong !== undefined) return { is: 'lost', why: wrong, faults: done };
    const isDone = existsSync(desk.out) && !existsSync(desk.partial);
    if (isDone) return { ...ended(desk, place), faults: done };
    const lines = linesOf(desk.partial);
    if (!startsWith(lines, kept))
      return { is: 'lost', why: 'an answer that was written is gone', faults: done };
    kept = lines;
  }
  return { ...(await goOn(desk, place)), faults: cuts };
}

const startsWith = (lines: readonly string[], kept: readonly string[]): boolean =>
  kept.every((line, i) => lines[i] === line);

/** Goes on to the end, which must be that of the run that nothing stopped. */
async function goOn(desk: Desk, place: Place): Promise<Outcome> {
  const { status, stderr } = await desk.start().exit;
  if (status !== 0) return { is: 'lost', why: `it does not go on to its end: ${stderr}` };
  return ended(desk, place);
}

function ended({ out, partial }: Desk, { digest }: Place): Outcome {
  const { items, result } = resultOf(out);
  if (result.state !== 'done') return { is: 'lost', why: `its end is called ${result.state}` };
  if (existsSync(partial)) return { is: 'lost', why: 'the answers of a run that is done are left' };
  if (items.length !== SMALL_ANSWERS) return { is: 'wrong', why: `done with ${items.length} answers` };
  return result.digest === digest ? { is: 'survived' } : { is: 'wrong', why: 'another digest' };
}

/** True where this process may mount a disk of its own. */
function mountable(folder: string): boolean {
  const at = join(folder, 'tried');
  mkdirSync(at);
  const may = mount(['-t', 'tmpfs', 'none', at]) && spawnSync('umount', [at]).status === 0;
  if (!may) console.log('\nDisks that are full or read-only are not tried: this process may not mount one.');
  return may;
}

const mount = (args: readonly string[]): boolean => spawnSync('mount', [...args]).status === 0;

/** A disk of a few pages, and the desk on it. */
interface Disk {
  desk: Desk;
  place: Place;
  remount: (how: string) => void;
}

async function onDisk(place: Place, seed: number, trial: (disk: Disk) => Promise<Outcome>): Promise<Outcome> {
  const at = mkdtempSync(join(place.folder, 'disk-'));
  mount(['-t', 'tmpfs', '-o', 'size=1m', 'none', at]);
  const remount = (how: string): void => {
    if (!mount(['-o', `remount,${how}`, at])) throw new Error(`The disk is not remounted ${how}.`);
  };
  try {
    return await trial({ desk: deskAt(place, '', seededRandom(seed), at), place, remount });
  } finally {
    spawnSync('umount', ['-l', at]);
  }
}

/** A disk with room for a few pages: one sentence, status 1, all that fits kept; with room it goes on. */
async function fullTrial({ desk, place, remount }: Disk): Promise<Outcome> {
  remount(`size=${4096 * (1 + Math.floor(desk.random.uniform() * 4))}`);
  const { status, stderr } = await desk.start().exit;
  if (status === 0) return ended(desk, place);
  const kept = linesOf(desk.partial);
  remount('size=1m');
  if (!stderr.includes('cannot be written: the disk is full.') || status !== 1) {
    return { is: 'lost', why: `a full disk ends it with ${status}: ${stderr}` };
  }
  const outcome = existsSync(desk.out) ? isWhole(desk.out) : undefined;
  if (outcome !== undefined) return { is: 'lost', why: outcome };
  if (answersIn(kept) === 0 && existsSync(desk.out))
    return { is: 'wrong', why: 'a result without an answer' };
  return goOn(desk, place);
}

/** What is wrong with a result file: it is written whole or not at all. */
function isWhole(out: string): string | undefined {
  try {
    resultOf(out);
    return undefined;
  } catch (error) {
    return `a part of a result is written: ${String(error)}`;
  }
}

/** A disk that is, or becomes, read-only. */
async function readOnlyTrial({ desk, place, remount }: Disk): Promise<Outcome> {
  const before = desk.random.uniform() < 0.3;
  if (before) remount('ro');
  const lab = desk.start();
  if (!before) {
    await momentOf(desk, lab);
    // A file that is open for writing keeps a disk from becoming so; then the trial is the next run.
    mount(['-o', 'remount,ro', join(desk.out, '..')]);
  }
  const { status, stderr } = await lab.exit;
  remount('rw');
  if (status === 0) return ended(desk, place);
  if (!/cannot be written: /.test(stderr) || ![1, 2].includes(status ?? 0)) {
    return { is: 'lost', why: `a read-only disk ends it with ${status}: ${stderr}` };
  }
  if (/^\s+at /m.test(stderr)) return { is: 'lost', why: stderr };
  return goOn(desk, place);
}
