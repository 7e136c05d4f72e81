import { describe, expect, it } from 'vitest';
import fixture from '../../../test/fixtures/eval/ag_news.csv?raw';
import golden from '../../../test/golden/eval.json';
import { classScores, macroScores } from '../stats/classes.ts';
import type { ClassifyItem } from '../item.ts';
import { loadDocs } from './load.ts';
import { memoryFiles } from '../../../test/fixtures/memory_files.ts';
import { aggregate } from '../stats/metric.ts';
import { score } from '../score.ts';
import { scriptedModel } from '../../../test/fixtures/scripted_model.ts';
import { TASKS } from './tasks.ts';

const read = (text: string) => loadDocs(TASKS.ag_news, memoryFiles({ 'AGNews/test.csv': text }));

const item = (gold: number, pred: number): ClassifyItem => ({
  doc_id: 0,
  output_type: 'classify',
  logits: [],
  pred,
  gold,
  acc: Number(pred === gold),
});

describe('AG News', () => {
  it('is title and description, in one of four classes', async () => {
    const docs = await read(fixture);
    expect(docs).toHaveLength(10);
    expect(docs[0]).toEqual({
      output_type: 'classify',
      text: 'Harbour Fees Rise for Third Year The port will charge four percent more from May, which shippers call "a tax on waiting".',
      labels: ['World', 'Sports', 'Business', 'Sci/Tech'],
      gold: 2,
      max_length: 128,
    });
    // The data set's own way to write a line end; nothing is undone, as nothing is for training.
    expect(docs[5]).toMatchObject({ text: expect.stringContaining('dearer\\and') as string });
  });

  it('takes the header that some copies have', async () => {
    expect(await read(`class,title,description\n${fixture}`)).toEqual(await read(fixture));
  });

  it.each([
    [
      'a class of none of the four',
      '5,"A","B"\n',
      'class is "5"; allowed: World, Sports, Business, Sci/Tech, 1, 2, 3, 4',
    ],
    ['no description', '1,"A",""\n', 'description is ""; allowed: a text that is not empty'],
  ])('refuses %s', async (_, row, message) => {
    await expect(read(`1,"A","B"\n${row}`)).rejects.toMatchObject({
      code: 'bad-data',
      message: `AGNews/test.csv, line 2: ${message}`,
    });
  });

  it('needs a classifier with as many classes', async () => {
    const [doc] = await read(fixture);
    const model = scriptedModel();
    const { loglikelihood, loglikelihoodRolling, generateUntil } = model;
    await expect(
      score(doc!, 0, { loglikelihood, loglikelihoodRolling, generateUntil }),
    ).rejects.toMatchObject({
      code: 'unsupported-architecture',
      message: expect.stringContaining('this model predicts words') as string,
    });
    await expect(score(doc!, 0, { ...model, classify: () => Promise.resolve([1, 2]) })).rejects.toMatchObject(
      {
        code: 'unsupported-architecture',
        message: expect.stringContaining('this model tells 2 apart') as string,
      },
    );
    await expect(
      score(doc!, 4, { ...model, classify: () => Promise.resolve([1, NaN, 2, 3]) }),
    ).rejects.toMatchObject({ message: 'doc_id 4: the logit is NaN; allowed: finite' });
  });

  it('answers the first of equal logits', async () => {
    const [doc] = await read(fixture);
    const model = { ...scriptedModel(), classify: () => Promise.resolve([1, 7, 7, -2]) };
    expect(await score(doc!, 0, model)).toEqual({
      doc_id: 0,
      output_type: 'classify',
      logits: [1, 7, 7, -2],
      pred: 1,
      gold: 2,
      acc: 0,
    });
  });
});

describe('scores of classes', () => {
  it.each(golden.classes)(
    "are scikit-learn's: gold $golds answered $preds",
    ({ golds, preds, classes, values }) => {
      const items = golds.map((gold, i) => item(gold, preds[i]!));
      const ours = classScores(items);
      expect(ours.map(({ label, support }) => ({ label, support }))).toEqual(
        classes.map(({ label, support }) => ({ label, support })),
      );
      for (const [i, { precision, recall, f1 }] of classes.entries()) {
        expect(ours[i]!.precision).toBeCloseTo(precision, 14);
        expect(ours[i]!.recall).toBeCloseTo(recall, 14);
        expect(ours[i]!.f1).toBeCloseTo(f1, 14);
      }
      const macro = macroScores(ours);
      expect(macro.precision).toBeCloseTo(values.macro_precision, 14);
      expect(macro.recall).toBeCloseTo(values.macro_recall, 14);
      expect(macro.f1).toBeCloseTo(values.macro_f1, 14);
    },
  );

  it('make macro recall the accuracy where classes are of one size', () => {
    const items = [0, 1, 2, 3].flatMap((gold) => [0, 1, 1, 3, gold].map((pred) => item(gold, pred)));
    const { acc, macro_recall } = aggregate(['acc', 'macro_recall'], items);
    expect(macro_recall!.value).toBeCloseTo(acc!.value, 14);
    expect(macro_recall!.stderr).toBeNull();
  });

  it('are a row a class, its n the texts of it', () => {
    const rows = TASKS.ag_news.groups!([item(0, 0), item(0, 3), item(3, 3)]);
    expect(rows.map(({ name, n }) => [name, n])).toEqual([
      ['World', 2],
      ['Sci/Tech', 1],
    ]);
    expect(rows[0]!.metrics.recall).toEqual({ value: 0.5, stderr: null });
    expect(rows[1]!.metrics.precision).toEqual({ value: 0.5, stderr: null });
  });
});
