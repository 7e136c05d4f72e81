import { copy, type Arena } from '../gpu/device/buffers.ts';
import { normalizesDecoding } from '../gpu/matrix/choose.ts';
import { joinRows } from '../gpu/matrix/join.ts';
import type { Linear } from './loader.ts';
import type { Role } from './model_config.ts';
import type { NormWeights } from './norm.ts';
import type { LayerWeights, LinearRows, NormVectors } from './weights.ts';

/** The roles that read one input, which one dispatch of a step of decoding computes. */
const BESIDE = { attention_in: ['q', 'k', 'v'], mlp_in: ['gate', 'up'] } as const;

/**
 * Readies a block for steps of decoding: Linear layers of one input become one, whose rows still compute each role, and
 * a norm in front lies where the matvec reads it, on devices that normalize while they multiply.
 */
export async function readyForSteps(arena: Arena, layer: LayerWeights): Promise<void> {
  for (const [place, roles] of Object.entries(BESIDE) as [keyof typeof BESIDE, readonly Role[]][]) {
    await joinRoles(arena, layer, roles);
    const norm = layer.norms[place];
    const linear = layer.linears[roles[0]!] ?? layer.linears.up;
    if (!norm || !linear || norm.heads !== 1 || !normalizesDecoding(arena.gpu)) continue;
    layer.vectors = { ...layer.vectors, [place]: await vectorsOf(arena, linear.linear, norm) };
  }
}

/** Replaces several roles' Linear layers by one, where they can be put together and have nothing of their own. */
async function joinRoles(arena: Arena, layer: LayerWeights, roles: readonly Role[]): Promise<void> {
  const each = roles.map((role) => layer.linears[role]);
  if (!each.every((one): one is LinearRows => one !== undefined)) return;
  const linears = each.map(({ linear }) => linear);
  const isPlain = each.every(({ groups, linear }) => groups === 1 && !linear.lora && !linear.order);
  if (!isPlain || new Set(linears).size < linears.length) return;
  const biased = linears.filter(({ bias }) => bias).length;
  if (biased !== 0 && biased !== linears.length) return;
  const matrix = await joinRows(
    arena,
    linears.map(({ matrix }) => matrix),
  );
  if (!matrix) return;
  const rows = linears.map((linear) => linear.matrix.rows);
  const biases = linears.flatMap(({ bias }, i) => (bias ? [{ buffer: bias, values: rows[i]! }] : []));
  const bias = biased > 0 ? await behindEachOther(arena, biases, 1) : undefined;
  const joined: Linear = { matrix, bias: bias?.buffer };
  let begin = 0;
  for (const [i, role] of roles.entries()) {
    const end = begin + rows[i]!;
    layer.linears[role] = { linear: joined, groups: 1, rows: [begin, end] };
    begin = end;
  }
}

/** The bias, then the norm's weight and bias; the weight's own buffer where there is nothing else. */
async function vectorsOf(
  arena: Arena,
  { matrix, bias }: Linear,
  { width, weight, bias: added }: NormWeights,
): Promise<NormVectors> {
  if (!bias && !added) return { buffer: weight, norm_at: 0 };
  const parts = [
    ...(bias ? [{ buffer: bias, values: matrix.rows }] : []),
    { buffer: weight, values: width },
    ...(added ? [{ buffer: added, values: width }] : []),
  ];
  const { buffer, at } = await behindEachOther(arena, parts, 4);
  return { buffer, norm_at: at[bias ? 1 : 0]! / 4 };
}

/** One buffer of several vectors, each from a multiple of `step` values on. */
async function behindEachOther(
  arena: Arena,
  parts: readonly { buffer: GPUBuffer; values: number }[],
  step: number,
): Promise<{ buffer: GPUBuffer; at: number[] }> {
  const at: number[] = [];
  let end = 0;
  for (const { values } of parts) {
    at.push(end);
    end = Math.ceil((end + values) / step) * step;
  }
  const buffer = await arena.allocate(4 * end, parts[0]!.buffer.label);
  for (const [i, part] of parts.entries()) {
    copy(arena.gpu, part, { buffer, offset: 4 * at[i]! }, 4 * part.values);
  }
  return { buffer, at };
}
