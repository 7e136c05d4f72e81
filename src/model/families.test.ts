import { describe, expect, it } from 'vitest';
import { fused, normedBehind } from '../../test/fixtures/made_up_families.ts';
import smollm2 from '../../public/configs/SmolLM2-135M.json';
import { parseConfig } from './config.ts';
import { FAMILIES } from './families.ts';
import { blockLayers, countParameters, loraFootprint } from './footprint.ts';
import { linearModules } from './modules.ts';
import { standIn } from './stand_in.ts';

const FUSED = ['qkv_proj', 'o_proj', 'gate_up_proj', 'down_proj'];
const as = (architecture: string) =>
  parseConfig({ ...smollm2, architectures: [architecture], model_type: undefined }, [
    ...FAMILIES,
    fused,
    normedBehind,
  ]);

describe('a family is one row: with no other line of code', () => {
  it('it is read, and named among the supported', () => {
    expect(as('FusedForCausalLM').architecture).toBe('FusedForCausalLM');
    expect(() => as('Fused')).toThrow(
      /^The model is a Fused; supported: LlamaForCausalLM, .*, FusedForCausalLM, NormedBehindForCausalLM, LlamaForSequenceClassification, .*ForSequenceClassification\.$/,
    );
  });

  it('its Linear layers are named, and their shapes follow from what they compute', () => {
    const modules = linearModules(as('FusedForCausalLM'));
    expect(modules).toHaveLength(30 * FUSED.length);
    // 9 heads of 64 share 3 of keys and values.
    expect(modules[0]).toMatchObject({
      name: 'model.layers.0.self_attn.qkv_proj',
      rows: 576 + 192 + 192,
      columns: 576,
      parts: [
        { role: 'q', rows: [0, 576] },
        { role: 'k', rows: [576, 768] },
        { role: 'v', rows: [768, 960] },
      ],
    });
  });

  it('its parameters are counted, and those of adapters on it', () => {
    const [plain, made] = [parseConfig(smollm2), as('FusedForCausalLM')];
    expect(countParameters(made)).toEqual(countParameters(plain));
    expect(blockLayers(made)).toEqual(FUSED);
    expect(blockLayers(made, ['v'])).toEqual(['qkv_proj']);
    expect(loraFootprint(made, 16, ['qkv_proj'], 'float32').parameters).toBe(30 * 16 * (960 + 576));
    // Norms of 576 queries and 192 keys a layer, and none other than Llama has.
    const { other } = countParameters(as('NormedBehindForCausalLM'));
    expect(other - countParameters(plain).other).toBe(30 * (576 + 192));
  });

  it('it has a stand-in to be timed by', async () => {
    const { checkpoint, config } = await standIn(as('NormedBehindForCausalLM'));
    const block = [...checkpoint.tensors.keys()].filter((name) => name.startsWith('model.layers.3.'));
    expect(config.num_hidden_layers).toBe(4);
    expect(block.map((name) => name.split('.').slice(3).join('.')).sort()).toEqual([
      'mlp.down_proj.weight',
      'mlp.gate_proj.weight',
      'mlp.up_proj.weight',
      'post_attention_layernorm.weight',
      'post_feedforward_layernorm.weight',
      'self_attn.k_norm.weight',
      'self_attn.k_proj.weight',
      'self_attn.o_proj.weight',
      'self_attn.q_norm.weight',
      'self_attn.q_proj.weight',
      'self_attn.v_proj.weight',
    ]);
  });
});

const goldens = import.meta.glob<object>('../../test/golden/models/*/config.json', {
  eager: true,
  import: 'default',
});
const models = Object.values(goldens).map((json) => parseConfig(json));

it.each(FAMILIES.flatMap(({ architectures, classifiers = [] }) => [...architectures, ...classifiers]))(
  '%s has a golden written by transformers, and blocks that can be computed',
  (architecture) => {
    const own = models.filter((config) => config.architecture === architecture);
    expect(own).not.toEqual([]);
    for (const { linears, norms, parallel, qk_norm, rope } of own.flatMap(({ blocks }) => blocks)) {
      const roles = linears.flatMap((linear) => linear.roles).filter((role) => role !== 'gate');
      expect(roles).toEqual(['q', 'k', 'v', 'o', 'up', 'down']);
      // Without rope, keys go to their slots as they are projected.
      if (qk_norm) expect(rope).toBeDefined();
      // Their input is the stream's, and attention's output is added to it before the MLP is computed.
      if (parallel) expect(Object.keys({ mlp_in: '', ...norms }).sort()).toEqual(['attention_in', 'mlp_in']);
    }
  },
);

const published = import.meta.glob<object>(
  ['../../public/configs/*.json', '../../test/golden/{checkpoints,harness/models}/*/config.json'],
  { eager: true, import: 'default' },
);

it.each(Object.entries(published))('%s has no field that nobody knows', (_, json) => {
  expect(parseConfig(json).blocks).not.toEqual([]);
});

it('no family has a type, or an architecture, of another', () => {
  const names = FAMILIES.flatMap(({ architectures, classifiers = [], model_type }) => [
    ...architectures,
    ...classifiers,
    model_type,
  ]);
  expect(new Set(names).size).toBe(names.length);
});
