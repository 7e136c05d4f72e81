import source from '../../../shaders/attention_tile.wgsl?raw';
import { defineKernel, type Overrides } from '../device/kernel.ts';
import type { Guiding } from '../traffic/predict.ts';
import { collect, type Touched } from '../traffic/touched.ts';
import {
  attention,
  ATTENTION,
  ATTENTION_CASES,
  ATTENTION_INPUTS,
  ATTENTION_ORDER,
  ATTENTION_TOLERANCE,
  ATTENTION_WORK,
  type AttentionShape,
  attentionCase,
  spanOf,
} from './attention.ts';

/** Tokens of a workgroup, slots of a tile, lanes, and the vec4s of a head that a step brings. */
const TOKENS = 16;
const SLOTS = 32;
const LANES = 64;
const STEP = 8;

/** The constant that the kernel is compiled with for heads of a width: how many vec4 of it there is room for. */
export const tileOverrides = (head_dim: number) => ({
  COLUMNS: head_dim <= 64 ? 16 : head_dim <= 128 ? 32 : 64,
});

/**
 * The attention of many tokens: those of a workgroup share the keys and values that they read, in tiles of slots. Equal
 * bits to `attention`, since neither adds anything but the slots a token sees, in their order.
 */
export const attention_tile = defineKernel({
  name: 'attention_tile',
  wgsl: ATTENTION_ORDER + source,
  params: ATTENTION,
  bindings: { ...ATTENTION_INPUTS, y: 'write f32' },
  workgroups: ({ T, heads }) => [Math.ceil(T / TOKENS), heads],
  reference: (shape, arrays) => attention.reference(shape, arrays, {}),
  tolerance: () => ATTENTION_TOLERANCE,
  cases: () =>
    ATTENTION_CASES.map((one) => ({ ...attentionCase(one), overrides: tileOverrides(one.head_dim) })),
  traffic: {
    ...ATTENTION_WORK,
    touched,
    // Of a tile: products twice, two tokens and four slots a lane, then what they weigh of the values.
    instructions: (shape, { COLUMNS: columns = 64 }, guiding) =>
      tilesOf(shape, guiding) *
      LANES *
      (2 * (shape.head_dim * 8 * 1.25 + 60) + SLOTS * (columns + columns / 8 + 8)),
    shared_reads: (shape, _, guiding) =>
      tilesOf(shape, guiding) * LANES * (2 * (shape.head_dim / 4) * 6 + 2 * SLOTS),
  },
});

/** The slots of a tile, of one of the two ranges. */
interface Tile {
  range: number;
  first: number;
  end: number;
  /** The first token of a group that sees some of them, counted from the group's first; none where they are skipped. */
  seen_by: number;
}

/** The tiles that a group of tokens looks at, in its order. */
function tilesIn({ T }: AttentionShape, x: number, { spans }: Guiding): Tile[] {
  const tokens = Array.from({ length: Math.min(TOKENS, T - x * TOKENS) }, (_, i) =>
    spanOf(spans!, x * TOKENS + i),
  );
  const tiles: Tile[] = [];
  for (const range of [0, 1]) {
    const own = tokens.map((span) => span.slice(2 * range, 2 * range + 2) as [number, number]);
    const some = own.filter(([begin, end]) => begin < end);
    const last = Math.max(0, ...some.map(([, end]) => end));
    for (let first = Math.min(...some.map(([begin]) => begin)); first < last; first += SLOTS) {
      const end = Math.min(first + SLOTS, last);
      const seen_by = own.findIndex(([from, to]) => Math.max(first, from) < Math.min(end, to));
      tiles.push({ range, first, end, seen_by });
    }
  }
  return tiles;
}

/** The tiles of all groups that are not skipped. */
function tilesOf(shape: AttentionShape, guiding: Guiding): number {
  const groups = Array.from({ length: Math.ceil(shape.T / TOKENS) }, (_, x) => tilesIn(shape, x, guiding));
  return shape.heads * groups.flat().filter(({ seen_by }) => seen_by >= 0).length;
}

/** What a workgroup reads. */
function touched(
  shape: AttentionShape,
  { COLUMNS: columns = 64 }: Overrides,
  [x, head]: readonly [number, number],
  guiding: Guiding,
): Touched {
  const { T, heads, kv_heads, head_dim } = shape;
  const width = head_dim / 4;
  const kv_head = Math.floor((head * kv_heads) / heads);
  const token = x * TOKENS;
  const tokens = Math.min(TOKENS, T - token);
  const { touched, read } = collect(LANES);
  const tiles = tilesIn(shape, x, guiding);
  for (let lane = 0; lane < LANES; lane++) {
    const [pair, place] = [2 * Math.floor(lane / 8), lane % 8];
    const seen = (count: number): void => {
      for (let t = 0; t < count; t++) read(lane, ['spans', token + t]);
    };
    const staged = (
      begin: number,
      count: number,
      rows: number,
      at: (row: number) => [string, number],
    ): void => {
      for (let i = lane; i < rows * STEP; i += LANES) {
        const [array, row] = at(Math.floor(i / STEP));
        if (i % STEP < count) read(lane, [array, row * width + begin + (i % STEP)]);
      }
    };
    for (const own of [pair, pair + 1]) read(lane, ['spans', Math.min(token + own, T - 1)]);
    seen(tokens);
    for (const walk of [0, 1]) {
      for (const { first, end, seen_by } of tiles) {
        seen(seen_by < 0 ? tokens : seen_by + 1);
        if (seen_by < 0) continue;
        for (let begin = 0; begin < width; begin += STEP) {
          const count = Math.min(STEP, width - begin);
          staged(begin, count, TOKENS, (i) => ['q', Math.min(token + i, T - 1) * heads + head]);
          staged(begin, count, SLOTS, (i) => ['keys', Math.min(first + i, end - 1) * kv_heads + kv_head]);
          for (let d = 0; d < count; d++) {
            for (const own of [pair, pair + 1]) read(lane, ['queries', own * (STEP + 1) + d]);
            for (let i = 0; i < 4; i++) read(lane, ['slot_keys', (place + 8 * i) * (STEP + 1) + d]);
          }
        }
        for (let slot = first; walk === 1 && slot < end; slot++) {
          for (const own of [pair, pair + 1]) read(lane, ['weights', own * (SLOTS + 1) + slot - first]);
          const at = (slot * kv_heads + kv_head) * width + place;
          for (let i = 0; i < columns; i += 8) read(lane, ['values', at + i]);
        }
      }
      for (let i = 0; walk === 0 && i < 8; i++) {
        for (const own of [pair, pair + 1]) read(lane, ['weights', own * (SLOTS + 1) + i]);
      }
    }
  }
  return touched;
}
