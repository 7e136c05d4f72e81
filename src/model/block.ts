import { activate, activateOverrides } from '../gpu/kernels/activate.ts';
import { clamp } from '../gpu/kernels/clamp.ts';
import { pick_rows } from '../gpu/kernels/pick_rows.ts';
import { rope } from '../gpu/kernels/rope.ts';
import { rope_pair } from '../gpu/kernels/rope_pair.ts';
import type { LinearCall } from '../gpu/matrix/linear.ts';
import { isGated, type BlockSpec, type Role, type Rope } from './model_config.ts';
import { normalize, type NormWeights } from './norm.ts';
import { addToResidual, attend, linearInput, project, type LinearInput, type Pass } from './pass.ts';
import { stepInner, stepQueries } from './step.ts';
import type { LayerWeights } from './weights.ts';

/** Computes one block as its spec says: attention and MLP on the residual stream, with norms before or behind them. */
export function computeBlock(pass: Pass, spec: BlockSpec, layer: LayerWeights, index: number): void {
  const { hidden, normed, beside } = pass.workspace.activations;
  const { attention_in, mlp_in } = layer.norms;
  if (spec.parallel) {
    const own = mlp_in && normalized(pass, mlp_in, { x: hidden, y: beside });
    const shared = normalized(pass, attention_in, { x: hidden, y: normed });
    attention(pass, spec, layer, index, shared);
    mlp(pass, spec, layer, index, own ?? shared);
    return;
  }
  const queries = stepQueries(pass, spec, layer, index);
  if (queries) addAttention(pass, spec, layer, index, queries);
  else attention(pass, spec, layer, index, normalized(pass, attention_in, { x: hidden, y: normed }));
  const inner = stepInner(pass, spec, layer);
  if (inner) addHalf(pass, layer, 'mlp', { raw: inner, x: inner, int8: undefined });
  else mlp(pass, spec, layer, index, normalized(pass, mlp_in, { x: hidden, y: normed }));
}

/** @param input the stream's share of the block, normalized where the block has a norm in front; as mlp's */
function attention(pass: Pass, spec: BlockSpec, layer: LayerWeights, index: number, input: GPUBuffer): void {
  const { workspace, first_slot } = pass;
  const { num_attention_heads: heads, num_key_value_heads: kv_heads, head_dim } = pass.config;
  const { q, k, q_normed, k_normed, turned } = workspace.activations;
  const [keys, values] = [workspace.keys[index]!, workspace.values[index]!];
  const slots = { offset: first_slot * kv_heads * head_dim };

  const x = linearInput(pass, input, pass.config.hidden_size, index, 'attention');
  const write = projection(pass, spec, layer, x);
  write('q', q);
  let queries = q;
  if (spec.rope) {
    write('k', k);
    write('v', values, slots);
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
      turnPair(pass, { rope, query_rope }, { q: normedQ(q), k: normedK(k, k_normed), keys });
      queries = turned;
    }
  } else {
    write('k', keys, slots);
    write('v', values, slots);
  }
  addAttention(pass, spec, layer, index, queries);
}

/** Attends to the slots, and adds what comes of it to the residual stream. */
function addAttention(
  pass: Pass,
  spec: BlockSpec,
  layer: LayerWeights,
  index: number,
  queries: GPUBuffer,
): void {
  const { num_attention_heads: heads, head_dim } = pass.config;
  const mixed = attend(pass, index, spec, queries);
  const out = linearInput(pass, mixed, heads * head_dim, index, 'output');
  addHalf(pass, layer, 'attention', out);
}

function mlp(pass: Pass, spec: BlockSpec, layer: LayerWeights, index: number, input: GPUBuffer): void {
  const read = linearInput(pass, input, pass.config.hidden_size, index, 'mlp');
  const inner = activated(pass, spec, layer, read);
  const x = linearInput(pass, inner, pass.config.intermediate_size, index, 'down');
  addHalf(pass, layer, 'mlp', x);
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
export type Half = 'attention' | 'mlp';

/** Computes one half of a block from its normalized input; what it adds to the stream stays in `activations.update`. */
export function computeHalf(
  pass: Pass,
  spec: BlockSpec,
  layer: LayerWeights,
  index: number,
  { half, input }: { half: Half; input: GPUBuffer },
): void {
  if (half === 'attention') attention(pass, spec, layer, index, input);
  else mlp(pass, spec, layer, index, input);
}

/** The Linear layer that ends each half. */
const LAST = { attention: 'o', mlp: 'down' } as const;

/**
 * Adds a half's output to the residual stream, normalized where the block has a norm behind it. Where nothing comes
 * between, the Linear layer adds by itself: in float32 that is the same sum, and a step of decoding adds what is rounded.
 */
function addHalf(pass: Pass, layer: LayerWeights, half: Half, x: LinearInput): void {
  const { update, normed, hidden } = pass.workspace.activations;
  const norm = layer.norms[`${half}_out`];
  const { lora } = layer.linears[LAST[half]]!.linear;
  const { residual_scale = 1 } = pass.config;
  const adds = pass.compute_dtype === 'float32' || pass.phase === 'decode';
  if (!norm && !lora && !x.int8 && residual_scale === 1 && adds) {
    projectRole(pass, layer, LAST[half], x, hidden, { accumulate: true });
    return;
  }
  projectRole(pass, layer, LAST[half], x, update);
  addToResidual(pass, normalized(pass, norm, { x: update, y: normed }));
}

/** y = x [T, width] normalized, or x itself where there is no norm; the residual stream's width when not given. */
function normalized(
  { commands, config, T }: Pass,
  norm: NormWeights | undefined,
  { x, y, width = config.hidden_size }: { x: GPUBuffer; y: GPUBuffer; width?: number },
): GPUBuffer {
  if (!norm) return x;
  normalize(commands, config.norm, norm, { n: T * width, x, y });
  return y;
}

/** Writes a role of attention's into a buffer. */
type Write = (role: Role, y: GPUBuffer, place?: Pick<LinearCall, 'offset'>) => void;

/** What writes queries, keys and values of x. */
function projection(pass: Pass, { clip_qkv: most }: BlockSpec, layer: LayerWeights, x: LinearInput): Write {
  const writeWhole: Write =
    layer.linears.q!.groups === 1
      ? (role, y, place) => projectRole(pass, layer, role, x, y, place)
      : groupedProjection(pass, layer, x);
  if (most === undefined) return writeWhole;
  return (role, y, place = {}) => {
    writeWhole(role, y, place);
    const { groups, rows } = layer.linears[role]!;
    const n = pass.T * groups * (rows[1] - rows[0]);
    pass.commands.dispatch(clamp, { n, first: place.offset ?? 0, most }, { y });
  };
}

/** A projection whose rows are grouped by heads is computed whole; each role is a part of every group. */
function groupedProjection(pass: Pass, layer: LayerWeights, input: LinearInput): Write {
  const { commands, T } = pass;
  const { qkv: x } = pass.workspace.activations;
  const { linear, groups } = layer.linears.q!;
  project(pass, linear, input, x);
  const group = linear.matrix.rows / groups;
  return (role, y, { offset: first = 0 } = {}) => {
    const [offset, end] = layer.linears[role]!.rows;
    const width = end - offset;
    commands.dispatch(pick_rows, { n: T * groups * width, group, offset, width, first }, { x, y });
  };
}

/** y = a role's rows of its Linear layer, which are all of them unless the layer is fused. */
function projectRole(
  pass: Pass,
  layer: LayerWeights,
  role: Role,
  x: LinearInput,
  y: GPUBuffer,
  place: Pick<LinearCall, 'offset' | 'accumulate'> = {},
): void {
  const { linear, rows } = layer.linears[role]!;
  project(pass, linear, x, y, { rows, ...place });
}

/** turned = each head of q, and the slots' keys = each head of k, turned by its position. */
function turnPair(
  pass: Pass,
  { rope, query_rope }: { rope: Rope; query_rope: Rope },
  { q, k, keys }: { q: GPUBuffer; k: GPUBuffer; keys: GPUBuffer },
): void {
  const { commands, config, workspace, T, first_slot: first } = pass;
  const { num_attention_heads: heads, num_key_value_heads: kv_heads, head_dim } = config;
  const { turned } = workspace.activations;
  if (rope !== query_rope) {
    turn(pass, query_rope, { x: q, y: turned, heads, first: 0 });
    turn(pass, rope, { x: k, y: keys, heads: kv_heads, first });
    return;
  }
  const { rotary_dim } = rope;
  const interleaved = Number(rope.interleaved);
  const params = { T, heads, kv_heads, head_dim, rotary_dim, interleaved, first };
  commands.dispatch(rope_pair, params, { q, k, turns: workspace.turns.get(rope)!, turned, keys });
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
