import { describe, expect, it } from 'vitest';
import type { LanguageModel } from '../model/language_model.ts';
import type { GenerateDoc, MultipleChoiceDoc } from './doc.ts';
import golden from '../../test/golden/eval.json';
import { score } from './score.ts';

/** A model that gives the numbers and the text it is told to. */
function told(lls: readonly number[], text = ''): LanguageModel {
  return {
    loglikelihood: () =>
      Promise.resolve(lls.map((logprob, i) => ({ logprob, is_greedy: i === 0, tokens: i + 1 }))),
    loglikelihoodRolling: () => Promise.resolve({ logprob: lls[0]!, is_greedy: false, tokens: 9 }),
    generateUntil: () => Promise.resolve({ text, tokens: 4 }),
  };
}

const choiceDoc = (choices: string[], gold: number): MultipleChoiceDoc => ({
  output_type: 'multiple_choice',
  question: '?',
  context: 'Question: ?\nAnswer:',
  choices,
  gold,
});

describe('multiple choice', () => {
  it.each(golden.multiple_choice)(
    'as the harness: $name',
    async ({ choices, lls, gold, acc, acc_norm, acc_bytes }) => {
      const item = await score(choiceDoc(choices, gold), 3, told(lls));
      expect(item).toMatchObject({ doc_id: 3, lls, gold, acc, acc_norm, acc_bytes });
    },
  );

  it('writes down every choice as plain JSON', async () => {
    const item = await score(choiceDoc(['one', 'two', 'six'], 2), 0, told([-2, -1.5, -1.5]));
    expect(JSON.parse(JSON.stringify(item))).toEqual({
      doc_id: 0,
      output_type: 'multiple_choice',
      lls: [-2, -1.5, -1.5],
      is_greedy: [true, false, false],
      tokens: [1, 2, 3],
      pred: 1,
      pred_norm: 1,
      pred_bytes: 1,
      gold: 2,
      acc: 0,
      acc_norm: 0,
      acc_bytes: 0,
    });
  });

  it('asks for a space and the choice after the context', async () => {
    const asked: unknown[] = [];
    const model = told([-1, -2]);
    await score(choiceDoc(['one', ' two'], 0), 0, {
      ...model,
      loglikelihood(context, continuations) {
        asked.push(context, continuations);
        return model.loglikelihood(context, continuations);
      },
    });
    expect(asked).toEqual(['Question: ?\nAnswer:', [' one', '  two']]);
  });

  it.each([NaN, -Infinity])('refuses %s instead of answering the first choice', async (bad) => {
    await expect(score(choiceDoc(['a', 'b'], 0), 17, told([bad, -1]))).rejects.toMatchObject({
      code: 'non-finite-score',
      message: `doc_id 17: the log-likelihood is ${bad}; allowed: finite`,
    });
  });
});

describe('generated answers', () => {
  const doc: GenerateDoc = {
    output_type: 'generate_until',
    passage: 'Ada has a hen.',
    question: 'What has Ada?',
    context: 'Ada has a hen.\n\nQ: What has Ada?\n\nA:',
    refs: ['a hen'],
    until: ['\nQ:'],
    max_gen_toks: 256,
  };

  it.each([
    [' A hen.', 'A hen.', 1],
    ['\n\n  hen  \nthe rest is not read', 'hen  ', 1],
    ['\u0085hen\rcock\n', 'hen\rcock', 0],
    ['', '', 0],
  ])('of %j the first line after the white space counts', async (text, pred, em) => {
    const item = await score(doc, 5, told([], text));
    expect(item).toMatchObject({ doc_id: 5, output_type: 'generate_until', text, pred, em, tokens: 4 });
  });

  it('gives the model the stop and the room the task has', async () => {
    let asked: unknown;
    const model = told([], ' a hen');
    await score(doc, 0, {
      ...model,
      generateUntil(context, options) {
        asked = [context, options];
        return model.generateUntil(context, options);
      },
    });
    expect(asked).toEqual([doc.context, { until: ['\nQ:'], max_gen_toks: 256 }]);
  });
});

describe('rolling text', () => {
  const doc = { output_type: 'loglikelihood_rolling', text: 'a b', words: 4, bytes: 5 } as const;

  it('keeps the counts of the original', async () => {
    expect(await score(doc, 1, told([-7.5]))).toEqual({
      doc_id: 1,
      output_type: 'loglikelihood_rolling',
      loglikelihood: -7.5,
      tokens: 9,
      words: 4,
      bytes: 5,
    });
  });

  it('refuses a perplexity that is no number', async () => {
    await expect(score(doc, 1, told([NaN]))).rejects.toMatchObject({ code: 'non-finite-score' });
  });
});
