import { describe, expect, it, vi } from 'vitest';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { eventsOf, gpu, hostOf, itemsIn, last, resultIn, spec } from '../../test/fixtures/small_run.ts';
import { LabError } from '../errors.ts';
import { openGpu } from '../gpu/device/device.ts';
import { adapterName } from '../gpu/adapter.ts';
import { checksFor } from '../gpu/check.ts';
import { decodingFormName } from '../gpu/matrix/choose.ts';
import { needsOf } from '../model/needs.ts';
import { openModel } from '../model/open_model.ts';
import type { Host } from './host.ts';
import type { RunEvent } from './protocol.ts';
import { takeRun } from './owned_run.ts';
import { run } from './run.ts';
import { memoryScratch } from './memory_scratch.ts';
import type { Scratch } from './scratch.ts';
import { parseConfigs, parseSpec, type ExperimentSpec } from '../study/spec.ts';
import { memoryStore } from './store.ts';
import type { ExperimentResult } from '../study/result.ts';

const countedIn = ({ runs }: ExperimentResult) =>
  runs.map(({ timings: { items, tokens } }) => ({ items, tokens }));

/** The form that this adapter decodes by. */
const decoder = decodingFormName(await gpu());

describe('run', () => {
  it('measures every configuration on every item and says so step by step', async () => {
    const events = await eventsOf(hostOf());
    const kinds = events.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
    const perConfig = ['foreseen', 'progress', 'loaded', 'item', 'config-done'];
    expect(kinds).toEqual([
      ...['started', 'planned', 'progress', 'environment'],
      ...[...perConfig, ...perConfig, ...perConfig],
      'finished',
    ]);
    const result = resultIn(events);
    expect(result.state).toBe('done');
    expect(result.runs.map(({ tasks }) => tasks.map(({ n }) => n))).toEqual([
      [3, 2],
      [3, 2],
      [3, 2],
    ]);
    expect(result.comparisons.map(({ config, task, n }) => [config, task, n])).toEqual([
      [1, 'mini_arc', 3],
      [1, 'mini_text', 2],
      [2, 'mini_arc', 3],
      [2, 'mini_text', 2],
    ]);
    const needs = needsOf(await gpu(), await openModel(randomLlama()), spec.configs);
    expect(result.environment.kernel_check.checked).toBe(checksFor(needs).length);
    expect(result.environment.model.files['model.safetensors']!.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(result.environment.model.reading).toMatchObject({ bos_in_front: false, warnings: [] });
    expect(adapterName(result.environment.adapter)).not.toBe('');
    const [float, nf4] = result.runs;
    expect(float!.footprint.bits_per_weight).toBe(16);
    expect(nf4!.footprint.bits_per_weight).toBeGreaterThan(4.5);
    expect(nf4!.footprint.actual_bytes).toBeLessThan(float!.footprint.actual_bytes);
    expect(float!.timings.tokens).toBeGreaterThan(0);
  });

  it('foresees what each configuration takes on the device', async () => {
    const { allocated } = await gpu();
    const before = allocated.bytes;
    let need = 0;
    const shares: number[] = [];
    await eventsOf(hostOf(), {
      onEvent(event) {
        if (event.type === 'foreseen') {
          need = event.need.device;
          allocated.most = allocated.bytes;
        }
        if (event.type === 'config-done') shares.push((allocated.most - before) / need);
      },
    });
    expect(shares).toHaveLength(3);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
    expect(Math.min(...shares)).toBeGreaterThan(0.5);
  });

  it('refuses a configuration that the adapter does not allow, before a weight is loaded', async () => {
    const real = await gpu();
    const limits = { maxBufferSize: 200 * 1024, maxStorageBufferBindingSize: 200 * 1024 };
    const small = { ...real, adapter: { ...real.adapter, limits } };
    const refusedBy = async (on_error: 'stop' | 'continue') => {
      const events: RunEvent[] = [];
      await run(
        { spec: { ...spec, on_error } },
        hostOf(undefined, { gpu: () => Promise.resolve(small) }),
        (event) => events.push(event),
        new AbortController().signal,
      );
      expect(events.filter((event) => event.type === 'progress' && event.phase === 'load')).toEqual([]);
      return events;
    };
    const failure = {
      code: 'over-limit',
      message: expect.stringMatching(
        /^float32 needs a buffer of \d+\.0 KiB for the activations .* allows 200\.0 KiB, enough for contexts of up to 64 tokens\.$/,
      ) as string,
    };
    expect(last(await refusedBy('stop'))).toMatchObject({ type: 'failed', config: 0, failure });
    const events = await refusedBy('continue');
    expect(events.filter(({ type }) => type === 'config-failed')).toHaveLength(3);
    expect(resultIn(events).failures).toHaveLength(3);
  });

  it('goes on behind a format that the model’s rows are too short for, where it is asked to', async () => {
    const calibration = { text: 'samples', tokens: 16, seed: 0 };
    const configs = parseConfigs([
      { quant_type: 'gptq', group_size: 128, calibration },
      { quant_type: 'gguf', gguf_type: 'Q4_K' },
      { quant_type: 'none' },
    ]);
    const tasks: ExperimentSpec['tasks'] = [{ task: 'mini_arc', limit: 1 }];
    const of = (on_error: 'stop' | 'continue') =>
      eventsOf(hostOf(), { spec: { ...spec, configs, tasks, on_error } });
    expect(last(await of('stop'))).toMatchObject({ type: 'failed', failure: { code: 'bad-spec' } });
    const { failures = [] } = resultIn(await of('continue'));
    expect(failures.map(({ failure }) => failure.message)).toEqual([
      expect.stringContaining('takes multiples of 128'),
      expect.stringContaining('takes multiples of 256'),
    ]);
  });

  it('holds between two items while it is paused, and goes on with the model it has', async () => {
    // The pause lasts an hour of the clock, and no time at all.
    const HOUR_MS = 3_600_000;
    const now = performance.now.bind(performance);
    let paused = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + paused);
    // Of five each: within a configuration, and after the last one of another.
    let answered = 0;
    const events = await eventsOf(hostOf(), {
      onEvent(event, _, gate) {
        if (event.type === 'item' && [2, 10].includes(++answered)) gate.set(true);
        if (event.type !== 'paused') return;
        paused += HOUR_MS;
        setTimeout(() => gate.set(false));
      },
    });
    clock.mockRestore();
    const kinds = events.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
    const hold = ['paused', 'continued'];
    expect(kinds.slice(kinds.indexOf('loaded'))).toEqual([
      ...['loaded', 'item', ...hold, 'item', 'config-done', 'foreseen', 'progress'],
      ...['loaded', 'item', 'config-done', ...hold, 'foreseen', 'progress'],
      ...['loaded', 'item', 'config-done', 'finished'],
    ]);
    const counted = resultIn(events).runs.reduce(
      (sum, { timings: t }) => sum + t.load_seconds + t.answer_seconds,
      0,
    );
    expect(paused).toBe(2 * HOUR_MS);
    expect(counted).toBeLessThan(HOUR_MS / 1000);
  });

  it('can be stopped while it is paused', async () => {
    const events = await eventsOf(hostOf(), {
      onEvent(event, stop, gate) {
        if (event.type === 'item') gate.set(true);
        if (event.type === 'paused') stop.abort();
      },
    });
    expect(last(events)).toMatchObject({ type: 'failed', failure: { code: 'cancelled' } });
    expect(itemsIn(events)).toHaveLength(1);
    expect(resultIn(events).runs[0]!.tasks[0]!.n).toBe(1);
  });

  it('reports the outlier columns of LLM.int8(), layer by layer', async () => {
    const sensitive = parseSpec({ ...spec, configs: [{ quant_type: 'llm_int8', llm_int8_threshold: 1.5 }] });
    const events: RunEvent[] = [];
    await run({ spec: sensitive }, hostOf(), (event) => events.push(event), new AbortController().signal);
    const { outliers } = resultIn(events).runs[0]!;
    expect(outliers!.map(({ layer, input }) => `${layer} ${input}`)).toEqual([
      ...['0 attention', '0 output', '0 mlp', '0 down'],
      ...['1 attention', '1 output', '1 mlp', '1 down'],
    ]);
    const attention = outliers![0]!.columns;
    expect(attention.length).toBeGreaterThan(0);
    expect(attention.length).toBeLessThan(60);
    expect(Math.max(...attention)).toBeLessThan(60);
  });

  it('compares texts with the baseline, token by token; the same weights do not diverge', async () => {
    const [baseline, nf4] = spec.configs;
    const again = { ...baseline!, compute_dtype: 'float16' as const };
    const twice = { ...spec, configs: [baseline!, again, nf4!] };
    const events: RunEvent[] = [];
    await run({ spec: twice }, hostOf(), (event) => events.push(event), new AbortController().signal);
    const { runs, comparisons } = resultIn(events);
    const tokens = runs[0]!.tasks[1]!.items.map((item) =>
      'divergence' in item ? item.divergence : undefined,
    );
    expect(tokens).toEqual([undefined, undefined]);
    const [half, quantized] = comparisons.flatMap(({ divergence }) => divergence ?? []);
    expect(half!.tokens).toBe('Mia has a ball.The dog is red.'.length);
    expect(half!.kl.value).toBeLessThan(1e-5);
    expect(quantized!.kl.value).toBeGreaterThan(10 * half!.kl.value);
    const [before, after] = [runs[0]!, runs[2]!].map(
      ({ tasks }) => tasks[1]!.metrics.token_perplexity!.value,
    );
    expect(quantized!.perplexity_ratio).toBeCloseTo(after! / before!, 6);
  });

  it('answers without the comparison where the disk is full, absent or forgotten', async () => {
    const digest = resultIn(await eventsOf(hostOf())).digest;
    const full: Scratch = {
      ...memoryScratch(),
      create: () => Promise.reject(new DOMException('', 'QuotaExceededError')),
    };
    for (const scratch of [undefined, full]) {
      const result = resultIn(await eventsOf(hostOf(undefined, { scratch: () => Promise.resolve(scratch) })));
      expect(result.comparisons.some(({ divergence }) => divergence)).toBe(false);
      expect(result.digest).toBe(digest);
    }
  });

  it('is not done where every configuration failed, and compares nothing without its baseline', async () => {
    const go = async (fails: (config: number) => boolean) => {
      const host = hostOf();
      const failing: Host['store'] = {
        ...host.store,
        commit: (item, epoch) =>
          fails(item.config)
            ? Promise.reject(new LabError('out-of-memory', 'Too large.'))
            : host.store.commit(item, epoch),
      };
      const events: RunEvent[] = [];
      await run(
        { spec: { ...spec, on_error: 'continue' } },
        { ...host, store: failing },
        (event) => events.push(event),
        new AbortController().signal,
      );
      return resultIn(events);
    };
    const none = await go(() => true);
    expect(none).toMatchObject({ state: 'incomplete', comparisons: [] });
    expect(none.failures).toHaveLength(3);
    const others = await go((config) => config === 0);
    expect(others).toMatchObject({ state: 'incomplete', comparisons: [] });
    expect(others.runs.map(({ tasks }) => tasks.map(({ n }) => n))).toEqual([
      [0, 0],
      [3, 2],
      [3, 2],
    ]);
  });

  it('that is deleted, or gone on with elsewhere, stops at its next item and writes nothing', async () => {
    const interfere = async (how: (store: Host['store'], id: string) => Promise<unknown>) => {
      const host = hostOf();
      let id = '';
      let items = 0;
      const commit: Host['store']['commit'] = async (item, epoch) => {
        if (++items === 3) await how(host.store, id);
        await host.store.commit(item, epoch);
      };
      const events = await eventsOf(
        { ...host, store: { ...host.store, commit } },
        {
          onEvent: (event) => {
            if (event.type === 'started') id = event.run_id;
          },
        },
      );
      return { end: last(events), rows: await host.store.count(id), record: await host.store.get(id) };
    };
    const deleted = await interfere((store, id) => store.remove(id));
    expect(deleted).toMatchObject({ end: { type: 'failed', failure: { code: 'run-gone' } }, rows: 0 });
    expect(deleted.record).toBeUndefined();
    const taken = await interfere(takeRun);
    expect(taken).toMatchObject({ end: { type: 'failed', failure: { code: 'run-elsewhere' } }, rows: 2 });
    expect(taken.record).toMatchObject({ state: 'running', failure: undefined });
  });

  it('is marked as paused while it is', async () => {
    const host = hostOf();
    const states: Promise<string | undefined>[] = [];
    const look = async () => (await host.store.list())[0]?.state;
    await eventsOf(host, {
      onEvent(event, _, gate) {
        if (event.type === 'item' && states.length === 0) gate.set(true);
        if (event.type === 'paused') {
          setTimeout(() => {
            states.push(look());
            gate.set(false);
          });
        }
        if (event.type === 'config-done') states.push(look());
      },
    });
    expect((await Promise.all(states)).slice(0, 2)).toEqual(['paused', 'running']);
  });

  it('gives the same digest again', async () => {
    const [a, b] = [await eventsOf(hostOf()), await eventsOf(hostOf())];
    expect(resultIn(a).digest).toBe(resultIn(b).digest);
    const other = await eventsOf(hostOf(randomLlama({ rms_norm_eps: 1e-2 })));
    expect(resultIn(other).digest).not.toBe(resultIn(a).digest);
  });

  it('resumes a stopped run after each item to the digest of one that never stopped', async () => {
    const whole = resultIn(await eventsOf(hostOf()));
    const total = 15;
    for (const after of [1, 4, 5, 9, 14]) {
      const host = hostOf();
      let count = 0;
      const stopped = await eventsOf(host, {
        onEvent: (event, stop) => {
          if (event.type === 'item' && ++count === after) stop.abort();
        },
      });
      expect(last(stopped)).toMatchObject({ type: 'failed', failure: { code: 'cancelled' } });
      const [record] = await host.store.list();
      expect(record!.state).toBe('cancelled');
      expect(await host.store.items(record!.id)).toHaveLength(after);
      const resumed = await eventsOf(host, { resume: record!.id });
      expect(itemsIn(resumed)).toHaveLength(total - after);
      expect(resultIn(resumed).digest).toBe(whole.digest);
      // Seconds and tokens of every item count, whichever sitting it was answered in.
      expect(countedIn(resultIn(resumed))).toEqual(countedIn(whole));
      expect(resultIn(resumed).state).toBe('done');
    }
  });

  it('goes on by itself when the device is lost, at any item, and says so', async () => {
    const whole = resultIn(await eventsOf(hostOf()));
    let count = 0;
    const events = await eventsOf(hostOf(), {
      onEvent: (event) => {
        if (event.type === 'item' && [1, 6, 10].includes(++count)) {
          void gpu().then(({ device }) => device.destroy());
        }
      },
    });
    expect(events.filter(({ type }) => type === 'device-lost').length).toBeGreaterThanOrEqual(2);
    expect(itemsIn(events)).toHaveLength(15);
    expect(resultIn(events)).toMatchObject({ state: 'done', digest: whole.digest });
    expect(resultIn(events).environment.adapters).toBeUndefined();
  });

  it('keeps what was stored when a store fails, and says why', async () => {
    const store = memoryStore();
    let commits = 0;
    const full: Host['store'] = {
      ...store,
      commit: (item, epoch) =>
        ++commits > 4 ? Promise.reject(new Error('disk full')) : store.commit(item, epoch),
    };
    const events = await eventsOf(hostOf(undefined, { store: full }));
    expect(last(events)).toMatchObject({ type: 'failed', failure: { message: 'disk full' } });
    expect(resultIn(events).runs[0]!.tasks.map(({ n }) => n)).toEqual([3, 1]);
  });

  it.each([
    [
      'a model without a file',
      hostOf({ names: [], open: () => Promise.reject(new Error()) }),
      'missing-file',
    ],
    ['a task without its file', hostOf(undefined, { data: [] }), 'missing-data'],
    ['no WebGPU', hostOf(undefined, { gpu: () => openGpu(undefined) }), 'no-webgpu'],
  ])('ends with the failure of %s', async (_, host, code) => {
    const events = await eventsOf(host);
    expect(last(events)).toMatchObject({ type: 'failed', failure: { code } });
  });

  it.each([
    ['add', 'a kernel of every model', '* y[i];', '* 1.0001 * y[i];', 'n 1001 · factor 1'],
    // Right as float32 and wrong as float16: only the case that this run compiles shows it.
    [
      `${decoder}_blockwise`,
      'a kernel of one compute dtype',
      'write(token, row + r, sums[r], up_sums[r]);',
      'write(token, row + r, sums[r] + f32(COMPUTE_DTYPE == 1), up_sums[r]);',
      'M 9 · N 68 · K 64 · fp4 16 · double quant · compute float16',
    ],
  ])('refuses an adapter where %s, %s, computes something else', async (kernel, _, right, wrong, kase) => {
    const adapter = await openGpu(navigator.gpu);
    const compile = adapter.device.createShaderModule.bind(adapter.device);
    adapter.device.createShaderModule = ({ label, code }) => {
      if (label !== kernel) return compile({ code });
      expect(code).toContain(right);
      return compile({ code: code.replace(right, wrong) });
    };
    const nf4 = { quant_type: 'nf4', double_quant: true, compute_dtype: 'float16' };
    const asked = parseSpec({ ...spec, configs: [{ quant_type: 'none' }, nf4] });
    const events: RunEvent[] = [];
    const host = hostOf(undefined, { gpu: () => Promise.resolve(adapter) });
    try {
      await run({ spec: asked }, host, (event) => events.push(event), new AbortController().signal);
    } finally {
      adapter.device.destroy();
    }
    expect(last(events)).toMatchObject({ type: 'failed', failure: { code: 'kernel-mismatch' } });
    const { failure } = last(events) as Extract<RunEvent, { type: 'failed' }>;
    expect(failure.message).toContain(`The kernel ${kernel} is off by `);
    expect(failure.message).toContain(`(${kase})`);
    expect(itemsIn(events)).toEqual([]);
    expect(await host.store.list()).toMatchObject([{ state: 'failed', configs: {} }]);
  });

  it('does not resume with another model', async () => {
    const host = hostOf();
    await eventsOf(host, {
      onEvent: (event, stop) => {
        if (event.type === 'item') stop.abort();
      },
    });
    const [record] = await host.store.list();
    const other = hostOf(randomLlama({ rms_norm_eps: 1e-2 }), { store: host.store });
    const refused = last(await eventsOf(other, { resume: record!.id }));
    expect(refused).toMatchObject({ failure: { code: 'other-model' } });
    expect(await host.store.count(record!.id)).toBe(1);
  });

  it('does not resume what is not stored', async () => {
    expect(last(await eventsOf(hostOf(), { resume: 'gone' }))).toMatchObject({
      failure: { code: 'run-gone' },
    });
  });
});
