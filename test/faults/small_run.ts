import { parseSpec, type ExperimentSpec } from '../../src/study/spec.ts';
import { randomLlama } from '../fixtures/random_llama.ts';
import type { FileSet } from '../../src/tensor/source.ts';

/** A model of two narrow layers: what a fault does to a run does not depend on its size. */
export const smallModel = (): FileSet => randomLlama();

/** The tasks of the small run, by path. */
export const SMALL_TASKS: Record<string, string> = {
  'mini_arc.jsonl': lines(
    ['Who is it?', 'What is red?', 'Where is Mia?', 'When?'].map((question, i) => ({
      id: `q${i}`,
      question,
      choices: { text: ['a cat', 'a dog', 'nobody'], label: ['A', 'B', 'C'] },
      answerKey: 'ABC'[i % 3],
    })),
  ),
  'mini_text.jsonl': lines(['Mia has a ball.', 'The dog is red.'].map((text, i) => ({ id: `t${i}`, text }))),
};

/** A run of two configurations and six items each: long enough to be cut anywhere, short enough to be cut often. */
export const SMALL_SPEC: ExperimentSpec = specOf([{ quant_type: 'none' }, { quant_type: 'nf4' }]);

/** The same without quantized weights, whose kernels take most of the time that a new device is checked. */
export const PLAIN_SPEC: ExperimentSpec = specOf([
  { quant_type: 'none' },
  { quant_type: 'none', compute_dtype: 'float16' },
]);

function specOf(configs: unknown): ExperimentSpec {
  return parseSpec({
    version: 1,
    title: 'a small run',
    model: { source: 'local', name: 'random' },
    configs,
    tasks: [{ task: 'mini_arc' }, { task: 'mini_text' }],
    seed: 1,
  });
}

/** Answers of the whole small run. */
export const SMALL_ANSWERS = 12;

function lines(rows: readonly object[]): string {
  return rows.map((row) => JSON.stringify(row)).join('\n');
}
