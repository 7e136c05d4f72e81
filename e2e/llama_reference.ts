import { readWeight, type Checkpoint } from '../src/tensor/checkpoint.ts';
import type { Tensor } from '../src/tensor/tensor.ts';
import type { LlamaConfig, ModelConfig } from '../src/model/config.ts';
import { inverseFrequencies } from '../src/model/rope.ts';

/** What a weight becomes before it is used: the identity, or quantize and dequantize. */
export type Treatment = (weight: Tensor) => Tensor;

/**
 * The logits [tokens, vocabulary] of a Llama, written as plainly as possible in float64: the oracle of the forward
 * pass. `treat` is applied to the Linear weights of the blocks.
 */
export async function referenceLogits(
  checkpoint: Checkpoint,
  modelConfig: ModelConfig,
  ids: readonly number[],
  treat: Treatment = (weight) => weight,
): Promise<Float64Array[]> {
  const config = modelConfig as LlamaConfig;
  const weight = async (name: string) => readWeight(checkpoint, name);
  const linear = async (name: string, rows: Float64Array[]) =>
    multiply(treat(await weight(`${name}.weight`)), rows);
  const { num_attention_heads: heads, num_key_value_heads: kv_heads, head_dim, rms_norm_eps: eps } = config;

  const table = await weight('model.embed_tokens.weight');
  let hidden = ids.map((id) => row(table, id));
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`;
    const x = norm(hidden, (await weight(`${at}.input_layernorm.weight`)).data, eps);
    const q = turn(await linear(`${at}.self_attn.q_proj`, x), config, heads);
    const k = turn(await linear(`${at}.self_attn.k_proj`, x), config, kv_heads);
    const v = await linear(`${at}.self_attn.v_proj`, x);
    const mixed = q.map((query, t) => {
      const out = new Float64Array(heads * head_dim);
      for (let h = 0; h < heads; h++) {
        const kv = Math.floor((h * kv_heads) / heads) * head_dim;
        const scores = k.slice(0, t + 1).map((key) => {
          let score = 0;
          for (let d = 0; d < head_dim; d++) score += query[h * head_dim + d]! * key[kv + d]!;
          return score / Math.sqrt(head_dim);
        });
        const peak = Math.max(...scores);
        const mass = scores.reduce((sum, s) => sum + Math.exp(s - peak), 0);
        for (let d = 0; d < head_dim; d++) {
          out[h * head_dim + d] = scores.reduce(
            (sum, s, i) => sum + (Math.exp(s - peak) / mass) * v[i]![kv + d]!,
            0,
          );
        }
      }
      return out;
    });
    hidden = sum(hidden, await linear(`${at}.self_attn.o_proj`, mixed));
    const z = norm(hidden, (await weight(`${at}.post_attention_layernorm.weight`)).data, eps);
    const gate = await linear(`${at}.mlp.gate_proj`, z);
    const up = await linear(`${at}.mlp.up_proj`, z);
    const gated = gate.map((g, t) => g.map((value, i) => (value / (1 + Math.exp(-value))) * up[t]![i]!));
    hidden = sum(hidden, await linear(`${at}.mlp.down_proj`, gated));
  }
  const last = norm(hidden, (await weight('model.norm.weight')).data, eps);
  return multiply(config.tie_word_embeddings ? table : await weight('lm_head.weight'), last);
}

function row({ data, shape }: Tensor, index: number): Float64Array {
  const width = shape[1]!;
  return Float64Array.from(data.subarray(index * width, (index + 1) * width));
}

function multiply({ data, shape }: Tensor, rows: Float64Array[]): Float64Array[] {
  const [N, K] = shape as [number, number];
  return rows.map((x) =>
    Float64Array.from({ length: N }, (_, n) => {
      let total = 0;
      for (let k = 0; k < K; k++) total += data[n * K + k]! * x[k]!;
      return total;
    }),
  );
}

function norm(rows: Float64Array[], weight: Float32Array, eps: number): Float64Array[] {
  return rows.map((x) => {
    const scale = 1 / Math.sqrt(x.reduce((total, v) => total + v * v, 0) / x.length + eps);
    return x.map((v, i) => v * scale * weight[i]!);
  });
}

const sum = (a: Float64Array[], b: Float64Array[]): Float64Array[] =>
  a.map((x, t) => x.map((v, i) => v + b[t]![i]!));

function turn(rows: Float64Array[], { rope, head_dim }: LlamaConfig, heads: number): Float64Array[] {
  const frequencies = inverseFrequencies(rope, head_dim);
  const half = head_dim / 2;
  return rows.map((x, position) => {
    const y = x.slice();
    for (let h = 0; h < heads; h++) {
      frequencies.forEach((frequency, i) => {
        const angle = Math.fround(position * frequency);
        const a = x[h * head_dim + i]!;
        const b = x[h * head_dim + i + half]!;
        y[h * head_dim + i] = a * Math.cos(angle) - b * Math.sin(angle);
        y[h * head_dim + i + half] = b * Math.cos(angle) + a * Math.sin(angle);
      });
    }
    return y;
  });
}
