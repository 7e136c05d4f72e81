import type { Checkpoint } from '../tensor/checkpoint.ts';
import { blockOf, type LinearSpec, type ModelConfig, type Role } from './model_config.ts';

/** A Linear layer of a block, which quantization may change. Its weight is `name.weight`, [rows, columns]. */
export interface LinearModule {
  /** The full path, as the checkpoint names it. */
  name: string;
  /** The full path under each prefix that checkpoints and adapters of the family put before it. */
  aliases: readonly string[];
  rows: number;
  columns: number;
  bias: boolean;
  /** Stored transposed, [columns, rows]. */
  conv1d: boolean;
  /** The groups of its rows; one, unless each head of keys has a group. */
  groups: number;
  /** The roles of a group's rows, in order: `[{ role: 'q', rows: [0, 64] }, { role: 'k', rows: [64, 80] }]`. */
  parts: readonly { role: Role; rows: readonly [begin: number, end: number] }[];
}

/** Lists the Linear layers of all blocks in the order they are used: those that transformers hands to bitsandbytes. */
export const linearModules = (config: ModelConfig, checkpoint?: Checkpoint): LinearModule[] =>
  Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    layerModules(config, layer, checkpoint),
  ).flat();

/** Lists the Linear layers of one block; without a checkpoint they have the names that transformers writes. */
export function layerModules(config: ModelConfig, layer: number, checkpoint?: Checkpoint): LinearModule[] {
  const { layers, prefixes } = config.names;
  const prefix = prefixOf(config, checkpoint);
  return blockOf(config, layer).linears.map(({ path, roles, by_head = false, bias, conv1d }) => ({
    name: `${prefix}${layers}.${layer}.${path}`,
    aliases: prefixes.map((each) => `${each}${layers}.${layer}.${path}`),
    ...shapeOf(config, roles, by_head ? config.num_key_value_heads : 1),
    bias,
    conv1d,
  }));
}

/**
 * The prefix of a checkpoint's names: the first of the family's under which its last norm is found, which no model
 * ties, or where norms have no weights its first Linear layer.
 */
export function prefixOf(config: ModelConfig, checkpoint?: Checkpoint): string {
  const { prefixes, layers, norm } = config.names;
  const always = [norm, `${layers}.0.${blockOf(config, 0).linears[0]!.path}`];
  const has = (prefix: string) => always.some((name) => checkpoint?.tensors.has(`${prefix}${name}.weight`));
  return prefixes.find(has) ?? prefixes[0];
}

/** The shape of a weight that computes some roles, one below the other in each group. */
function shapeOf(
  config: ModelConfig,
  roles: LinearSpec['roles'],
  groups: number,
): Pick<LinearModule, 'rows' | 'columns' | 'groups' | 'parts'> {
  const shapes = roleShapes(config);
  let rows = 0;
  const parts = roles.map((role) => ({ role, rows: [rows, (rows += shapes[role][0] / groups)] as const }));
  return { rows: rows * groups, columns: shapes[roles[0]!][1], groups, parts };
}

/** [rows, columns] of the weight that computes a role. */
function roleShapes(config: ModelConfig): Record<Role, readonly [rows: number, columns: number]> {
  const { hidden_size: hidden, intermediate_size: inner, head_dim } = config;
  const queries = config.num_attention_heads * head_dim;
  const keys = config.num_key_value_heads * head_dim;
  return {
    q: [queries, hidden],
    k: [keys, hidden],
    v: [keys, hidden],
    o: [hidden, queries],
    gate: [inner, hidden],
    up: [inner, hidden],
    down: [hidden, inner],
  };
}
