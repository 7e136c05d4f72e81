import { expect, test } from 'vitest';
import { LabError, toFailure } from '../errors.ts';
import type { ItemResult } from '../eval/item.ts';
import goldenLinks from '../../test/golden/links.json';
import { assembleResult } from './assemble.ts';
import { parseResult } from './parse_result.ts';
import { specOfQuery } from './permalink.ts';
import { decodeResult, encodeResult } from './result_link.ts';
import type { ExperimentResult } from './result.ts';
import { parseSpec } from './spec.ts';
import type { RunRecord, StoredItem } from './record.ts';

const spec = parseSpec({
  version: 1,
  title: 'Shared',
  model: { source: 'bundled', name: 'nibble-tiny' },
  configs: [{ quant_type: 'none' }, { quant_type: 'nf4' }],
  tasks: [{ task: 'mini_arc', limit: 3 }, { task: 'mini_coqa' }, { task: 'mini_text' }],
  seed: 7,
});
const measured = {
  footprint: {
    parameters: 10,
    quantized_parameters: 8,
    bitsandbytes_bytes: 40,
    actual_bytes: 44,
    bits_per_weight: 32,
  },
  timings: { load_seconds: 1, answer_seconds: 2, tokens: 3, tokens_per_second: 1.5 },
};
const record: RunRecord = {
  id: 'theirs',
  spec,
  state: 'done',
  created: '2026-01-02T03:04:05.000Z',
  environment: {
    app: { version: '0.1.0', commit: 'abc' },
    runtime: 'a browser',
    adapter: {
      vendor: 'v',
      architecture: 'a',
      device: '',
      description: '',
      features: [],
      language_features: [],
      limits: { maxBufferSize: 1, maxStorageBufferBindingSize: 1 },
    },
    kernel_check: {
      checked: 2,
      worst: { kernel: 'add', case: 'one', max_error: 0, bound: 1, worst_ratio: 0 },
    },
    model: {
      name: 'nibble-tiny',
      architecture: 'LlamaForCausalLM',
      parameters: 10,
      files: { a: { bytes: 3 } },
    },
    started: '2026-01-02T03:04:05.000Z',
  },
  configs: { 0: measured, 1: measured },
};
const answers = (config: number): ItemResult[] => [
  {
    ...{ doc_id: 4, output_type: 'multiple_choice', lls: [-1.25 - config, -2 / 3], is_greedy: [true, false] },
    ...{ tokens: [1, 2], pred: 1, pred_norm: 0, pred_bytes: 0, gold: 0, acc: 0, acc_norm: 1, acc_bytes: 1 },
  },
  { doc_id: 1, output_type: 'generate_until', text: 'red\n', pred: 'red', em: 1, f1: 1, tokens: 2 },
  {
    doc_id: 0,
    output_type: 'loglikelihood_rolling',
    loglikelihood: -10 - config,
    tokens: 5,
    words: 4,
    bytes: 20,
  },
];
const items: StoredItem[] = [0, 1].flatMap((config) =>
  answers(config).map((item, i) => ({
    ...{ run_id: 'theirs', config, task: spec.tasks[i]!.task, doc_id: item.doc_id, item },
  })),
);
const result = assembleResult(record, items)!;
const exported = (): ExperimentResult => JSON.parse(JSON.stringify(result)) as ExperimentResult;

test('a result comes back from its file as it was, its scores computed anew', () => {
  const boasting = exported();
  boasting.runs[1]!.tasks[0]!.metrics = { acc: { value: 1, stderr: 0 } };
  const run = parseResult(boasting, 'mine');
  expect(run.result.digest_fits).toBeUndefined();
  expect(run.record.id).toBe('mine');
  expect(run.items).toHaveLength(6);
  expect(run.result.runs[1]!.tasks[0]!.metrics.acc!.value).toBe(0);
  expect(run.result.digest).toBe(result.digest);
});

test('and from a link, every number the same', async () => {
  const text = await encodeResult(result);
  expect(text.length).toBeLessThan(2000);
  const run = await decodeResult(text, 'mine');
  expect(run.result.digest_fits).toBeUndefined();
  expect(run.items[0]!.item).toEqual(answers(0)[0]);
  await expect(decodeResult(text.slice(0, -8), 'mine')).rejects.toThrow('The link is damaged');
  await expect(decodeResult('1.'.padEnd(20_000, 'A'), 'mine')).rejects.toThrow('20000 characters');
});

test('how the files were read comes along, and older results without it still open', async () => {
  const reading = {
    bos_in_front: true,
    warnings: ['not read, because config.json makes no such tensor: 1 tensor, model.extra'],
    version_4_notes: ['transformers 4.57 puts no BOS in front of a text.'],
  };
  const told = exported();
  told.environment.model.reading = reading;
  for (const run of [parseResult(told, 'mine'), await decodeResult(await encodeResult(told), 'mine')]) {
    expect(run.result.environment.model.reading).toEqual(reading);
    expect(run.record.environment?.model.reading).toEqual(reading);
    expect(run.result.digest).toBe(result.digest);
    expect(run.result.digest_fits).toBeUndefined();
  }
  expect(parseResult(exported(), 'mine').result.environment.model.reading).toBeUndefined();
  const wrong = {
    ...told,
    environment: {
      ...told.environment,
      model: { ...told.environment.model, reading: { ...reading, warnings: 'none' } },
    },
  };
  expect(() => parseResult(wrong, 'mine')).toThrow(
    'environment.model.reading.warnings is "none"; allowed: a list of sentences.',
  );
});

test('why a run stopped, or went on without a configuration, comes along', () => {
  const lost = toFailure(new LabError('device-lost', 'The GPU is gone.'));
  const full = toFailure(new LabError('out-of-memory', 'NF4 needs more.'));
  const ended = assembleResult({ ...record, state: 'failed', failure: lost, failures: { 1: full } }, items);
  const { result: back } = parseResult(JSON.parse(JSON.stringify(ended)), 'mine');
  expect(back.failure).toEqual(lost);
  expect(back.failures).toEqual([{ config: spec.configs[1], failure: full }]);
});

test('a changed answer is seen by the digest', () => {
  const changed = exported();
  const [item] = changed.runs[0]!.tasks[1]!.items;
  if (item?.output_type === 'generate_until') item.pred = 'blue';
  expect(parseResult(changed, 'mine').result.digest_fits).toBe(false);
});

test('a choice, a right answer and a verdict that were made up have no effect, and are told', async () => {
  const forged = exported();
  const [item] = forged.runs[1]!.tasks[0]!.items;
  Object.assign(item!, { pred: 0, acc: 1, acc_norm: 0 });
  const [comparison] = forged.comparisons;
  Object.assign(comparison!.means[0]!, { verdict: 'NF4 is best', p: 0 });
  for (const run of [parseResult(forged, 'mine'), await decodeResult(await encodeResult(forged), 'mine')]) {
    expect(run.items.find(({ config }) => config === 1)!.item).toEqual(answers(1)[0]);
    expect(run.result.runs[1]!.tasks[0]!.metrics).toEqual(result.runs[1]!.tasks[0]!.metrics);
    expect(run.result.comparisons).toEqual(result.comparisons);
    expect(run.result.digest).toBe(result.digest);
    expect(run.result.digest_fits).toBe(false);
  }
});

test('a digest that did not fit is remembered by every copy', async () => {
  const {
    record: kept,
    items: rows,
    result: first,
  } = parseResult({ ...exported(), digest: 'made up' }, 'mine');
  expect(first.digest_fits).toBe(false);
  expect(assembleResult(kept, rows)).toMatchObject({ digest: result.digest, digest_fits: false });
  expect((await decodeResult(await encodeResult(first), 'yours')).result.digest_fits).toBe(false);
});

test('what comes from elsewhere is kept as that, and a copy of a copy says so', () => {
  const run = parseResult(exported(), 'mine');
  expect(run.record.foreign).toBe(true);
  const shown = assembleResult(run.record, run.items)!;
  expect(shown.foreign).toBe(true);
  expect(parseResult(exported(), 'mine').result.foreign).toBeUndefined();
  expect(parseResult(JSON.parse(JSON.stringify(shown)), 'theirs').result.foreign).toBe(true);
});

test('a run with holes is not done, whatever its file says', () => {
  const holes = exported();
  expect(parseResult(holes, 'mine').record.state).toBe('done');
  holes.runs[1]!.tasks[0]!.items = [];
  expect(parseResult(holes, 'mine').record.state).toBe('incomplete');
  const missing = exported();
  missing.runs.shift();
  const { record: kept, result: shown } = parseResult(missing, 'mine');
  expect(kept.state).toBe('incomplete');
  expect(shown.comparisons).toEqual([]);
  const fewer = { ...exported(), planned: { mini_arc: 3 } };
  expect(parseResult(fewer, 'mine').record.state).toBe('incomplete');
});

test('names lose what hides or breaks a line', () => {
  const hostile = exported();
  hostile.environment.model.name = 'a\nb\u202ec';
  expect(parseResult(hostile, 'mine').result.environment.model.name).toBe('a b c');
});

test('an item answered twice is refused, in one list or in two', () => {
  const twice = exported();
  const { tasks } = twice.runs[1]!;
  tasks[0]!.items.push(tasks[0]!.items[0]!);
  const sentence = 'NF4 · 64 answers item 4 of mini_arc twice; allowed: one answer an item.';
  expect(() => parseResult(twice, 'mine')).toThrow(sentence);
  const lists = exported();
  lists.runs[1]!.tasks.push(lists.runs[1]!.tasks[0]!);
  expect(() => parseResult(lists, 'mine')).toThrow(sentence);
});

test.each<[string, (r: ExperimentResult) => unknown]>([
  ['version is 2; allowed: 1', (r) => ({ ...r, version: 2 })],
  ['digest is missing', (r) => ({ ...r, digest: undefined })],
  [
    'runs.0.footprint.parameters is "many"',
    (r) => (Object.assign(r.runs[0]!.footprint, { parameters: 'many' }), r),
  ],
  [
    'a config that its spec has not',
    (r) => ({ ...r, runs: [{ ...r.runs[0], config: { quant_type: 'fp4' } }] }),
  ],
  ['a config that its spec has not', (r) => ({ ...r, runs: [r.runs[0], r.runs[0]] })],
  [
    'a config that its spec has not',
    (r) => ({ ...r, failures: [{ config: 1, failure: toFailure(new LabError('cancelled', '')) }] }),
  ],
  ['failure.hint is missing', (r) => ({ ...r, failure: { code: 'cancelled', message: 'no' } })],
  ['as many of everything', (r) => (Object.assign(r.runs[0]!.tasks[0]!.items[0]!, { gold: 9 }), r)],
  ['the task "mmlu"', (r) => (Object.assign(r.runs[0]!.tasks[0]!, { task: 'mmlu' }), r)],
  ['started is "yesterday"', (r) => ((r.environment.started = 'yesterday'), r)],
  ['is an unknown key', (r) => ({ ...r, spec: { ...r.spec, extra: 1 } })],
  ['environment.extra is an unknown key', (r) => (Object.assign(r.environment, { extra: 1 }), r)],
  ['items_sha256 is {}; allowed: 64 hex', (r) => (Object.assign(r.environment, { items_sha256: {} }), r)],
  [
    'source is "ftp"',
    (r) => (Object.assign(r.environment, { data: { mini_arc: [{ file: 'a', source: 'ftp' }] } }), r),
  ],
  [
    'bits_per_weight is 1e+300; allowed: a number from 0 to 64',
    (r) => ((r.runs[0]!.footprint.bits_per_weight = 1e300), r),
  ],
  ['parameters is -1e+308; allowed: a number from 0', (r) => ((r.environment.model.parameters = -1e308), r)],
  [
    'lls.0 is 1e+200; allowed: a number from -1e12',
    (r) => (Object.assign(r.runs[0]!.tasks[0]!.items[0]!, { lls: [1e200, 0] }), r),
  ],
  ['model.name is "aaaa', (r) => ((r.environment.model.name = 'a'.repeat(1001)), r)],
  ['state is "finished"', (r) => ({ ...r, state: 'finished' })],
  ['foreign is false', (r) => ({ ...r, foreign: false })],
  ['planned.mini_arc is -1', (r) => ({ ...r, planned: { mini_arc: -1 } })],
])('refused: %s', (message, change) => {
  expect(() => parseResult(change(exported()), 'mine')).toThrow(message);
});

test('answers to different questions do not make a result', () => {
  const mixed = exported();
  Object.assign(mixed.runs[1]!.tasks[0]!.items[0]!, { gold: 1 });
  expect(() => parseResult(mixed, 'mine')).toThrow('doc_id 4');
});

test('links that were sent once open for ever', async () => {
  const { spec: specLink, result: resultLink } = goldenLinks;
  expect(await specOfQuery(`spec=${specLink}`)).toEqual(spec);
  const run = await decodeResult(resultLink, 'mine');
  expect(run.result.digest_fits).toBeUndefined();
  expect(run.record.spec).toEqual(spec);
  expect(run.result.runs[1]!.tasks[2]!.metrics.word_perplexity!.value).toBeCloseTo(Math.exp(11 / 4), 12);
});
