import { describe, expect, it } from 'vitest';
import { LabError } from '../errors.ts';
import { parseConfigs, parseSpec } from '../study/spec.ts';
import { specOfQuery } from '../study/permalink.ts';
import { own } from '../tensor/own.ts';
import { parseConfig } from '../model/config.ts';
import { parseLoraConfig } from '../model/lora_config.ts';
import { classOf, isComputed } from '../model/tokenizer/which_class.ts';

const NAMES = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];

/** The code of the refusal of `work`. */
async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return error instanceof LabError ? error.code : `${(error as Error).name}, which is no refusal`;
  }
  return 'accepted';
}

/** JSON.parse makes an own key of __proto__, where an object literal sets the prototype. */
const parsed = (text: string): unknown => JSON.parse(text);

const spec = {
  version: 1,
  model: { source: 'bundled', name: 'nibble-tiny' },
  configs: [{ quant_type: 'nf4' }],
};

describe.each(NAMES)('%s, which every object inherits, is no name of ours:', (name) => {
  it('an entry of a table', () => expect(own({ nf4: 1 }, name)).toBeUndefined());

  it('an architecture or a model_type', async () => {
    expect(await refusal(() => parseConfig({ architectures: [name] }))).toBe('unsupported-architecture');
    expect(await refusal(() => parseConfig({ model_type: name }))).toBe('unsupported-architecture');
  });

  it('a quant_type, a task, a key of a spec', async () => {
    expect(await refusal(() => parseConfigs([{ quant_type: name }]))).toBe('bad-spec');
    const task = { ...spec, tasks: [{ task: name }] };
    expect(await refusal(() => parseSpec(task))).toBe('bad-spec');
    const key = { ...spec, tasks: [{ task: 'mini_arc' }], ...(parsed(`{"${name}": 1}`) as object) };
    expect(await refusal(() => parseSpec(key))).toBe('bad-spec');
  });

  it('a key, a configuration or a task of a link', async () => {
    for (const query of [
      `${name}=1`,
      `model=nibble-tiny&configs=${name}&tasks=mini_arc`,
      `model=nibble-tiny&configs=nf4:${name}=1&tasks=mini_arc`,
      `model=nibble-tiny&configs=nf4&tasks=${name}`,
      `model=nibble-tiny&configs=nf4&tasks=mini_arc:${name}=1`,
    ]) {
      expect(await refusal(() => specOfQuery(query)), query).toMatch(/^bad-/);
    }
  });

  it('a class of tokenizer', () => {
    expect(isComputed(classOf({}, { tokenizer_class: name }, {}))).toBe(false);
    expect(classOf({}, {}, { model_type: name })).toBe('TokenizersBackend');
  });

  it('a key of an adapter', async () => {
    const lora = parsed(
      `{"peft_type": "LORA", "r": 4, "lora_alpha": 4, "target_modules": ["q_proj"], "${name}": "on"}`,
    );
    expect(await refusal(() => parseLoraConfig(lora))).toBe('unsupported-architecture');
  });
});
