import { ACTIVATIONS } from '../gpu/kernels/activate.ts';
import { GATE, NORM } from '../gpu/kernels/matvec_kernel.ts';
import { rope_qkv } from '../gpu/kernels/rope_qkv.ts';
import { linear, type LinearCall } from '../gpu/matrix/linear.ts';
import { isGated, type BlockSpec, type Role } from './model_config.ts';
import { normalize } from './norm.ts';
import { round, type Pass } from './pass.ts';
import type { LayerWeights, LinearRows } from './weights.ts';

/**
 * The queries of a step of decoding, turned, with keys and values in their slots: the norm, one matvec of all three, and
 * what turns and places them; on a device that normalizes while it multiplies two dispatches. Undefined where a block is
 * computed otherwise: with norms of queries and keys, layers that could not be put together, adapters.
 */
export function stepQueries(
  pass: Pass,
  spec: BlockSpec,
  layer: LayerWeights,
  index: number,
): GPUBuffer | undefined {
  const { commands, workspace, config, T, first_slot: first } = pass;
  const { rope, query_rope = rope } = spec;
  const rows = joinedRows(pass, layer, ['q', 'k', 'v']);
  if (!rows || spec.qk_norm || spec.clip_qkv !== undefined || rope !== query_rope) return undefined;
  const { qkv, turned } = workspace.activations;
  multiply(pass, layer, 'attention_in', { ...rows, y: qkv });
  const { num_attention_heads: heads, num_key_value_heads: kv_heads, head_dim } = config;
  const { rotary_dim, interleaved } = rope ?? { rotary_dim: 0, interleaved: false };
  // Nothing is turned without a rope: any buffer stands for its angles.
  const turns = rope ? workspace.turns.get(rope)! : workspace.activations.update;
  const [keys, values] = [workspace.keys[index]!, workspace.values[index]!];
  commands.dispatch(
    rope_qkv,
    { T, heads, kv_heads, head_dim, rotary_dim, interleaved: Number(interleaved), first },
    { qkv, turns, turned, keys, values },
  );
  return turned;
}

/** The first half of the MLP in a step of decoding, its norm and its activation within one matvec; undefined as above. */
export function stepInner(pass: Pass, spec: BlockSpec, layer: LayerWeights): GPUBuffer | undefined {
  const gated = isGated(spec);
  const joined = joinedRows(pass, layer, gated ? ['gate', 'up'] : ['up']);
  if (!joined || layer.linears.down!.linear.lora || layer.linears.down!.linear.order) return undefined;
  const { linear, rows } = joined;
  // A row and the one it goes with lie in one buffer.
  if (gated && linear.matrix.parts.length !== 1) return undefined;
  const { activated: y } = pass.workspace.activations;
  const own = gated ? layer.linears.gate!.rows : rows;
  multiply(pass, layer, 'mlp_in', {
    linear,
    rows: own,
    y,
    fused: {
      gate: gated ? GATE.gated : GATE.activated,
      activation: ACTIVATIONS[spec.activation].id,
      up_row: gated ? own[1] - own[0] : 0,
    },
  });
  return y;
}

/** y = some rows of a Linear layer of the residual stream, normalized as the block has it. */
function multiply(
  pass: Pass,
  layer: LayerWeights,
  place: 'attention_in' | 'mlp_in',
  {
    linear: { matrix, bias },
    ...call
  }: Pick<LinearRows, 'linear'> & Pick<LinearCall, 'rows' | 'y' | 'fused'>,
): void {
  const { commands, config, compute_dtype, workspace, phase, T: M } = pass;
  const { hidden, normed, rounded } = workspace.activations;
  const norm = layer.norms[place];
  const vectors = layer.vectors?.[place];
  const plain = { M, bias, compute_dtype, phase };
  if (norm && vectors) {
    const { kind, eps } = config.norm;
    const fused = { ...call.fused, norm: NORM[kind], norm_at: vectors.norm_at, eps };
    linear(commands, matrix, { ...plain, ...call, x: hidden, vectors: vectors.buffer, fused });
    return;
  }
  const n = M * config.hidden_size;
  if (norm) normalize(commands, config.norm, norm, { n, x: hidden, y: normed });
  const x = round(commands, compute_dtype, norm ? normed : hidden, rounded, n);
  linear(commands, matrix, { ...plain, ...call, x });
}

/** The rows of several roles where they lie one behind the other in one Linear layer that has nothing of its own. */
function joinedRows(
  { phase, workspace }: Pass,
  layer: LayerWeights,
  roles: readonly Role[],
): Pick<LinearRows, 'linear' | 'rows'> | undefined {
  if (phase !== 'decode' || workspace.int8) return undefined;
  const each = roles.map((role) => layer.linears[role]!);
  const { linear, rows } = each[0]!;
  let end = rows[0];
  for (const one of each) {
    if (one.linear !== linear || one.groups !== 1 || one.rows[0] !== end) return undefined;
    end = one.rows[1];
  }
  return linear.lora || linear.order ? undefined : { linear, rows: [rows[0], end] };
}
