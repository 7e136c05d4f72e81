import { expect, test } from 'vitest';
import { parseSpec, type ExperimentSpec } from '../../study/spec.ts';
import { ablation } from '../experiment/builder/ablation.ts';
import { defaultSpec } from '../experiment/draft.ts';
import { sentence, sentenceText } from './sentence.ts';

const float32 = { quant_type: 'none', compute_dtype: 'float32' } as const;
const nf4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;
const fp4 = { ...nf4, quant_type: 'fp4' } as const;

const said = (parts: Partial<ExperimentSpec>) =>
  sentenceText({
    ...defaultSpec(),
    configs: [float32, nf4],
    tasks: [{ task: 'mini_arc', limit: 200 }],
    ...parts,
  });

test('an experiment in a sentence, each part with the fields that set it', () => {
  const tasks = [
    { task: 'mini_arc', limit: 200 },
    { task: 'mini_text', limit: 1 },
  ] as const;
  expect(sentence({ ...defaultSpec(), configs: [float32, nf4, fp4], tasks: [...tasks] })).toEqual([
    { text: 'Compare ' },
    { text: 'NF4 · 64 and FP4 · 64', sets: 'others' },
    { text: ' with ' },
    { text: 'float32', sets: 'baseline' },
    { text: ' on ' },
    { text: '200 questions of Mini ARC and 1 story of Mini text', sets: 'questions' },
    { text: ', with ' },
    { text: 'nibble-tiny', sets: 'model' },
    { text: ', seed ' },
    { text: '7', sets: 'seed' },
    { text: '.' },
  ]);
});

test('one configuration has nothing to be compared with', () => {
  expect(said({ configs: [nf4] })).toBe(
    'Measure NF4 · 64 on 200 questions of Mini ARC, with nibble-tiny, seed 7.',
  );
});

test('a baseline that is itself quantized', () => {
  expect(said({ configs: [nf4, fp4] })).toMatch(/^Compare FP4 · 64 with NF4 · 64 on /);
});

test('many configurations are counted from the fifth on, layers left out from the second', () => {
  const many = ablation(nf4, [
    { quant_type: 'fp4' },
    { quant_type: 'int4' },
    { blocksize: 256 },
    { double_quant: true },
    { compute_dtype: 'float16' },
    { compute_dtype: 'bfloat16' },
  ]);
  expect(said({ configs: many })).toMatch(
    /^Compare FP4 · 64, INT4 · 64, NF4 · 256, NF4 · 64 · double quant and 2 more with NF4 · 64 on /,
  );
  const skip = (...skip_modules: string[]) => ({ ...nf4, skip_modules });
  expect(
    said({ configs: [float32, skip('lm_head'), skip('k_proj', 'v_proj'), skip('a', 'b', 'c')] }),
  ).toMatch(
    /^Compare NF4 · 64 \(without lm_head\), NF4 · 64 \(without k_proj and v_proj\) and NF4 · 64 \(without a and 2 more\) with /,
  );
});

test('which items: the first ones, all, some by number, in a split, after examples', () => {
  const on = (...tasks: ExperimentSpec['tasks']) => / on (.*), with /.exec(said({ tasks }))![1];
  expect(on({ task: 'arc_easy' })).toBe('all questions of ARC-Easy');
  expect(on({ task: 'wikitext', limit: 1 })).toBe('1 page of WikiText-2');
  expect(on({ task: 'mini_arc', doc_ids: [3] })).toBe('question 3 of Mini ARC');
  expect(on({ task: 'mini_arc', doc_ids: [3, 5, 8] })).toBe('questions 3, 5 and 8 of Mini ARC');
  expect(on({ task: 'mini_arc', doc_ids: [3, 5, 8, 9] })).toBe('4 chosen questions of Mini ARC');
  expect(on({ task: 'arc_easy', limit: 1200, num_fewshot: 5, split: 'validation' })).toBe(
    '1,200 questions of ARC-Easy (validation; 5 examples before each)',
  );
  expect(on({ task: 'mini_arc', limit: 2, num_fewshot: 0 })).toBe('2 questions of Mini ARC');
  expect(on({ task: 'text', limit: 100, file: 'corpus/a.txt' })).toBe('the text corpus/a.txt');
  expect(on({ task: 'text' })).toBe('a text of your own');
  expect(on()).toBe('no questions yet');
  const all = (['mini_arc', 'mini_coqa', 'mini_text', 'arc_easy', 'mmlu'] as const).map((task) => ({ task }));
  expect(on(...all)).toBe(
    'all questions of Mini ARC, all questions of Mini CoQA, all stories of Mini text and 2 more',
  );
});

test('which model: its revision unless it is the usual one, its adapter, or none chosen yet', () => {
  const model = (model: ExperimentSpec['model']) => /, with (.*), seed 7\.$/.exec(said({ model }))![1];
  const hub = { source: 'hub', repo: 'a/b', revision: 'main' } as const;
  expect(model(hub)).toBe('a/b');
  expect(model({ ...hub, revision: '0123456789abcdef' })).toBe('a/b at 0123456789ab');
  expect(model({ ...hub, repo: '' })).toBe('a model you choose');
  expect(model({ ...hub, adapter: { ...hub, repo: 'c/lora' } })).toBe('a/b and the adapter c/lora');
  const local = { source: 'local', name: '' } as const;
  expect(model({ ...local, adapter: local })).toBe('a model you choose and the adapter you choose');
});

test('every spec that passes has a sentence without a gap', () => {
  const tasks = [{ task: 'mmlu_anatomy', limit: 3 }];
  const text = sentenceText(parseSpec({ ...defaultSpec(), title: '', tasks }));
  expect(text).toContain('3 questions of MMLU, anatomy, with');
  expect(text).not.toMatch(/undefined|null|NaN| {2}|,,/);
});
