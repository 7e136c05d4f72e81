import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pollRun } from './poll_run.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what goes on is read again after a rest, until it is let go', async () => {
  const values: number[] = [];
  let n = 0;
  const stop = pollRun(
    () => Promise.resolve(++n),
    (value) => values.push(value),
    () => undefined,
    true,
  );
  await vi.advanceTimersByTimeAsync(4000);
  expect(values).toEqual([1, 2, 3]);
  stop();
  await vi.advanceTimersByTimeAsync(4000);
  expect(values).toEqual([1, 2, 3]);
});

test('what has ended is read once, and a failure is told', async () => {
  const failures: unknown[] = [];
  const read = vi.fn(() => Promise.reject(new Error('no')));
  pollRun(
    read,
    () => undefined,
    (error) => failures.push(error),
    false,
  );
  await vi.advanceTimersByTimeAsync(4000);
  expect(read).toHaveBeenCalledTimes(1);
  expect(failures).toEqual([new Error('no')]);
});
