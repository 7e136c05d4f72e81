import { gelu_new } from '../gpu/kernels/gelu_new.ts';
import { layer_norm } from '../gpu/kernels/layer_norm.ts';
import type { DeviceMatrix } from '../gpu/matrix/matrix.ts';
import type { Checkpoint } from '../tensor/checkpoint.ts';
import type { Gpt2Config } from './config.ts';
import type { Linear, Loader } from './loader.ts';
import { gpt2Modules, gpt2Prefix } from './modules.ts';
import { addToResidual, attend, linearInput, project, type Pass } from './pass.ts';

/** The weights of a GPT-2, with a language-model head or one of classes. */
export interface Gpt2Weights {
  family: 'gpt2';
  embedding: DeviceMatrix;
  /** [positions, hidden], learned. */
  positions: DeviceMatrix;
  layers: Gpt2Layer[];
  norm: LayerNorm;
  /** The embedding itself, or the classifier's `score`. */
  head: DeviceMatrix;
}

export interface LayerNorm {
  weight: GPUBuffer;
  bias: GPUBuffer;
}

export interface Gpt2Layer {
  ln_1: LayerNorm;
  /** Queries, keys and values in one matrix [3 · hidden, hidden]. */
  c_attn: Linear;
  attn_c_proj: Linear;
  ln_2: LayerNorm;
  c_fc: Linear;
  mlp_c_proj: Linear;
}

/** Loads the tensors under transformers' names, with the `transformer.` that OpenAI's own checkpoint leaves out. */
export async function loadGpt2(
  loader: Loader,
  checkpoint: Checkpoint,
  config: Gpt2Config,
): Promise<Gpt2Weights> {
  const { vocab_size: vocab, hidden_size: hidden, num_labels } = config;
  const prefix = gpt2Prefix(checkpoint);
  const embedding = await loader.table(`${prefix}wte.weight`, vocab, hidden);
  const positions = await loader.table(`${prefix}wpe.weight`, config.max_position_embeddings, hidden);
  const layers: Gpt2Layer[] = [];
  for (let i = 0; i < config.num_hidden_layers; i++)
    layers.push(await loadLayer(loader, config, `${prefix}h.${i}`));
  const norm = await loadNorm(loader, `${prefix}ln_f`, hidden);
  const head =
    num_labels !== undefined
      ? await loader.table('score.weight', num_labels, hidden)
      : config.tie_word_embeddings
        ? embedding
        : await loader.table('lm_head.weight', vocab, hidden);
  return { family: 'gpt2', embedding, positions, layers, norm, head };
}

async function loadLayer(loader: Loader, config: Gpt2Config, at: string): Promise<Gpt2Layer> {
  const { hidden_size: hidden } = config;
  const ln_1 = await loadNorm(loader, `${at}.ln_1`, hidden);
  const linears: Linear[] = [];
  for (const module of gpt2Modules(config, at)) linears.push(await loader.linear(module));
  const [c_attn, attn_c_proj, c_fc, mlp_c_proj] = linears as [Linear, Linear, Linear, Linear];
  return { ln_1, c_attn, attn_c_proj, ln_2: await loadNorm(loader, `${at}.ln_2`, hidden), c_fc, mlp_c_proj };
}

const loadNorm = async (loader: Loader, name: string, width: number): Promise<LayerNorm> => ({
  weight: await loader.vector(`${name}.weight`, width),
  bias: await loader.vector(`${name}.bias`, width),
});

/** One block: norm, attention, residual; norm, MLP, residual (transformers modeling_gpt2.py). */
export function gpt2Block(pass: Pass, config: Gpt2Config, layer: Gpt2Layer, index: number): void {
  const { commands, workspace, T, first_slot } = pass;
  const { hidden, normed, q, update, gate: inside, activated } = workspace.activations;
  const { hidden_size: width, intermediate_size: inner } = config;
  const [keys, values] = [workspace.keys[index]!, workspace.values[index]!];

  normalize(pass, config, layer.ln_1, hidden, normed);
  const x = linearInput(pass, normed, width, index, 'attention');
  project(pass, layer.c_attn, x, q, { rows: [0, width] });
  project(pass, layer.c_attn, x, keys, { rows: [width, 2 * width], offset: first_slot * width });
  project(pass, layer.c_attn, x, values, { rows: [2 * width, 3 * width], offset: first_slot * width });
  const mixed = attend(pass, index, q);
  project(pass, layer.attn_c_proj, linearInput(pass, mixed, width, index, 'output'), update);
  addToResidual(pass);

  normalize(pass, config, layer.ln_2, hidden, normed);
  project(pass, layer.c_fc, linearInput(pass, normed, width, index, 'mlp'), inside);
  commands.dispatch(gelu_new, { n: T * inner }, { x: inside, y: activated });
  project(pass, layer.mlp_c_proj, linearInput(pass, activated, inner, index, 'down'), update);
  addToResidual(pass);
}

function normalize(
  { commands, T }: Pass,
  { hidden_size: width, layer_norm_epsilon: eps }: Gpt2Config,
  norm: LayerNorm,
  x: GPUBuffer,
  y: GPUBuffer,
): void {
  commands.dispatch(layer_norm, { T, width, eps }, { x, ...norm, y });
}
