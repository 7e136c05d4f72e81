import { expect, it } from 'vitest';
import { eventsOf, savedRun } from '../../test/fixtures/run_events.ts';
import { DEFAULT_CALIBRATION } from '../quant/calibrated/calibration.ts';
import type { LayerErrors } from '../study/result.ts';
import { partialResult } from './partial_result.ts';

const saved = await savedRun();
const events = eventsOf(saved);

it('has no result before the machine is known', () => {
  const { take, result } = partialResult(saved.spec);
  take(events[0]!);
  expect(result()).toBeUndefined();
  take(events[1]!);
  expect(result()).toMatchObject({ state: 'running', runs: [], comparisons: [] });
});

it('comes to the result of the run that it followed', () => {
  const { take, result } = partialResult(saved.spec);
  events.forEach(take);
  const { digest, runs, comparisons, environment } = result()!;
  expect(digest).toBe(saved.digest);
  expect(comparisons).toEqual(saved.comparisons);
  expect(environment).toEqual(saved.environment);
  // Which columns of LLM.int8() were outliers comes with the result itself.
  for (const [i, { config, tasks, timings, footprint }] of runs.entries())
    expect({ config, tasks, timings, footprint }, String(i)).toMatchObject({
      config: saved.runs[i]!.config,
      tasks: saved.runs[i]!.tasks,
      timings: saved.runs[i]!.timings,
      footprint: saved.runs[i]!.footprint,
    });
});

it('holds what the layers lost, which a run that goes on does not measure again', () => {
  const { take, stored } = partialResult(saved.spec);
  const errors: LayerErrors = {
    calibration: DEFAULT_CALIBRATION,
    tokens: 512,
    layers: [{ module: 'model.layers.0.mlp.up_proj', output_error: 0.05, weight_error: 0.1 }],
  };
  eventsOf({ ...saved, runs: saved.runs.map((run) => ({ ...run, errors })) }).forEach(take);
  expect(stored()!.record.configs[1]!.errors).toEqual(errors);
});

it('holds what was measured at any time, with the time that took', () => {
  const { take, result } = partialResult(saved.spec);
  const end = events.findIndex(({ type }) => type === 'config-done');
  for (const event of events.slice(0, end - 1)) take(event);
  const { runs } = result()!;
  expect(runs).toHaveLength(1);
  const answered = runs[0]!.tasks.map(({ n }) => n).reduce((a, b) => a + b);
  const asked = saved.runs[0]!.tasks.map(({ n }) => n).reduce((a, b) => a + b);
  expect(answered).toBe(asked - 1);
  expect(runs[0]!.timings).toEqual({ ...saved.runs[0]!.timings, items: answered });
});

it('says which configuration failed, and why', () => {
  const { take, result } = partialResult(saved.spec);
  const failure = { code: 'device-lost', message: 'The device was lost.', hint: '' } as const;
  for (const event of events.slice(0, 3)) take(event);
  take({ type: 'config-failed', config: 0, failure });
  expect(result()!.failures).toEqual([{ config: saved.spec.configs[0], failure }]);
});
