import { rms_norm } from '../gpu/kernels/rms_norm.ts';
import { rope } from '../gpu/kernels/rope.ts';
import { silu_mul } from '../gpu/kernels/silu_mul.ts';
import type { DeviceMatrix } from '../gpu/matrix/matrix.ts';
import type { LlamaConfig } from './config.ts';
import type { Linear, Loader } from './loader.ts';
import { llamaModules } from './modules.ts';
import { addToResidual, attend, linearInput, project, type Pass } from './pass.ts';

/** The weights of a Llama, Qwen or Mistral. */
export interface LlamaWeights {
  family: 'llama';
  embedding: DeviceMatrix;
  layers: LlamaLayer[];
  norm: GPUBuffer;
  /** The embedding itself when the model ties them. */
  head: DeviceMatrix;
}

export interface LlamaLayer {
  input_layernorm: GPUBuffer;
  q_proj: Linear;
  k_proj: Linear;
  v_proj: Linear;
  o_proj: Linear;
  q_norm: GPUBuffer | undefined;
  k_norm: GPUBuffer | undefined;
  post_attention_layernorm: GPUBuffer;
  gate_proj: Linear;
  up_proj: Linear;
  down_proj: Linear;
}

/** Loads the tensors under the names of transformers' LlamaForCausalLM and its relatives. */
export async function loadLlama(loader: Loader, config: LlamaConfig): Promise<LlamaWeights> {
  const { vocab_size: vocab, hidden_size: hidden } = config;
  const embedding = await loader.table('model.embed_tokens.weight', vocab, hidden);
  const layers: LlamaLayer[] = [];
  for (let i = 0; i < config.num_hidden_layers; i++) layers.push(await loadLayer(loader, config, i));
  const norm = await loader.vector('model.norm.weight', hidden);
  const head = config.tie_word_embeddings ? embedding : await loader.table('lm_head.weight', vocab, hidden);
  return { family: 'llama', embedding, layers, norm, head };
}

async function loadLayer(loader: Loader, config: LlamaConfig, index: number): Promise<LlamaLayer> {
  const { hidden_size: hidden, head_dim, qk_norm } = config;
  const at = `model.layers.${index}`;
  const input_layernorm = await loader.vector(`${at}.input_layernorm.weight`, hidden);
  const linears: Linear[] = [];
  for (const module of llamaModules(config, at)) linears.push(await loader.linear(module));
  const [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj] = linears as LlamaLinears;
  return {
    input_layernorm,
    ...{ q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj },
    q_norm: qk_norm ? await loader.vector(`${at}.self_attn.q_norm.weight`, head_dim) : undefined,
    k_norm: qk_norm ? await loader.vector(`${at}.self_attn.k_norm.weight`, head_dim) : undefined,
    post_attention_layernorm: await loader.vector(`${at}.post_attention_layernorm.weight`, hidden),
  };
}

type LlamaLinears = [Linear, Linear, Linear, Linear, Linear, Linear, Linear];

/** One block: norm, attention, residual; norm, gated MLP, residual (transformers modeling_llama.py). */
export function llamaBlock(pass: Pass, config: LlamaConfig, layer: LlamaLayer, index: number): void {
  const { commands, workspace, T, first_slot } = pass;
  const { hidden, normed, turns, q, k, turned, update, gate, up, activated } = workspace.activations;
  const { num_attention_heads: heads, num_key_value_heads: kv_heads, head_dim } = config;
  const { hidden_size: width, intermediate_size: inner } = config;
  const [keys, values] = [workspace.keys[index]!, workspace.values[index]!];

  normalize(pass, config, hidden, layer.input_layernorm, normed);
  const x = linearInput(pass, normed, width, index, 'attention');
  project(pass, layer.q_proj, x, q);
  project(pass, layer.k_proj, x, k);
  project(pass, layer.v_proj, x, values, { offset: first_slot * kv_heads * head_dim });
  const queries = normalizeHeads(pass, config, q, layer.q_norm, workspace.activations.q_normed, heads);
  const fresh = normalizeHeads(pass, config, k, layer.k_norm, workspace.activations.k_normed, kv_heads);
  commands.dispatch(rope, { T, heads, head_dim, first: 0 }, { x: queries, turns, y: turned });
  commands.dispatch(rope, { T, heads: kv_heads, head_dim, first: first_slot }, { x: fresh, turns, y: keys });
  const mixed = attend(pass, index, turned);
  project(pass, layer.o_proj, linearInput(pass, mixed, heads * head_dim, index, 'output'), update);
  addToResidual(pass);

  normalize(pass, config, hidden, layer.post_attention_layernorm, normed);
  const z = linearInput(pass, normed, width, index, 'mlp');
  project(pass, layer.gate_proj, z, gate);
  project(pass, layer.up_proj, z, up);
  commands.dispatch(silu_mul, { n: T * inner }, { gate, up, y: activated });
  project(pass, layer.down_proj, linearInput(pass, activated, inner, index, 'down'), update);
  addToResidual(pass);
}

function normalize(
  { commands, T }: Pass,
  config: LlamaConfig,
  x: GPUBuffer,
  weight: GPUBuffer,
  y: GPUBuffer,
): void {
  commands.dispatch(rms_norm, { T, width: config.hidden_size, eps: config.rms_norm_eps }, { x, weight, y });
}

/** RMSNorm of each head by itself, where the model has it. */
function normalizeHeads(
  { commands, T }: Pass,
  { head_dim: width, rms_norm_eps: eps }: LlamaConfig,
  x: GPUBuffer,
  weight: GPUBuffer | undefined,
  y: GPUBuffer,
  heads: number,
): GPUBuffer {
  if (!weight) return x;
  commands.dispatch(rms_norm, { T: T * heads, width, eps }, { x, weight, y });
  return y;
}
