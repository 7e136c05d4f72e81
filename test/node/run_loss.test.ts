import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/errors.ts';
import { openGpu, type Gpu } from '../../src/gpu/device/device.ts';
import type { RunEvent } from '../../src/lab/protocol.ts';
import { run } from '../../src/lab/run.ts';
import { faultyGpu } from '../fixtures/faulty_gpu.ts';
import { eventsOf, gpu, hostOf, itemsIn, last, resultIn, spec } from '../fixtures/small_run.ts';

// Devices by the dozen, each of which compiles all kernels anew: under Node alone. A browser loses a few in e2e.

/** How many buffers and submits a whole run takes. */
async function countingRun(real: Gpu): Promise<ReturnType<typeof faultyGpu>> {
  const counting = faultyGpu(real, {});
  await eventsOf(hostOf(undefined, { gpu: () => Promise.resolve(counting.gpu) }));
  return counting;
}

describe('a run', () => {
  it('goes on after a configuration that fails, if the spec says so', async () => {
    // Loses each device on which the second configuration loads, as one that is too much for the GPU; once it is mended.
    let broken = true;
    const losing = (event: RunEvent) => {
      if (broken && event.type === 'loaded' && event.config === 1) {
        void gpu().then(({ device }) => device.destroy());
      }
    };
    const asked = (on_error: 'stop' | 'continue') => ({ ...spec, on_error });
    const go = async (on_error: 'stop' | 'continue', host = hostOf()) => {
      const events: RunEvent[] = [];
      await run(
        { spec: asked(on_error) },
        host,
        (event) => {
          events.push(event);
          losing(event);
        },
        new AbortController().signal,
      );
      return events;
    };
    const whole = resultIn(await eventsOf(hostOf()));
    const host = hostOf();
    const on = await go('continue', host);
    expect(on.filter(({ type }) => type === 'device-lost')).toHaveLength(2);
    expect(on.find(({ type }) => type === 'config-failed')).toMatchObject({
      config: 1,
      failure: { code: 'device-lost' },
    });
    const result = resultIn(on);
    expect(result.state).toBe('incomplete');
    expect(result.failures).toMatchObject([{ config: spec.configs[1], failure: { code: 'device-lost' } }]);
    expect(result.runs.map(({ tasks }) => tasks.map(({ n }) => n))).toEqual([
      [3, 2],
      [0, 0],
      [3, 2],
    ]);
    expect(result.comparisons.map(({ config }) => config)).toEqual([2, 2]);

    const stopped = await go('stop');
    expect(last(stopped)).toMatchObject({ type: 'failed', config: 1, failure: { code: 'device-lost' } });
    expect(resultIn(stopped).runs).toHaveLength(2);

    // What failed is asked again, and then nothing is missing.
    broken = false;
    const [record] = await host.store.list();
    const resumed: RunEvent[] = [];
    await run(
      { spec: asked('continue'), resume: record!.id },
      host,
      (event) => resumed.push(event),
      new AbortController().signal,
    );
    expect(itemsIn(resumed)).toHaveLength(5);
    expect(resultIn(resumed)).toMatchObject({ state: 'done', digest: whole.digest });
    expect(resultIn(resumed).failures).toBeUndefined();
  });

  it('checks the kernels of the device it goes on with, and records another adapter as a segment', async () => {
    const other = async (): Promise<Gpu> => {
      const opened = await openGpu(navigator.gpu);
      return { ...opened, adapter: { ...opened.adapter, vendor: 'another' } };
    };
    const first = await openGpu(navigator.gpu);
    let second: Promise<Gpu> | undefined;
    const host = hostOf(undefined, {
      gpu: () => (first.loss.reason === undefined ? Promise.resolve(first) : (second ??= other())),
    });
    let count = 0;
    const events = await eventsOf(host, {
      onEvent: (event) => {
        if (event.type === 'item' && ++count === 7) first.device.destroy();
      },
    });
    const lost = events.findIndex(({ type }) => type === 'device-lost');
    const answered = itemsIn(events.slice(0, lost)).length;
    const rechecked = events
      .slice(lost)
      .filter((event) => event.type === 'progress' && event.phase === 'check');
    const { environment, state } = resultIn(events);
    expect(rechecked).toHaveLength(environment.kernel_check.checked);
    expect(environment.adapter.vendor).toBe(first.adapter.vendor);
    expect(environment.adapters).toMatchObject([{ adapter: { vendor: 'another' }, answers: answered }]);
    expect(state).toBe('done');
    (await second!).device.destroy();
  });

  it('is saved and paused where no GPU is offered after a loss, and can be resumed', async () => {
    const whole = resultIn(await eventsOf(hostOf()));
    let offered = true;
    const host = hostOf(undefined, {
      gpu: () => (offered ? gpu() : Promise.reject(new LabError('no-adapter', 'There is no adapter.'))),
    });
    let count = 0;
    const events = await eventsOf(host, {
      onEvent: (event) => {
        if (event.type !== 'item' || ++count !== 6) return;
        offered = false;
        void gpu().then(({ device }) => device.destroy());
      },
    });
    expect(last(events)).toMatchObject({
      type: 'failed',
      failure: { code: 'gpu-gone', message: expect.stringContaining('There is no adapter.') as string },
    });
    const [record] = await host.store.list();
    expect(record!.state).toBe('paused');
    offered = true;
    const resumed = await eventsOf(host, { resume: record!.id });
    expect(resultIn(resumed)).toMatchObject({ state: 'done', digest: whole.digest });
  });

  it('computes no answer on a device that is lost at any submit, however late it is told', async () => {
    const whole = resultIn(await eventsOf(hostOf()));
    const real = await gpu();
    const { counts } = await countingRun(real);
    for (const share of [0.3, 0.5, 0.8, 0.99]) {
      const lostAtSubmit = Math.floor(share * counts.submits);
      const faulty = faultyGpu(real, { lostAtSubmit, toldLate: 300 });
      const host = hostOf(undefined, {
        gpu: () => (faulty.gpu.loss.reason === undefined ? Promise.resolve(faulty.gpu) : gpu()),
      });
      const events = await eventsOf(host);
      expect(events.filter(({ type }) => type === 'device-lost')).toHaveLength(1);
      expect(resultIn(events)).toMatchObject({ state: 'done', digest: whole.digest });
    }
  });

  it('tells of no room at any allocation, and has no wrong answer', async () => {
    const whole = resultIn(await eventsOf(hostOf()));
    const answers = new Map(whole.runs.map(({ config, tasks }) => [JSON.stringify(config), tasks]));
    const real = await gpu();
    const { counts } = await countingRun(real);
    for (let share = 0.02; share < 1; share += 0.07) {
      const at = Math.floor(share * counts.allocations);
      const faulty = faultyGpu(real, { noRoomAt: (allocation) => allocation === at });
      const events: RunEvent[] = [];
      await run(
        { spec: { ...spec, on_error: 'continue' } },
        hostOf(undefined, { gpu: () => Promise.resolve(faulty.gpu) }),
        (event) => events.push(event),
        new AbortController().signal,
      );
      const failures = events.flatMap((event) =>
        event.type === 'config-failed' || event.type === 'failed' ? [event.failure.code] : [],
      );
      expect(failures, `allocation ${at}`).toEqual(['out-of-memory']);
      const end = last(events);
      const runs = (end.type === 'finished' || end.type === 'failed' ? end.result?.runs : undefined) ?? [];
      for (const { config, tasks } of runs) {
        for (const [t, { items }] of tasks.entries()) {
          const right = answers.get(JSON.stringify(config))![t]!.items;
          for (const item of items) {
            const answer: typeof item & { divergence?: unknown } = { ...item };
            delete answer.divergence;
            expect(right.find(({ doc_id }) => doc_id === item.doc_id)).toMatchObject(answer);
          }
        }
      }
    }
  });
});
