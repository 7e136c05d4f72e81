import { activate, activateOverrides } from '../gpu/kernels/activate.ts';
import { rope } from '../gpu/kernels/rope.ts';
import type { LinearCall } from '../gpu/matrix/linear.ts';
import { isGated, type BlockSpec, type Role, type Rope } from './model_config.ts';
import { normalize, type NormWeights } from './norm.ts';
import { addToResidual, attend, linearInput, project, type LinearInput, type Pass } from './pass.ts';
import type { LayerWeights } from './weights.ts';

/** Computes one block as its spec says: attention and MLP on the residual stream, with norms before or behind them. */
export function computeBlock(pass: Pass, spec: BlockSpec, layer: LayerWeights, index: number): void {
  attention(pass, spec, layer, index);
  mlp(pass, spec, layer, index);
}

function attention(pass: Pass, spec: BlockSpec, layer: LayerWeights, index: number): void {
  const { workspace, first_slot } = pass;
  const { num_attention_heads: heads, num_key_value_heads: kv_heads, head_dim } = pass.config;
  const { q, k, q_normed, k_normed, turned, update } = workspace.activations;
  const [keys, values] = [workspace.keys[index]!, workspace.values[index]!];
  const slots = { offset: first_slot * kv_heads * head_dim };

  const x = halfInput(pass, layer, index, 'attention');
  projectRole(pass, layer, 'q', x, q);
  let queries = q;
  if (spec.rope) {
    projectRole(pass, layer, 'k', x, k);
    projectRole(pass, layer, 'v', x, values, slots);
    const { rope, query_rope = rope } = spec;
    const normedQ = (x: GPUBuffer) =>
      normalized(pass, layer.norms.q, { x, y: q_normed, width: heads * head_dim });
    const normedK = (x: GPUBuffer, y: GPUBuffer) =>
      normalized(pass, layer.norms.k, { x, y, width: kv_heads * head_dim });
    if (spec.qk_norm?.after_rope) {
      turn(pass, query_rope, { x: q, y: turned, heads, first: 0 });
      turn(pass, rope, { x: k, y: k_normed, heads: kv_heads, first: 0 });
      queries = normedQ(turned);
      // A turn by nothing brings keys to their slots.
      turn(pass, rope, { x: normedK(k_normed, k), y: keys, heads: kv_heads, first: first_slot }, 0);
    } else {
      turn(pass, query_rope, { x: normedQ(q), y: turned, heads, first: 0 });
      turn(pass, rope, { x: normedK(k, k_normed), y: keys, heads: kv_heads, first: first_slot });
      queries = turned;
    }
  } else {
    projectRole(pass, layer, 'k', x, keys, slots);
    projectRole(pass, layer, 'v', x, values, slots);
  }
  const mixed = attend(pass, index, spec, queries);
  projectRole(pass, layer, 'o', linearInput(pass, mixed, heads * head_dim, index, 'output'), update);
  addHalf(pass, layer, 'attention');
}

function mlp(pass: Pass, spec: BlockSpec, layer: LayerWeights, index: number): void {
  const inner = activated(pass, spec, layer, halfInput(pass, layer, index, 'mlp'));
  const x = linearInput(pass, inner, pass.config.intermediate_size, index, 'down');
  projectRole(pass, layer, 'down', x, pass.workspace.activations.update);
  addHalf(pass, layer, 'mlp');
}

/** activated [T, inner] = the MLP's input through its first Linear layers and its activation. */
function activated(pass: Pass, spec: BlockSpec, layer: LayerWeights, input: LinearInput): GPUBuffer {
  const { commands, workspace, config, T } = pass;
  const { gate, up, activated: y } = workspace.activations;
  const gated = isGated(spec);
  if (gated) projectRole(pass, layer, 'gate', input, gate);
  projectRole(pass, layer, 'up', input, up);
  const n = T * config.intermediate_size;
  const x = gated ? gate : up;
  commands.dispatch(activate, { n }, { x, up, y }, activateOverrides(spec.activation, gated));
  return y;
}

/** A block is two halves, each of which adds to the residual stream. */
type Half = 'attention' | 'mlp';

/** The residual stream as a half's input, normalized where the block has a norm in front of it. */
function halfInput(pass: Pass, layer: LayerWeights, index: number, half: Half): LinearInput {
  const { hidden, normed } = pass.workspace.activations;
  const width = pass.config.hidden_size;
  const x = normalized(pass, layer.norms[`${half}_in`], { x: hidden, y: normed, width });
  return linearInput(pass, x, width, index, half);
}

/** Adds a half's output to the residual stream, normalized where the block has a norm behind it. */
function addHalf(pass: Pass, layer: LayerWeights, half: Half): void {
  const { update, normed } = pass.workspace.activations;
  const width = pass.config.hidden_size;
  addToResidual(pass, normalized(pass, layer.norms[`${half}_out`], { x: update, y: normed, width }));
}

/** y = x [T, width] normalized, or x itself where there is no norm. */
function normalized(
  { commands, config, T }: Pass,
  norm: NormWeights | undefined,
  { x, y, width }: { x: GPUBuffer; y: GPUBuffer; width: number },
): GPUBuffer {
  if (!norm) return x;
  normalize(commands, config.norm, norm, { n: T * width, x, y });
  return y;
}

/** y = a role's rows of its Linear layer, which are all of them unless the layer is fused. */
function projectRole(
  pass: Pass,
  layer: LayerWeights,
  role: Role,
  x: LinearInput,
  y: GPUBuffer,
  place: Pick<LinearCall, 'offset'> = {},
): void {
  const { linear, rows } = layer.linears[role]!;
  project(pass, linear, x, y, { rows, ...place });
}

/** y from slot `first` on = each head of x, turned by its position. */
function turn(
  { commands, config, workspace, T }: Pass,
  by: Rope,
  { x, y, heads, first }: { x: GPUBuffer; y: GPUBuffer; heads: number; first: number },
  rotary_dim = by.rotary_dim,
): void {
  const params = {
    T,
    heads,
    head_dim: config.head_dim,
    rotary_dim,
    interleaved: Number(by.interleaved),
    first,
  };
  commands.dispatch(rope, params, { x, turns: workspace.turns.get(by)!, y });
}
