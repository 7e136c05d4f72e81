import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataFolder } from '../../../test/fixtures/data_folder.ts';
import type { LanguageModel } from '../../model/language_model.ts';
import { memorySource } from '../../tensor/source.ts';
import { type Doc, type MultipleChoiceDoc, type RollingDoc, describe as describeDoc } from '../doc.ts';
import agNewsFixture from '../../../test/fixtures/eval/ag_news.csv?raw';
import arcFixture from '../../../test/fixtures/eval/arc.jsonl?raw';
import coqaFixture from '../../../test/fixtures/eval/coqa.json?raw';
import domainsFixture from '../../../test/fixtures/eval/coqa_domains.json?raw';
import wikiFixture from '../../../test/fixtures/eval/wiki.raw?raw';
import golden from '../../../test/golden/eval.json';
import type { ItemResult } from '../item.ts';
import { loadDocs } from './load.ts';
import { memoryFiles } from '../../../test/fixtures/memory_files.ts';
import { aggregate } from '../stats/metric.ts';
import { score } from '../score.ts';
import { scriptedModel } from '../../../test/fixtures/scripted_model.ts';
import { wilson } from '../stats/stats.ts';
import type { DataFiles, Task } from './task.ts';
import { TASKS } from './tasks.ts';

/** Asks every doc in order, as the harness did, and gives the items and a digest of all that was asked. */
async function run(task: Task, data: DataFiles, num_fewshot = 0, limit = Infinity) {
  const docs = (await loadDocs(task, data, { num_fewshot })).slice(0, limit);
  const model = scriptedModel();
  const items: ItemResult[] = [];
  for (const [doc_id, doc] of docs.entries()) items.push(await score(doc, doc_id, model));
  const asked_sha256 = createHash('sha256').update(model.asked.join('')).digest('hex');
  return { docs, items, asked_sha256, metrics: aggregate(task.metrics, items) };
}

const onDisk = async (path: string) => memorySource(path, await readFile(path));

interface HarnessRun {
  n: number;
  values: Record<string, number | string>;
  asked_sha256: string;
  sum_of_lls?: number;
}

/** Everything asked is the same byte for byte, the scores are equal, and so are the aggregates to the last digits. */
function expectAsHarness(ours: Awaited<ReturnType<typeof run>>, task: Task, harness: HarnessRun) {
  expect(ours.items).toHaveLength(harness.n);
  expect(ours.asked_sha256).toBe(harness.asked_sha256);
  if (harness.sum_of_lls !== undefined) {
    const lls = ours.items.flatMap((item) => (item.output_type === 'multiple_choice' ? item.lls : []));
    expect(lls.reduce((sum, ll) => sum + ll, 0)).toBe(harness.sum_of_lls);
  }
  for (const metric of task.metrics) {
    const stderr = harness.values[`${metric}_stderr`];
    if (metric === 'token_perplexity') continue; // The harness has none.
    expect(ours.metrics[metric]!.value / (harness.values[metric] as number)).toBeCloseTo(1, 12);
    if (typeof stderr === 'number') expect(ours.metrics[metric]!.stderr).toBeCloseTo(stderr, 14);
    else expect(ours.metrics[metric]!.stderr).toBeNull();
  }
}

describe('whole tasks, asked of one scripted model here and by lm-evaluation-harness', () => {
  const arc = memoryFiles({
    'mini_arc.jsonl': arcFixture,
    'ARC/ARC-Easy-train.jsonl': arcFixture,
    'ARC/ARC-Easy-test.jsonl': arcFixture,
  });
  const coqa = memoryFiles({ 'coqa-train-v1.0.json': coqaFixture, 'coqa-dev-v1.0.json': coqaFixture });

  it('arc_easy, 0-shot and 2-shot from the train split', async () => {
    expectAsHarness(await run(TASKS.arc_easy, arc), TASKS.arc_easy, golden.arc[0]);
    expectAsHarness(await run(TASKS.arc_easy, arc, 2), TASKS.arc_easy, golden.arc[2]);
  });

  it('mini_arc, 3-shot from its own docs', async () => {
    expectAsHarness(await run(TASKS.mini_arc, arc, 3), TASKS.mini_arc, golden.arc_own_pool);
  });

  it.each([0, 2] as const)('coqa, %s-shot', async (num_fewshot) => {
    const ours = await run(TASKS.coqa, coqa, num_fewshot);
    expectAsHarness(ours, TASKS.coqa, golden.coqa[num_fewshot]);
    expect(ours.items).toMatchObject(golden.coqa[num_fewshot].items);
  });

  it("coqa_official, by the official script's em and f1 of every turn and its table of domains", async () => {
    const data = memoryFiles({ 'coqa-dev-v1.0.json': domainsFixture });
    const { items, metrics } = await run(TASKS.coqa_official, data);
    const { domains, turns } = golden.coqa_official;
    expect(items).toMatchObject(turns);
    const rows = [...TASKS.coqa_official.groups!(items), { name: 'overall', n: items.length, metrics }];
    const names = {
      mctest: 'children_stories',
      gutenberg: 'literature',
      race: 'mid-high_school',
      cnn: 'news',
    };
    expect(rows.map(({ name }) => names[name as keyof typeof names] ?? name).sort()).toEqual(
      Object.keys(domains).sort(),
    );
    for (const { name, n, metrics } of rows) {
      const theirs = domains[(names[name as keyof typeof names] ?? name) as keyof typeof domains];
      expect(n).toBe(theirs.turns);
      // The script rounds to a tenth of a point.
      expect(Math.abs(100 * metrics.em!.value - theirs.em)).toBeLessThan(0.0501);
      expect(Math.abs(100 * metrics.f1!.value - theirs.f1)).toBeLessThan(0.0501);
    }
  });

  it('counts a common answer more often than the harness does', async () => {
    const turns = (...texts: string[]) => texts.map((input_text, i) => ({ input_text, turn_id: i + 1 }));
    const conversation = {
      ...{ id: 'x', source: 'cnn', story: 'Bo has a map.', questions: turns('What has Bo?') },
      answers: turns('a map'),
      additional_answers: { 0: turns('A map'), 1: turns('a map'), 2: turns('paper') },
    };
    const data = memoryFiles({ 'coqa-dev-v1.0.json': JSON.stringify({ data: [conversation] }) });
    const model = {
      ...scriptedModel(),
      generateUntil: () => Promise.resolve({ text: ' a map\n', tokens: 3 }),
    };
    const [theirs] = await loadDocs(TASKS.coqa, data);
    const [official] = await loadDocs(TASKS.coqa_official, data);
    // Of map and paper each is left out once; of three maps and paper a map is always left.
    expect(await score(theirs!, 0, model)).toMatchObject({ em: 0.5 });
    expect(await score(official!, 0, model)).toMatchObject({ em: 1, group: 'cnn', cluster: 'x' });
  });

  it('ag_news, scored by scikit-learn', async () => {
    const data = memoryFiles({ 'AGNews/test.csv': agNewsFixture });
    expectAsHarness(await run(TASKS.ag_news, data), TASKS.ag_news, golden.ag_news);
  });

  it('wikitext', async () => {
    const data = memoryFiles({ 'wikitext/wiki.test.raw': wikiFixture });
    const ours = await run(TASKS.wikitext, data);
    expectAsHarness(ours, TASKS.wikitext, golden.wikitext);
    const docs = ours.docs as RollingDoc[];
    expect(docs.reduce((sum, doc) => sum + doc.words, 0)).toBe(golden.wikitext.words);
    expect(docs.reduce((sum, doc) => sum + doc.bytes, 0)).toBe(golden.wikitext.bytes);
  });
});

describe('whole tasks by hand', () => {
  it('a model of 256 equally likely bytes has 8 bits per byte', async () => {
    const model: LanguageModel = {
      loglikelihood: () => Promise.reject(new Error('not asked')),
      generateUntil: () => Promise.reject(new Error('not asked')),
      loglikelihoodRolling(text) {
        const tokens = new TextEncoder().encode(text).length;
        return Promise.resolve({ logprob: -tokens * Math.log(256), is_greedy: false, tokens });
      },
    };
    const lines = ['naïve', 'two words'].map((text) => JSON.stringify({ text })).join('\n');
    const docs = await loadDocs(TASKS.mini_text, memoryFiles({ 'mini_text.jsonl': lines }));
    const items = await Promise.all(docs.map((doc, doc_id) => score(doc, doc_id, model)));
    const metrics = aggregate(TASKS.mini_text.metrics, items);
    expect(metrics.bits_per_byte!.value).toBeCloseTo(8, 12);
    expect(metrics.byte_perplexity!.value).toBeCloseTo(256, 9);
    expect(metrics.token_perplexity!.value).toBeCloseTo(256, 9);
    // Fifteen bytes in three words: five bytes a word, 256^5.
    expect(metrics.word_perplexity!.value / 256 ** 5).toBeCloseTo(1, 12);
    expect(metrics.word_perplexity!.stderr).toBeNull();
  });

  it('a model that counted letters is fooled by length until acc_norm divides it out', async () => {
    // Every letter costs ln 26 but those of the right answer, which it has seen: ln 2 each.
    const model: LanguageModel = {
      loglikelihood: (_, continuations) =>
        Promise.resolve(
          continuations.map((text) => {
            const letters = text.trim().length;
            const logprob = -letters * Math.log(text.includes('photosynthesis') ? 2 : 26);
            return { logprob, is_greedy: false, tokens: letters };
          }),
        ),
      generateUntil: () => Promise.reject(new Error('not asked')),
      loglikelihoodRolling: () => Promise.reject(new Error('not asked')),
    };
    const line = JSON.stringify({
      question: 'How do plants make food?',
      choices: { text: ['by photosynthesis', 'no'], label: ['1', '2'] },
      answerKey: '1',
    });
    const docs = await loadDocs(TASKS.mini_arc, memoryFiles({ 'mini_arc.jsonl': line }));
    const item = await score(docs[0]!, 0, model);
    expect(item).toMatchObject({ pred: 1, acc: 0, pred_norm: 0, acc_norm: 1, acc_bytes: 1 });
    expect(aggregate(TASKS.mini_arc.metrics, [item])).toEqual({
      acc: { value: 0, stderr: null, ci: wilson(0, 1) },
      acc_norm: { value: 1, stderr: null, ci: wilson(1, 1) },
      acc_bytes: { value: 1, stderr: null, ci: wilson(1, 1) },
    });
    expect(aggregate(TASKS.mini_arc.metrics, [])).toEqual({});
  });

  it('shows a doc in words', async () => {
    const data = memoryFiles({ 'mini_arc.jsonl': arcFixture, 'mini_coqa.json': coqaFixture });
    expect(describeDoc((await loadDocs(TASKS.mini_arc, data))[2]!)).toEqual({
      passage: '',
      question: 'Which colour has a ripe banana?',
      choices: ['blue', 'yellow', 'violet'],
      gold: ['yellow'],
    });
    expect(describeDoc((await loadDocs(TASKS.mini_coqa, data))[1]!)).toEqual({
      passage: 'Bo has two maps.',
      question: 'How many maps has Bo?',
      choices: [],
      gold: ['Two.'],
    });
  });
});

describe('the bundled files', () => {
  const bundled: DataFiles = {
    where: 'public/tasks',
    open: (path) => onDisk(join(import.meta.dirname, '../../../public/tasks', path)),
  };

  it.each([TASKS.mini_arc, TASKS.mini_coqa, TASKS.mini_text])('$name reads and scores', async (task) => {
    const { items, metrics } = await run(task, bundled, 0, 10);
    expect(items).toHaveLength(10);
    expect(Object.keys(metrics)).toEqual(task.metrics);
  });
});

const folder = dataFolder();

describe.skipIf(folder === undefined)(
  'real questions (needs ARC/, MMLU/, AGNews/ and wikitext/ in $NIBBLE_DATA)',
  () => {
    const data: DataFiles = {
      where: folder ?? '',
      open: (path) => onDisk(join(folder!, path)).catch(() => undefined),
    };
    const { real } = golden;
    const shape = (docs: readonly Doc[]) => {
      const counts: Record<number, number> = {};
      for (const { choices } of docs as MultipleChoiceDoc[]) {
        counts[choices.length] = (counts[choices.length] ?? 0) + 1;
      }
      return counts;
    };

    it('ARC-Easy: 2376 docs, prompts and scores as the harness', async () => {
      const ours = await run(TASKS.arc_easy, data);
      expect(shape(ours.docs)).toEqual({ 3: 7, 4: 2365, 5: 4 });
      expectAsHarness(ours, TASKS.arc_easy, real.arc_easy_0);
    });

    it('ARC-Easy with 5 examples for each of 2376 docs', async () => {
      expectAsHarness(await run(TASKS.arc_easy, data, 5), TASKS.arc_easy, real.arc_easy_5);
    });

    it('ARC-Challenge: 1172 docs, and with 25 examples', async () => {
      const ours = await run(TASKS.arc_challenge, data);
      expect(shape(ours.docs)).toEqual({ 3: 4, 4: 1165, 5: 3 });
      expectAsHarness(ours, TASKS.arc_challenge, real.arc_challenge_0);
      expectAsHarness(
        await run(TASKS.arc_challenge, data, 25, 60),
        TASKS.arc_challenge,
        real.arc_challenge_25,
      );
    });

    it.each([0, 5] as const)('MMLU, %s-shot: 14,042 questions of 57 subjects', async (num_fewshot) => {
      const ours = await run(TASKS.mmlu, data, num_fewshot);
      const theirs = real[`mmlu_${num_fewshot}`];
      expectAsHarness(ours, TASKS.mmlu, theirs);
      const rows = TASKS.mmlu.groups!(ours.items);
      expect(rows.map(({ name }) => name)).toEqual(Object.keys(theirs.subjects));
      for (const { name, metrics } of rows) {
        const { acc, acc_stderr } = theirs.subjects[name as keyof typeof theirs.subjects];
        expect(metrics.acc!.value).toBeCloseTo(acc, 14);
        expect(metrics.acc!.stderr).toBeCloseTo(acc_stderr, 14);
      }
    });

    it('AG News: 7600 texts, 1900 a class', async () => {
      const ours = await run(TASKS.ag_news, data);
      expectAsHarness(ours, TASKS.ag_news, real.ag_news);
      const rows = TASKS.ag_news.groups!(ours.items);
      expect(rows.map(({ n }) => n)).toEqual([1900, 1900, 1900, 1900]);
      for (const [i, { precision, recall, f1 }] of real.ag_news.classes.entries()) {
        expect(rows[i]!.metrics.precision!.value).toBeCloseTo(precision, 14);
        expect(rows[i]!.metrics.recall!.value).toBeCloseTo(recall, 14);
        expect(rows[i]!.metrics.f1!.value).toBeCloseTo(f1, 14);
      }
    });

    it('WikiText-2: 62 pages, 241,335 words, 1,290,527 bytes, every page as the harness detokenizes it', async () => {
      const ours = await run(TASKS.wikitext, data);
      const docs = ours.docs as RollingDoc[];
      expect(docs).toHaveLength(62);
      expect(docs.reduce((sum, doc) => sum + doc.words, 0)).toBe(241_335);
      expect(docs.reduce((sum, doc) => sum + doc.bytes, 0)).toBe(1_290_527);
      expectAsHarness(ours, TASKS.wikitext, real.wikitext);
    });
  },
);
