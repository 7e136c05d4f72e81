import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { requireChromium } from '../../bin/chromium.mjs';
import { parseResult } from '../../src/study/parse_result.ts';
import { startLab, type Exit } from '../fixtures/lab_process.ts';

const folder = await mkdtemp(join(tmpdir(), 'nibble-survive-'));
afterAll(() => rm(folder, { recursive: true }));

const spec = join(folder, 'spec.json');
await writeFile(
  spec,
  JSON.stringify({
    version: 1,
    model: { source: 'bundled', name: 'nibble-tiny' },
    configs: [
      { quant_type: 'none', compute_dtype: 'float32' },
      { quant_type: 'nf4', compute_dtype: 'float32' },
    ],
    tasks: [{ task: 'mini_arc', limit: 40 }],
    seed: 7,
  }),
);

const ANSWERS = 80;
/** Lines before the first answer: started, planned, environment, loaded. */
const HEAD = 4;

const run = (out: string, runtime: string, ...more: string[]): string[] => [
  ...['run', spec, '--runtime', runtime, '--out', join(folder, `${out}.json`), ...more],
];
const resultOf = (out: string) =>
  parseResult(JSON.parse(readFileSync(join(folder, `${out}.json`), 'utf8')), out).result;
const partialOf = (out: string) => join(folder, `${out}.partial.jsonl`);
/** The answers among the lines that are kept while it runs. */
const keptOf = (out: string) => readFileSync(partialOf(out), 'utf8').match(/^\{"type":"item"/gm)!.length;
const answersOf = (out: string): number =>
  resultOf(out).runs.reduce((sum, { tasks }) => sum + tasks[0]!.n, 0);

const imported = (file: string) => ({
  NODE_OPTIONS: `--import ${fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url))}`,
});
/** What a command gets that is sent a signal, or has another process sent it, at its fifth answer. */
const atFifthAnswer = (signal: NodeJS.Signals, pidFile = '') => ({
  env: { ...imported('signal_at_line.mjs'), NIBBLE_SIGNAL: `${HEAD + 5} ${signal} ${pidFile}` },
});

/** Each line of stderr is a sentence of ours: no frame of a stack. */
const expectNoStack = ({ stderr }: Exit) => expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);

let whole: Promise<string> | undefined;
/** The digest of the run that nothing stopped. */
const wholeDigest = (): Promise<string> =>
  (whole ??= startLab(run('whole', 'node')).exit.then(({ status }) => {
    expect(status).toBe(0);
    expect(existsSync(partialOf('whole'))).toBe(false);
    return resultOf('whole').digest;
  }));

async function expectResumed(out: string, runtime: string): Promise<void> {
  const { status } = await startLab(run(out, runtime, '--resume')).exit;
  expect(status).toBe(0);
  expect(answersOf(out)).toBe(ANSWERS);
  expect(resultOf(out)).toMatchObject({ state: 'done', digest: await wholeDigest() });
  expect(existsSync(partialOf(out))).toBe(false);
}

describe.each(['node', 'browser'])('a run in %s', (runtime) => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('that %s ends leaves a result and exits with %i', async (signal, status) => {
    const out = `${runtime}-${signal}`;
    const exit = await startLab(run(out, runtime), atFifthAnswer(signal)).exit;
    expect(exit.status).toBe(status);
    expect(exit.stderr).toMatch(new RegExp(`Stopped by ${signal}\\. \\d+ answers are kept in`));
    expectNoStack(exit);
    expect(resultOf(out).state).toBe('cancelled');
    expect(answersOf(out)).toBe(keptOf(out));
    expect(answersOf(out)).toBeGreaterThanOrEqual(5);
    // Either signal leaves the same behind.
    if (signal === 'SIGINT') await expectResumed(out, runtime);
  });
});

// What befalls the process that writes the file is the same, wherever it has answers from.
describe('a run', () => {
  it('that is killed has every answer on disk but the one it was at', async () => {
    await startLab(run('killed', 'node'), atFifthAnswer('SIGKILL')).exit;
    expect(keptOf('killed')).toBe(5);
    // As a disk leaves a line that it was writing.
    await writeFile(partialOf('killed'), '{"type":"item","conf', { flag: 'a' });
    await expectResumed('killed', 'node');
  });

  it('stops at a full disk, says so in one sentence, and goes on', async () => {
    const exit = await startLab(run('full', 'node'), { env: imported('full_disk.mjs') }).exit;
    expect(exit.status).toBe(1);
    expect(exit.stderr).toContain(`${partialOf('full')} cannot be written: the disk is full.`);
    expectNoStack(exit);
    expect(exit.stdout).toMatch(/\| float32 /);
    expect(answersOf('full')).toBeGreaterThan(0);
    await expectResumed('full', 'node');
  });
});

it('a dead Chromium leaves a result, exits with 1, and the run goes on', async () => {
  const pidFile = join(folder, 'pid');
  const wrapper = join(folder, 'chromium.sh');
  await writeFile(wrapper, `#!/bin/sh\necho $$ > ${pidFile}\nexec ${requireChromium()} "$@"\n`);
  chmodSync(wrapper, 0o755);
  const { env } = atFifthAnswer('SIGKILL', pidFile);
  const exit = await startLab(run('dead', 'browser'), { env: { ...env, NIBBLE_CHROMIUM: wrapper } }).exit;
  expect(exit.status).toBe(1);
  expect(exit.stderr).toContain('Chromium ended before the run did.');
  expect(exit.stderr).toMatch(/\d+ answers are kept in/);
  expectNoStack(exit);
  // As it is written: to whoever reads it elsewhere, a run that waits is one that was stopped.
  const written: unknown = JSON.parse(readFileSync(join(folder, 'dead.json'), 'utf8'));
  expect(written).toMatchObject({ state: 'paused', failure: { code: 'interrupted' } });
  await expectResumed('dead', 'browser');
});

describe('one sentence, and nothing is begun', () => {
  it.each([
    ['a folder that is not there', ['--out', join(folder, 'nowhere', 'r.json')], 2, 'does not exist'],
    ['a folder', ['--out', folder], 2, 'it is a folder'],
    ['a file for a folder', ['--out', join(spec, 'r.json')], 2, 'cannot be written'],
    ['--resume without --out', ['--resume'], 2, '--resume was given without --out'],
  ])('%s', async (_, args, status, message) => {
    const exit = await startLab(['run', spec, '--runtime', 'node', ...args]).exit;
    expect(exit.stderr.trim().split('\n')).toEqual([expect.stringContaining(message)]);
    expect(exit.status).toBe(status);
  });

  it('answers that nobody asked to go on from, of another spec, or damaged', async () => {
    const begun = { form: 1, type: 'started', run_id: 'a' };
    const own = JSON.parse(readFileSync(spec, 'utf8')) as object;
    const { parseSpec } = await import('../../src/study/spec.ts');
    const lines = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');
    const cases: [string, string[], string][] = [
      [lines({ ...begun, spec: parseSpec(own) }), [], 'go on with it by --resume, or delete it'],
      [lines({ ...begun, spec: parseSpec({ ...own, seed: 8 }) }), ['--resume'], 'of another spec'],
      [lines({ ...begun, spec: parseSpec(own) }) + '{"type"\n', ['--resume'], 'line 2, is damaged'],
      [
        lines({ ...begun, spec: parseSpec(own) }, { type: 'item', config: 0 }),
        ['--resume'],
        'do not fit together',
      ],
      [lines({ type: 'planned' }), ['--resume'], 'does not begin as a file of answers'],
    ];
    for (const [content, more, message] of cases) {
      await writeFile(partialOf('begun'), content);
      const exit = await startLab(run('begun', 'node', ...more)).exit;
      expect(exit.stderr.trim().split('\n')).toEqual([expect.stringContaining(message)]);
      expect(exit.status).toBe(2);
      expect(readFileSync(partialOf('begun'), 'utf8')).toBe(content);
    }
  });

  it('a browser that is not there or does not start', async () => {
    const nowhere = join(folder, 'no-chromium');
    const args = ['run', spec, '--runtime', 'browser'];
    const missing = await startLab(args, { env: { NIBBLE_CHROMIUM: nowhere } }).exit;
    expect(missing.stderr.trim()).toMatch(
      /^No Chromium could be started: .*no-chromium.*--runtime node needs none\.$/,
    );
    expect(missing.status).toBe(1);
    const broken = join(folder, 'broken.sh');
    await writeFile(broken, '#!/bin/sh\nexit 1\n');
    chmodSync(broken, 0o755);
    const dead = await startLab(args, { env: { NIBBLE_CHROMIUM: broken } }).exit;
    expect(dead.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^No Chromium could be started: /),
    ]);
    expect(dead.status).toBe(1);
  });

  it.runIf(process.platform === 'linux')('a named driver that is not there: no other is taken', async () => {
    const env = { VK_DRIVER_FILES: join(folder, 'no-driver.json') };
    const exit = await startLab(['selfcheck', '--runtime', 'node'], { env }).exit;
    // The Vulkan loader and Dawn have their say before.
    expect(exit.stderr.trim().split('\n').at(-1)).toMatch(
      /^Dawn takes no driver that VK_DRIVER_FILES names \(.*no-driver\.json\); allowed: /,
    );
    expect(exit.status).toBe(1);
  });

  it('a model whose file goes away', async () => {
    const model = join(folder, 'model');
    await mkdir(model);
    await writeFile(join(model, 'config.json'), '{');
    const local = join(folder, 'local.json');
    await writeFile(
      local,
      JSON.stringify({
        ...(JSON.parse(readFileSync(spec, 'utf8')) as object),
        model: { source: 'local', name: 'm' },
      }),
    );
    const exit = await startLab(['run', local, '--runtime', 'node', '--model', model]).exit;
    expect(exit.status).toBe(2);
    expectNoStack(exit);
  });
});

it('a result that the device takes no more of is told after the table', async () => {
  if (!existsSync('/dev/full')) return;
  const exit = await startLab(['run', spec, '--runtime', 'node', '--out', '/dev/full']).exit;
  expect(exit.stderr).toContain('/dev/full cannot be written: the disk is full.');
  expect(exit.stdout).toMatch(/\| float32 /);
  expect(exit.status).toBe(1);
  expectNoStack(exit);
});
