import { expect, test } from 'vitest';
import type { QuantConfig } from '../../quant/config.ts';
import { layerFormat } from '../../quant/layers.ts';
import { parseConfig } from '../config.ts';
import { linearModules } from '../modules.ts';
import { requireCalibratable } from './requirements.ts';

const calibration = { text: 'samples', tokens: 64, seed: 0 };
const GPTQ = {
  ...{ quant_type: 'gptq', group_size: 64, symmetric: true, desc_act: false, static_groups: false },
  ...{ damp: 0.1, calibration, compute_dtype: 'float32' },
} as QuantConfig;
const AWQ = {
  ...{
    quant_type: 'awq',
    group_size: 64,
    clip: true,
    unscaled: false,
    calibration,
    compute_dtype: 'float32',
  },
} as QuantConfig;

const NF4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' };

/** A Llama whose down_proj has so many inputs. */
function modelOf(intermediate_size: number) {
  const config = parseConfig({
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 64, hidden_size: 128 },
    ...{ intermediate_size, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 64 },
    ...{ rms_norm_eps: 1e-6, hidden_act: 'silu' },
  });
  const names = linearModules(config).map(({ name }) => `${name}.weight`);
  const tensors = new Map(names.map((name) => [name, {}]));
  return { config, checkpoint: { tensors }, adapter: undefined } as unknown as Parameters<
    typeof requireCalibratable
  >[1];
}

test.each([
  [GPTQ, 16384, undefined],
  [GPTQ, 16448, 'down_proj has 16448 inputs; GPTQ · g64 takes up to 16384'],
  [AWQ, 32768, undefined],
  [GPTQ, 100, 'down_proj has 100 columns; GPTQ · g64 takes multiples of 64'],
  [
    { ...GPTQ, by_layer: [{ modules: ['down_proj'], as: { quant_type: 'int8', granularity: 'row' } }] },
    16448,
    undefined,
  ],
  [{ ...GPTQ, skip_modules: ['down_proj'] }, 100, undefined],
  [
    { ...NF4, by_layer: [{ modules: ['down_proj'], as: layerFormat(GPTQ) }] },
    16448,
    'down_proj has 16448 inputs',
  ],
  [{ ...NF4, by_layer: [{ modules: ['q_proj'], as: layerFormat(GPTQ) }] }, 16448, undefined],
  [
    {
      ...GPTQ,
      by_layer: [{ modules: ['q_proj'], as: layerFormat({ ...GPTQ, group_size: 32 } as QuantConfig) }],
    },
    640,
    undefined,
  ],
  [
    { ...GPTQ, by_layer: [{ modules: ['q_proj'], as: layerFormat(AWQ) }] },
    640,
    'in GPTQ · g64 and in AWQ · g64; allowed: one method and one text',
  ],
  [
    {
      ...AWQ,
      by_layer: [{ modules: ['q_proj'], as: layerFormat({ ...AWQ, group_size: 32 } as QuantConfig) }],
    },
    640,
    'allowed: one AWQ in a configuration',
  ],
])('%# of %j with %i inputs', (config, width, refused) => {
  const ask = () => requireCalibratable(config as QuantConfig, modelOf(width));
  if (refused === undefined) expect(ask).not.toThrow();
  else expect(ask).toThrow(refused);
});
