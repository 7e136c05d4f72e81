import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import goldenLinks from '../../test/golden/links.json';
import { scriptedModel } from '../../test/fixtures/scripted_model.ts';
import type { ItemResult } from '../eval/item.ts';
import { score } from '../eval/score.ts';
import { planItems } from '../lab/plan.ts';
import type { ExperimentResult } from '../study/result.ts';
import { decodeResult } from '../study/result_link.ts';
import { parseSpec } from '../study/spec.ts';
import { compareCommand } from './compare.ts';
import { exportCommand } from './export.ts';
import { nodeHost } from './node_host.ts';

const GOLDEN = join(import.meta.dirname, '../../test/golden/samples/scripted');
const FIXTURES = join(import.meta.dirname, '../../test/fixtures/eval');
const DATE = '2026-01-01T00-00-00.000000';
const TASKS = ['arc_easy', 'coqa', 'wikitext'] as const;

let folder: string;
let data: string;
let ours: ExperimentResult;
let result: string;
const printed = vi.spyOn(console, 'log');

/** The same questions, asked of the same scripted model as tools/make_samples_goldens.py asks. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nibble-samples-'));
  data = join(folder, 'data');
  for (const [from, to] of [
    ['arc.jsonl', 'ARC/ARC-Easy-test.jsonl'],
    ['coqa_domains.json', 'coqa-dev-v1.0.json'],
    ['wiki.raw', 'wikitext/wiki.test.raw'],
  ] as const) {
    await mkdir(dirname(join(data, to)), { recursive: true });
    await cp(join(FIXTURES, from), join(data, to));
  }
  const base = (await decodeResult(goldenLinks.result, 'golden')).result;
  const spec = parseSpec({
    version: 1,
    model: base.spec.model,
    configs: [{ quant_type: 'none' }],
    tasks: TASKS.map((task) => ({ task })),
    seed: 7,
  });
  const plan = await planItems(spec, nodeHost({ data }).data);
  const tasks = [];
  for (const task of TASKS) {
    const model = scriptedModel();
    const items: ItemResult[] = [];
    const asked = plan.items.filter((item) => item.task === task).sort((a, b) => a.doc_id - b.doc_id);
    for (const { doc, doc_id } of asked) items.push(await score(doc, doc_id, model));
    tasks.push({ task, n: items.length, metrics: {}, items });
  }
  const environment = { ...base.environment, items_sha256: plan.items_sha256, data: plan.data };
  const run = { ...base.runs[0]!, config: spec.configs[0]!, tasks };
  const planned = Object.fromEntries(tasks.map(({ task, n }) => [task, n]));
  ours = { ...base, spec, environment, runs: [run], comparisons: [], planned };
  result = await saved('result.json', ours);
});
beforeEach(() => void printed.mockReset().mockImplementation(() => undefined));
afterAll(async () => {
  printed.mockRestore();
  await rm(folder, { recursive: true });
});

async function saved(name: string, value: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(value));
  return path;
}

const linesOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A file of the harness with one line changed. */
async function changed(task: string, index: number, change: (line: Record<string, unknown>) => void) {
  const lines = await linesOf(join(GOLDEN, `samples_${task}_${DATE}.jsonl`));
  change(lines[index]!);
  const path = join(folder, `samples_${task}_${DATE}.jsonl`);
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

const text = () => printed.mock.calls.map(([line]) => String(line)).join('\n');

test('a run agrees with the samples that the harness wrote of the same model', async () => {
  expect(await compareCommand([result, GOLDEN, '--data', data])).toBe(0);
  expect(text()).toContain(
    `${GOLDEN} against float32 on arc_easy: 8 items with the same prompts, log-likelihoods differ by 0 nats at most; they agree on every one.`,
  );
  expect(text()).toContain(`${GOLDEN} agrees with float32 on every answer.`);
  expect(text()).toContain('acc_norm: 0 gained, 0 lost (exact McNemar test, p = 1.000)');
  expect(text()).toContain('on coqa: 8 items with the same prompts; they agree on every one.');
  expect(text()).toContain('is not distinguishable from float32 on 3 texts: word perplexity × 1.000');
});

test('what is written is what the harness writes, but for the words of a doc', async () => {
  const out = join(folder, 'out');
  expect(await exportCommand([result, '--samples', out, '--data', data])).toBe(0);
  const own = join(out, 'float32');
  const files = await readdir(own);
  expect(files).toHaveLength(TASKS.length);
  for (const task of TASKS) {
    const golden = await linesOf(join(GOLDEN, `samples_${task}_${DATE}.jsonl`));
    const written = await linesOf(
      join(
        own,
        files.find((name) => name.startsWith(`samples_${task}_`))!,
      ),
    );
    expect(written).toHaveLength(golden.length);
    for (const [i, line] of golden.entries()) {
      const rest = Object.fromEntries(
        Object.entries(line).filter(([key]) => !['doc', 'doc_hash', 'metrics'].includes(key)),
      );
      expect(written[i]).toMatchObject(rest);
      // This lab has scores that these task files do not ask the harness for.
      expect(written[i]!['metrics']).toEqual(expect.arrayContaining(line['metrics'] as string[]));
    }
  }
  printed.mockClear();
  expect(await compareCommand([own, GOLDEN])).toBe(0);
});

test('a flip is counted, tested and told, and the status is 1', async () => {
  const path = await changed('arc_easy', 0, (line) => {
    const answers = line['filtered_resps'] as string[][];
    answers[2]![0] = '-1.5';
    Object.assign(line, { acc: 1, acc_norm: 1 });
  });
  expect(await compareCommand([result, path, '--data', data, '--json'])).toBe(1);
  const { comparisons } = JSON.parse(text()) as { comparisons: { [key: string]: unknown }[] };
  expect(comparisons).toMatchObject([
    {
      ...{ task: 'arc_easy', n: 8, worst: 22, agrees: false, first: { doc_id: 0 } },
      paired: { means: [{ metric: 'acc', gained: 1, lost: 0, p: 1 }, { metric: 'acc_norm' }] },
    },
  ]);
});

test.each<[string, string, number, (line: Record<string, unknown>) => void]>([
  ['doc_id 2: float32 has answered it and', 'arc_easy', 2, (line) => (line['doc_id'] = 99)],
  [
    'doc_id 1: the choices are',
    'arc_easy',
    1,
    (line) => ((line['arguments'] as Record<string, { arg_1: string }>)['gen_args_0']!.arg_1 = ' other'),
  ],
  ['line 1: prompt_hash is', 'wikitext', 0, (line) => (line['prompt_hash'] = 'ab')],
  ['line 2: doc_id is 0; allowed: each once', 'coqa', 1, (line) => (line['doc_id'] = 0)],
  ['line 1: acc is 1; allowed: 0, by its own', 'arc_easy', 0, (line) => (line['acc'] = 1)],
  [
    'filtered_resps[0] is "nan"; allowed: a finite number',
    'wikitext',
    0,
    (line) => (line['filtered_resps'] = ['nan']),
  ],
])('samples are refused: %s', async (sentence, task, index, change) => {
  const path = await changed(task, index, change);
  await expect(compareCommand([result, path, '--data', data])).rejects.toThrow(sentence);
});

test('another prompt is refused by its hash, other data by the hash of all prompts', async () => {
  const file = join(data, 'ARC/ARC-Easy-test.jsonl');
  const before = await readFile(file, 'utf8');
  await writeFile(file, before.replace('Which of these is alive?', 'Which of these is living?'));
  try {
    await expect(compareCommand([result, GOLDEN, '--data', data])).rejects.toThrow(/has asked other prompts/);
    const environment = { ...ours.environment, items_sha256: undefined };
    const older = await saved('older.json', { ...ours, environment });
    await expect(compareCommand([older, GOLDEN, '--data', data])).rejects.toThrow(
      /^arc_easy, doc_id 0: prompt_hash is 0bea76f7604c… in .* and [0-9a-f]{12}… in float32; allowed/,
    );
  } finally {
    await writeFile(file, before);
  }
});
