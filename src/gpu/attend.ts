import type { Need } from './check.ts';
import { isSoftware } from './adapter.ts';
import type { Arena } from './device/buffers.ts';
import type { Commands } from './device/commands.ts';
import type { Gpu } from './device/device.ts';
import type { Kernel } from './device/kernel.ts';
import { attention, laneOverrides, type AttentionShape, type Heads } from './kernels/attention.ts';
import { attention_merge } from './kernels/attention_merge.ts';
import { attention_split, splitsOf } from './kernels/attention_split.ts';
import { attention_tile, tileOverrides } from './kernels/attention_tile.ts';
import type { Phase } from './matrix/choose.ts';

/** Every form of attention. */
export const ATTENTION_FORMS: readonly Kernel[] = [
  attention,
  attention_tile,
  attention_split,
  attention_merge,
] as unknown as readonly Kernel[];

/** What attention reads and writes. */
export interface Attended {
  q: GPUBuffer;
  keys: GPUBuffer;
  values: GPUBuffer;
  spans: GPUBuffer;
  y: GPUBuffer;
}

/** Room for the splits of a decoding step. */
export interface Splits {
  tokens: number;
  mixes: GPUBuffer;
  stats: GPUBuffer;
}

/** Tokens of a decoding step at most that are attended to in splits. */
const SPLIT_TOKENS = 8;

/** Makes room for the splits of up to so many slots, on devices that work in splits. */
export async function reserveSplits(
  arena: Arena,
  { heads, head_dim, slots }: { heads: number; head_dim: number; slots: number },
): Promise<Splits | undefined> {
  if (isSoftware(arena.gpu.adapter)) return undefined;
  const places = SPLIT_TOKENS * heads * splitsOf(slots);
  return {
    tokens: SPLIT_TOKENS,
    mixes: await arena.allocate(4 * places * head_dim, 'splits of attention'),
    stats: await arena.allocate(8 * places, 'sums of splits'),
  };
}

/**
 * y = attention, by the form for the device and the phase. The forms of prefill come to the same bits: on an adapter
 * that computes on the CPU, where barriers are dear, a lane walks by itself. A step of decoding has its own on a GPU,
 * which sums by splits; its bits are its own, too, and depend neither on the batch nor on the number of slots there are.
 * @param most slots that a token sees at most
 */
export function attend(
  commands: Commands,
  phase: Phase,
  shape: AttentionShape,
  buffers: Attended,
  { splits: room, most }: { splits: Splits | undefined; most: number },
): void {
  if (isSoftware(commands.gpu.adapter)) {
    commands.dispatch(attention, shape, buffers, laneOverrides(shape));
    return;
  }
  if (phase === 'prefill' || room === undefined || shape.T > room.tokens) {
    commands.dispatch(attention_tile, shape, buffers, tileOverrides(shape.head_dim));
    return;
  }
  const splits = splitsOf(most);
  const { mixes, stats } = room;
  if (splits === 1) {
    commands.dispatch(attention_split, { ...shape, splits }, { ...buffers, mixes: buffers.y, stats });
    return;
  }
  commands.dispatch(attention_split, { ...shape, splits }, { ...buffers, mixes, stats });
  const { T, heads, head_dim } = shape;
  commands.dispatch(attention_merge, { T, heads, head_dim, splits }, { ...buffers, mixes, stats });
}

/** The kernel by which a device attends when it decodes. */
export const decodingAttention = ({ adapter }: Pick<Gpu, 'adapter'>): string =>
  (isSoftware(adapter) ? attention : attention_split).name;

/** What a device compiles of them for heads of a shape. */
export function attentionNeeded({ adapter }: Pick<Gpu, 'adapter'>, shape: Heads): Need[] {
  const [lane, tile, split, merge] = ATTENTION_FORMS as [Kernel, Kernel, Kernel, Kernel];
  if (isSoftware(adapter)) return [{ kernels: [lane], overrides: laneOverrides(shape) }];
  return [
    { kernels: [tile], overrides: tileOverrides(shape.head_dim) },
    { kernels: [split, merge], overrides: {} },
  ];
}
