import { existsSync, mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { printed } from '../../test/fixtures/printed.ts';
import { eventsOf, savedRun } from '../../test/fixtures/run_events.ts';
import type { Host } from '../lab/host.ts';
import type { RunEvent, RunRequest } from '../lab/protocol.ts';
import { specHash } from '../study/permalink.ts';
import type { ExperimentResult } from '../study/result.ts';
import { runCommand } from './run_command.ts';

/** A stand-in of the lab, which gives the events of a saved run. */
const lab = vi.hoisted(() => ({
  run: vi.fn<(request: RunRequest, host: Host, emit: (event: RunEvent) => void) => Promise<void>>(),
}));
vi.mock('../lab/run.ts', () => lab);

const saved = await savedRun();
const folder = mkdtempSync(join(tmpdir(), 'nibble-run-'));
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  vi.spyOn(console, 'error').mockReturnValue(undefined);
});
afterEach(() => vi.restoreAllMocks());

async function written(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const readResult = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as ExperimentResult;

/** A lab that tells of these events. */
const tells = (events: readonly RunEvent[]) =>
  lab.run.mockImplementation((_, __, emit) => {
    events.forEach(emit);
    return Promise.resolve();
  });

describe('run', () => {
  it('prints the table, writes the result and ends with 0', async () => {
    tells(eventsOf(saved));
    const out = join(folder, 'done.json');
    const spec = await written('spec.json', saved.spec);
    const { value, lines } = await printed(() => runCommand([spec, '--runtime', 'node', '--out', out]));
    expect(value).toBe(0);
    expect(lines.join('\n')).toMatch(/NF4 · 64/);
    expect(await readResult(out)).toEqual(saved);
    expect(lab.run.mock.lastCall![0].spec).toEqual(saved.spec);
  });

  it('ends with 1 where answers are missing, and says which', async () => {
    const failure = { code: 'out-of-memory', message: 'float32 needs 9 GB.', hint: '' } as const;
    const [config] = saved.spec.configs;
    const result: ExperimentResult = {
      ...{ ...saved, state: 'incomplete', failures: [{ config: config!, failure }] },
      ...{ runs: saved.runs.slice(1), comparisons: [] },
    };
    tells([...eventsOf(saved).slice(0, -1), { type: 'finished', result }]);
    const spec = await written('spec.json', saved.spec);
    const { value, lines } = await printed(() => runCommand([spec, '--runtime', 'node']));
    expect(value).toBe(1);
    expect(lines.join('\n')).toContain('float32 has 0 of 50 answers: float32 needs 9 GB.');
    expect(lines.join('\n')).toContain('without them nothing is compared');
  });

  it('prints the result as JSON where that is asked for', async () => {
    tells(eventsOf(saved));
    const spec = await written('spec.json', saved.spec);
    const { lines } = await printed(() => runCommand([spec, '--runtime', 'node', '--json']));
    expect(JSON.parse(lines.join('\n'))).toEqual(saved);
  });

  it('takes a spec from a link', async () => {
    tells(eventsOf(saved));
    const link = `https://example.org/${await specHash(saved.spec)}`;
    await printed(() => runCommand([link, '--runtime', 'node']));
    expect(lab.run.mock.lastCall![0].spec).toEqual(saved.spec);
  });

  it('has the result so far on disk after each configuration', async () => {
    const out = join(folder, 'so-far.json');
    const runs: number[] = [];
    lab.run.mockImplementation(async (_, __, emit) => {
      for (const event of eventsOf(saved)) {
        emit(event);
        if (event.type === 'loaded' && event.config === 0) expect(existsSync(out)).toBe(false);
        if (event.type === 'config-done') runs.push((await readResult(out)).runs.length);
      }
    });
    const spec = await written('spec.json', saved.spec);
    await printed(() => runCommand([spec, '--runtime', 'node', '--out', out]));
    expect(runs).toEqual(saved.runs.map((_, i) => i + 1));
  });

  it('keeps what was measured of a run that fails, and fails as it did', async () => {
    const out = join(folder, 'failed.json');
    const failure = { code: 'device-lost', message: 'The device was lost.', hint: '' } as const;
    const part: ExperimentResult = {
      ...saved,
      state: 'failed',
      runs: saved.runs.slice(0, 1),
      comparisons: [],
    };
    tells([...eventsOf(saved).slice(0, 4), { type: 'failed', failure, config: 1, result: part }]);
    const spec = await written('spec.json', saved.spec);
    const { value, lines } = await printed(() =>
      runCommand([spec, '--runtime', 'node', '--out', out]).catch((error: unknown) => error),
    );
    expect(value).toMatchObject({ code: 'device-lost', message: 'The device was lost.' });
    expect(lines.join('\n')).toMatch(/float32/);
    expect(await readResult(out)).toEqual(part);
  });

  it('writes nothing where nothing was measured', async () => {
    const out = join(folder, 'nothing.json');
    const failure = { code: 'no-adapter', message: 'There is no adapter.', hint: '' } as const;
    tells([{ type: 'failed', failure }]);
    const spec = await written('spec.json', saved.spec);
    const run = printed(() => runCommand([spec, '--runtime', 'node', '--out', out]));
    await expect(run).rejects.toMatchObject({ code: 'no-adapter' });
    expect(existsSync(out)).toBe(false);
  });
});

describe('what run was given is refused before anything runs', () => {
  afterEach(() => expect(lab.run).not.toHaveBeenCalled());
  beforeEach(() => void lab.run.mockClear());

  it.each([
    [[], 'bad-arguments', 'run was given 0 specs; allowed: one file or link.'],
    [['a.json', 'b.json'], 'bad-arguments', 'run was given 2 specs; allowed: one file or link.'],
    [
      ['nowhere.json'],
      'bad-arguments',
      'nowhere.json is neither a file that can be read nor a link with a spec.',
    ],
    [['https://example.org/#/experiment?spec=1.x'], 'bad-link', 'link'],
    [['a.json', '--runtime', 'deno'], 'bad-arguments', '--runtime is deno; allowed: browser, node.'],
  ])('%j', async (args, code, message) => {
    await expect(runCommand(args)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it('a file that is no JSON, or no spec: each is named', async () => {
    const broken = await written('broken.json', '{');
    await expect(runCommand([broken])).rejects.toMatchObject({
      code: 'bad-spec',
      message: expect.stringContaining(`${broken} is not JSON: `) as string,
    });
    const unknown = await written('unknown.json', { ...saved.spec, sead: 1 });
    await expect(runCommand([unknown])).rejects.toMatchObject({
      code: 'bad-spec',
      message: expect.stringContaining(`${unknown}: sead is an unknown key; allowed: `) as string,
    });
  });

  it('a folder for a model that comes with the page', async () => {
    const spec = await written('spec.json', saved.spec);
    await expect(runCommand([spec, '--model', folder])).rejects.toMatchObject({
      code: 'bad-arguments',
      message: '--model was given, but the spec names a bundled model; allowed with "local" and "hub".',
    });
  });
});
