import { expect, test } from 'vitest';
import { parseSpec } from '../../study/spec.ts';
import {
  anotherConfig,
  defaultSpec,
  parseCode,
  parseModules,
  readSpecFile,
  withAdapter,
  withQuantType,
  withTask,
} from './draft.ts';
import { planSentences } from '../words/plan_text.ts';

test('a configuration keeps what it can when its quant_type changes, and stays valid', () => {
  const spec = defaultSpec();
  const nf4 = spec.configs.find(({ quant_type }) => quant_type === 'nf4')!;
  for (const quant_type of ['none', 'int8', 'fp4', 'int4', 'llm_int8', 'custom'] as const) {
    const changed = withQuantType({ ...nf4, compute_dtype: 'bfloat16' }, quant_type);
    expect(changed.compute_dtype).toBe('bfloat16');
    expect(() => parseSpec({ ...spec, configs: [changed] })).not.toThrow();
  }
  expect(withQuantType({ ...nf4, blocksize: 256 } as typeof nf4, 'fp4')).toMatchObject({ blocksize: 256 });
});

test('an added configuration is a new one', () => {
  const spec = defaultSpec();
  for (let i = 0; i < 10; i++) spec.configs.push(anotherConfig(spec.configs));
  expect(() => parseSpec(spec)).not.toThrow();
});

test('tasks in and out', () => {
  const spec = defaultSpec();
  expect(withTask(spec, 'arc_easy', true).at(-1)).toEqual({ task: 'arc_easy', limit: 100 });
  expect(withTask(spec, 'mini_coqa', false).map(({ task }) => task)).toEqual(['mini_arc', 'mini_text']);
});

test('codes as people type them', () => {
  expect(parseCode(' -1, −0.5 0\n.25,1 ')).toEqual([-1, -0.5, 0, 0.25, 1]);
});

test('modules to skip as people type them, and none', () => {
  expect(parseModules(' down_proj,model.layers.0 lm_head ')).toEqual([
    'down_proj',
    'model.layers.0',
    'lm_head',
  ]);
  expect(parseModules(' , ')).toBeUndefined();
});

test('an adapter on and off', () => {
  const { model } = defaultSpec();
  const adapter = { source: 'hub', repo: 'a/b', revision: 'main' } as const;
  const adapted = withAdapter(model, adapter);
  expect(parseSpec({ ...defaultSpec(), model: adapted }).model.adapter).toEqual(adapter);
  expect(withAdapter(adapted, undefined)).toEqual(model);
});

test('a spec file is read, or refused in a sentence', async () => {
  const file = (text: string) => new File([text], 'a.json');
  const spec = defaultSpec();
  expect(await readSpecFile(file(JSON.stringify(spec)))).toEqual(spec);
  await expect(readSpecFile(file('{'))).rejects.toThrow('a.json is not JSON');
  await expect(readSpecFile(file(JSON.stringify({ ...spec, sead: 1 })))).rejects.toThrow(
    'sead is an unknown key',
  );
});

test('what a run reads, in sentences', () => {
  const spec = defaultSpec();
  expect(planSentences(spec)).toEqual([
    'The model nibble-tiny comes with this page.',
    'The questions of Mini ARC, Mini CoQA and Mini text come with this page.',
  ]);
  const adapted = planSentences({
    ...spec,
    model: { ...spec.model, adapter: { source: 'hub', repo: 'a/lora', revision: 'main' } },
  });
  expect(adapted[1]).toBe('The adapter a/lora is downloaded from huggingface.co, at the revision “main”.');
  const hub = planSentences({
    ...spec,
    model: { source: 'hub', repo: 'a/b', revision: 'main' },
    tasks: [{ task: 'arc_easy' }, { task: 'mini_arc', limit: 1 }],
  });
  expect(hub[0]).toContain('a/b is downloaded from huggingface.co');
  expect(hub[2]).toBe(
    'The questions of ARC-Easy are downloaded from huggingface.co, unless a data folder that you choose has them.',
  );
  const own = planSentences({ ...spec, tasks: [{ task: 'text' }] });
  expect(own[1]).toBe('The questions of Own text are read from a data folder that you choose.');
});
