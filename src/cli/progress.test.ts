import { afterEach, expect, it, vi } from 'vitest';
import { eventsOf, savedRun } from '../../test/fixtures/run_events.ts';
import type { RunEvent } from '../lab/protocol.ts';
import type { MemoryNeed } from '../model/memory.ts';
import { progressPrinter } from './progress.ts';

const saved = await savedRun();
const events = eventsOf(saved);

/** The text that a run of those events prints, on a terminal or into a file. */
function printed(asked: readonly RunEvent[], isTTY: boolean): string {
  let text = '';
  const terminal = process.stderr.isTTY;
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += chunk as string;
    return true;
  });
  process.stderr.isTTY = isTTY;
  try {
    asked.forEach(progressPrinter(saved.spec));
  } finally {
    process.stderr.isTTY = terminal;
  }
  return text;
}
afterEach(() => vi.restoreAllMocks());

const progress: RunEvent = { type: 'progress', phase: 'hash', done: 1, total: 4, what: 'model.safetensors' };

it('names the machine, how many kernels are right, and which was nearest to its bound', () => {
  const { kernel_check } = saved.environment;
  const text = printed([events[1]!], false);
  expect(text).toContain(`: ${kernel_check.checked} kernels right (nearest to its bound: `);
  expect(text).toContain(kernel_check.worst.kernel);
});

it('says what a configuration needs before it is loaded', () => {
  const need = { weights: 3 * 2 ** 20, device: 5 * 2 ** 20 } as MemoryNeed;
  expect(printed([{ type: 'foreseen', config: 0, need }], false)).toBe(
    'float32: needs up to 5.00 MiB on the GPU, 3.00 of them for weights\n',
  );
});

it('prints a line every tenth of a task into a file, and nothing that moves', () => {
  const text = printed([progress, ...events], false);
  expect(text).not.toContain('\r');
  expect(text).not.toContain('\u001b');
  const { task, n } = saved.runs[0]!.tasks[0]!;
  const lines = text.split('\n').filter((line) => line.startsWith(`float32: ${task} `));
  const tenth = Math.max(1, Math.floor(n / 10));
  expect(lines.map((line) => Number(/ (\d+)\/\d+, /.exec(line)![1]))).toEqual(
    Array.from({ length: n }, (_, i) => i + 1).filter((done) => done % tenth === 0 || done === n),
  );
  expect(lines.at(-1)).toMatch(
    new RegExp(`^float32: ${task} ${n}/${n}, \\w+ \\d\\.\\d{3}, 1235 tokens/s, 2-4 s left$`),
  );
});

it('moves one line on a terminal, and keeps the last of each task', () => {
  const text = printed([progress, ...events], true);
  expect(text).toContain('\r\u001b[2Khash: model.safetensors 25 %');
  const tasks = saved.runs.length * saved.runs[0]!.tasks.length;
  // The machine's line, and one a task.
  expect(text.split('\n')).toHaveLength(1 + tasks + 1);
  expect(text.endsWith('\n')).toBe(true);
});

it('says what failed, in which configuration, and whether the run goes on', () => {
  const failure = { code: 'device-lost', message: 'The device was lost.', hint: '' } as const;
  expect(printed([{ type: 'config-failed', config: 0, failure }], false)).toBe(
    'float32 failed, going on without it: The device was lost.\n',
  );
  expect(printed([{ type: 'failed', config: 0, failure }], false)).toBe(
    'stopped in float32: The device was lost.\n',
  );
  expect(printed([{ type: 'failed', failure }], false)).toBe('stopped: The device was lost.\n');
});
