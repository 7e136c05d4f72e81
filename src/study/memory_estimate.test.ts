import { expect, it } from 'vitest';
import llama from '../../public/configs/Llama-3.2-1B.json';
import { parseConfig } from '../model/config.ts';
import { configName, type QuantConfig } from '../quant/config.ts';
import { memoryNeeds, withoutRoom } from './memory_estimate.ts';
import type { RunRecord } from './record.ts';
import { parseSpec } from './spec.ts';

const shape = parseConfig(llama);
const spec = parseSpec({
  version: 1,
  title: 'a large model',
  model: { source: 'hub', repo: 'a/b', revision: 'main' },
  configs: [{ quant_type: 'none' }, { quant_type: 'int8' }, { quant_type: 'nf4' }],
  tasks: [
    { task: 'arc_easy', limit: 100 },
    { task: 'wikitext', limit: 3 },
  ],
  seed: 1,
});
const limitsOf = (bytes: number) => ({ maxBufferSize: bytes, maxStorageBufferBindingSize: bytes });
const limits = limitsOf(2 ** 27);

/** A run in which some configurations found no room and others answered. */
const runOf = (
  created: string,
  { full = [], ran = [] }: Partial<Record<'full' | 'ran', number[]>>,
): RunRecord =>
  ({
    ...{ id: created, state: 'incomplete', created, spec },
    configs: Object.fromEntries(ran.map((i) => [i, { timings: { items: 3 } }])),
    failures: Object.fromEntries(full.map((i) => [i, { code: 'out-of-memory', message: '', hint: '' }])),
  }) as unknown as RunRecord;
const asked = (past: RunRecord[], configs: QuantConfig[] = spec.configs): ReturnType<typeof withoutRoom> =>
  withoutRoom({ ...spec, configs }, shape, { limits, past });

it('knows nothing of the memory in all before a run found none', () => {
  expect(asked([])).toEqual([]);
  expect(asked([runOf('2026-11-21T13:58:00', { ran: [0, 1, 2] })])).toEqual([]);
});

it('says which configurations need what a run found no room for, and offers one that needs less', () => {
  const [needs] = memoryNeeds(spec, shape);
  const [first, ...others] = asked([runOf('2026-11-21T13:58:00', { full: [0] })]);
  expect(others).toEqual([]);
  expect(first!.sentence).toBe(
    'float32 takes about 3.2 GB of GPU memory; your run of 21 Nov 2026, 13:58 found no room for 3.2 GB.',
  );
  expect(first!.instead!.device).toBeLessThan(needs!.device);
  // NF4 · 64 is asked for already.
  expect(configName(first!.instead!.config)).toBe('FP4 · 64');
  // All that needs as much or more.
  const full = asked([runOf('2026-11-21T13:58:00', { full: [1] })]);
  expect(full.map(({ config }) => config)).toEqual([0, 1]);
});

it('offers what is nearest to what ran already', () => {
  const past = [runOf('2026-11-21T13:58:00', { full: [0], ran: [1] })];
  const [first] = asked(past, [spec.configs[0]!, spec.configs[2]!]);
  expect(configName(first!.instead!.config)).toMatch(/8/);
});

it('forgets a full memory once as much has run', () => {
  const past = [runOf('2026-11-22T13:58:00', { ran: [0] }), runOf('2026-11-21T13:58:00', { full: [0] })];
  expect(asked(past)).toEqual([]);
});

it('says what an adapter does not allow in any format', () => {
  const over = withoutRoom(spec, shape, { limits: limitsOf(2 ** 22), past: [] });
  expect(over.map(({ config, instead }) => [config, instead])).toEqual([0, 1, 2].map((i) => [i, undefined]));
  expect(over[0]!.sentence).toMatch(
    /^float32 needs a buffer of 16\.0 MiB for the keys of a layer .*; this adapter allows 4\.0 MiB, too little for this model\.$/,
  );
});
