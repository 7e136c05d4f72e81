import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config.ts';
import { FAMILIES } from '../families.ts';
import { REFUSED } from './refused.ts';

describe('what is refused by its family', () => {
  it.each([
    [
      { model_type: 'mamba2', architectures: ['Mamba2ForCausalLM'] },
      'The model is a Mamba2ForCausalLM, whose layers keep a state in place of attention (Mamba); Nibble does not compute that. What works, of like size: SmolLM2 135M to 1.7B (LlamaForCausalLM).',
    ],
    [
      { model_type: 'qwen3_5', architectures: ['Qwen3_5ForConditionalGeneration'] },
      'The model is a Qwen3_5ForConditionalGeneration, most of whose layers keep a state in place of attention (Gated DeltaNet); Nibble does not compute that. What works, of like size: Qwen3 0.6B to 8B (Qwen3ForCausalLM).',
    ],
    [{ model_type: 'mixtral' }, 'The model is a mixtral, which sends each token through some of many MLPs'],
    [{ architectures: ['FalconH1ForCausalLM'] }, 'some of whose layers keep a state'],
    [{ architectures: ['GptOssForCausalLM'] }, 'and attention sinks'],
    [{ architectures: ['BertModel'] }, 'an encoder, whose tokens see those behind them'],
    [{ architectures: ['T5ForConditionalGeneration'] }, 'what an encoder has made of the whole text'],
    [{ model_type: 'bitnet', architectures: ['BitNetForCausalLM'] }, 'whose weights are -1, 0 or 1'],
  ])('%j', (config, sentence) => {
    expect(() => parseConfig(config)).toThrow(sentence);
  });

  it('and nothing else: others are named with all that is supported', () => {
    expect(() => parseConfig({ architectures: ['FabledForCausalLM'], model_type: 'fabled' })).toThrow(
      /^The model is a FabledForCausalLM; supported: LlamaForCausalLM, /,
    );
  });

  it('names in its place what is computed', () => {
    const computed = FAMILIES.flatMap(({ architectures, classifiers = [] }) => [
      ...architectures,
      ...classifiers,
    ]);
    for (const { instead } of REFUSED) expect(computed).toContain(instead.architecture);
  });

  it('has no type twice, nor one that is computed', () => {
    const types = [...REFUSED.flatMap((row) => row.types), ...FAMILIES.map(({ model_type }) => model_type)];
    const twice = types.filter((type, i) => type !== undefined && types.indexOf(type) !== i);
    expect(twice).toEqual([]);
  });
});
