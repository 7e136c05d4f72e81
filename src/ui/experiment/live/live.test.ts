import { expect, test } from 'vitest';
import type { ItemEvent, RunEvent } from '../../../lab/protocol.ts';
import { defaultSpec } from '../draft.ts';
import { reduceRun, percentDone, rowCount, startLive } from './live.ts';

const spec = { ...defaultSpec(), tasks: [{ task: 'mini_arc' as const, limit: 4 }] };
spec.configs.splice(2);

const item = (config: number, done: number): ItemEvent => ({
  type: 'item',
  config,
  task: 'mini_arc',
  doc: { passage: '', question: 'Why?', choices: ['a', 'b'], gold: ['a'] },
  item: {
    doc_id: done,
    output_type: 'multiple_choice',
    lls: [-1, -2],
    is_greedy: [true, false],
    tokens: [1, 1],
    pred: 0,
    pred_norm: 0,
    pred_bytes: 0,
    gold: 0,
    acc: 1,
    acc_norm: 1,
    acc_bytes: 1,
  },
  spent: { seconds: 1, tokens: 50 },
  done,
  total: 4,
  metrics: { acc: { value: 1, stderr: 0 } },
  tokens_per_second: 50,
  eta_seconds: [2, 4],
});

const play = (events: RunEvent[]) =>
  events.reduce((live, event, i) => reduceRun(live, event, i), startLive(spec));

test('time paused is in no speed, and an end ends it', () => {
  const loaded: RunEvent = { type: 'loaded', config: 0, footprint: {} as never, load_seconds: 1 };
  const told = (events: [RunEvent, number][]) =>
    events.reduce((live, [event, now]) => reduceRun(live, event, now), startLive(spec));
  const before: [RunEvent, number][] = [
    [loaded, 10],
    [item(0, 1), 12],
    [{ type: 'paused' }, 12],
  ];
  expect(told(before).paused).toBe(12);
  const after = told([...before, [{ type: 'continued' }, 112], [item(0, 2), 114]]);
  expect(after.paused).toBeUndefined();
  expect(after.rows[0]!.items_per_second).toBe(0.5);
  const failure = { code: 'cancelled', message: 'Stopped.', hint: 'Resume.' } as const;
  expect(told([...before, [{ type: 'failed', failure }, 20]]).paused).toBeUndefined();
});

test('a run from its first event to its last', () => {
  const events: RunEvent[] = [
    { type: 'started', run_id: 'r', spec },
    { type: 'progress', phase: 'check', done: 1, total: 9, what: 'add' },
    { type: 'planned', tasks: [{ task: 'mini_arc', n: 4 }] },
    { type: 'progress', phase: 'load', config: 0, done: 5, total: 10, what: 'weights' },
  ];
  const loading = play(events);
  expect(loading.step).toBeUndefined();
  expect(loading.rows.map(({ phase, loaded }) => [phase, loaded])).toEqual([
    ['load', 0.5],
    ['waiting', 0],
  ]);

  const answering = [item(0, 1), item(0, 2)].reduce((live, e, i) => reduceRun(live, e, 10 + 2 * i), loading);
  expect(rowCount(answering, answering.rows[0]!)).toEqual({ done: 2, total: 4 });
  expect(percentDone(answering)).toBe(25);
  expect(answering.rows[0]!.items_per_second).toBe(1);
  expect(answering.eta_seconds).toEqual([2, 4]);

  const failed = reduceRun(
    answering,
    { type: 'failed', failure: { code: 'cancelled', message: 'Stopped.', hint: 'Resume.' } },
    20,
  );
  expect(failed.state).toBe('cancelled');
  expect(failed.rows.map(({ phase }) => phase)).toEqual(['stopped', 'waiting']);
  // What was measured stays.
  expect(failed.rows[0]!.scores.mini_arc).toEqual({ n: 2, metric: { value: 1, stderr: 0 } });
});
