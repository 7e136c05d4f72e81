import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../tensor/random.ts';
import { openArena, readBack } from '../device/buffers.ts';
import { recordCommands } from '../device/commands.ts';
import { openGpu } from '../device/device.ts';
import { attention, laneOverrides } from './attention.ts';
import { attention_merge } from './attention_merge.ts';
import { attention_split, splitsOf } from './attention_split.ts';
import { attention_tile, tileOverrides } from './attention_tile.ts';
import { floats } from './cases.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

type Span = readonly [number, number, number, number];
interface Token {
  q: Float32Array;
  key: Float32Array;
  value: Float32Array;
}
/** A context and branches behind it, one token after another. */
interface Item {
  context: Token[];
  branches: Token[][];
}
interface Shape {
  heads: number;
  kv_heads: number;
  head_dim: number;
  window?: number;
}

const random = seededRandom(11);
const vector = (length: number) => Float32Array.from({ length }, () => random.normal());
const tokens = (count: number, { heads, kv_heads, head_dim }: Shape): Token[] =>
  Array.from({ length: count }, () => ({
    q: vector(heads * head_dim),
    key: vector(kv_heads * head_dim),
    value: vector(kv_heads * head_dim),
  }));
const item = (context: number, branches: readonly number[], shape: Shape): Item => ({
  context: tokens(context, shape),
  branches: branches.map((length) => tokens(length, shape)),
});

/** Items one behind the other with gaps of a few slots between, each token with what it sees. */
function packed(items: readonly Item[], { window }: Shape, gap: () => number) {
  const placed: { token: Token; slot: number; span: Span }[] = [];
  let slot = 0;
  for (const { context, branches } of items) {
    slot += gap();
    const begin = slot;
    const first = (position: number) => (window === undefined ? 0 : Math.max(0, position + 1 - window));
    context.forEach((token, i) => {
      placed.push({ token, slot, span: [0, 0, begin + first(i), ++slot] });
    });
    const n = context.length;
    for (const branch of branches) {
      const own = slot;
      branch.forEach((token, i) => {
        const from = first(n + i);
        const span: Span = [begin + Math.min(from, n), begin + n, own + Math.max(0, from - n), ++slot];
        placed.push({ token, slot: slot - 1, span });
      });
    }
  }
  return placed;
}

type Form = 'lane' | 'tile' | 'split';

/** What each token gets, as the bits of its numbers. */
async function attended(
  placed: ReturnType<typeof packed>,
  { heads, kv_heads, head_dim }: Shape,
  form: Form,
): Promise<Map<Token, string>> {
  const T = placed.length;
  const slots = Math.max(...placed.map(({ slot }) => slot)) + 1;
  const [q, keys, values] = [
    floats(T * heads * head_dim),
    floats(slots * kv_heads * head_dim),
    floats(slots * kv_heads * head_dim),
  ];
  // What no token sees must not matter, whatever it is.
  for (const lost of [keys, values]) lost.fill(NaN);
  placed.forEach(({ token, slot }, t) => {
    q.set(token.q, t * heads * head_dim);
    keys.set(token.key, slot * kv_heads * head_dim);
    values.set(token.value, slot * kv_heads * head_dim);
  });
  const arena = openArena(gpu);
  const splits = splitsOf(slots);
  const length = T * heads * head_dim;
  const up = (data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>) => arena.upload(data, 'test');
  const buffers = {
    q: await up(q),
    keys: await up(keys),
    values: await up(values),
    spans: await up(Uint32Array.from(placed.flatMap(({ span }) => span))),
    y: await arena.allocate(4 * length, 'y'),
    mixes: await arena.allocate(4 * length * splits, 'mixes'),
    stats: await arena.allocate(8 * T * heads * splits, 'stats'),
  };
  const commands = recordCommands(gpu);
  const shape = { T, heads, kv_heads, head_dim, scale: 1 / Math.sqrt(head_dim), softcap: 0 };
  if (form === 'lane') commands.dispatch(attention, shape, buffers, laneOverrides(shape));
  if (form === 'tile') commands.dispatch(attention_tile, shape, buffers, tileOverrides(head_dim));
  if (form === 'split') {
    commands.dispatch(attention_split, { ...shape, splits }, buffers);
    if (splits > 1) commands.dispatch(attention_merge, { T, heads, head_dim, splits }, buffers);
  }
  commands.submit();
  const y = form === 'split' && splits === 1 ? buffers.mixes : buffers.y;
  const bits = new Uint32Array(await readBack(gpu, y, 4 * length));
  commands.close();
  arena.close();
  const each = heads * head_dim;
  return new Map(placed.map(({ token }, t) => [token, bits.subarray(t * each, (t + 1) * each).join()]));
}

describe.each<[string, Shape]>([
  ['grouped heads', { heads: 6, kv_heads: 2, head_dim: 16 }],
  ['a window, a wide head', { heads: 2, kv_heads: 1, head_dim: 72, window: 9 }],
])('%s', (_, shape) => {
  const items = [
    item(13, [1, 4, 2], shape),
    item(40, [3], shape),
    item(1, [1, 1], shape),
    item(270, [], shape),
  ];
  const none = () => 0;
  const alone = async (form: Form) => {
    const results = await Promise.all(items.map((one) => attended(packed([one], shape, none), shape, form)));
    return new Map(results.flatMap((map) => [...map]));
  };

  it.each<Form>(['lane', 'tile', 'split'])(
    '%s: a token gets the same bits in any batch, at any place, beside any neighbours',
    async (form) => {
      const expected = await alone(form);
      for (let round = 0; round < 2; round++) {
        const some = random.shuffle([...items]).slice(0, 2 + random.integer(3));
        const got = await attended(
          packed(some, shape, () => random.integer(40)),
          shape,
          form,
        );
        for (const [token, bits] of got) expect(bits).toBe(expected.get(token));
      }
    },
  );

  it('a choice gets the same bits with others and by itself', async () => {
    const [{ context, branches }] = items as [Item];
    const all = await attended(packed([{ context, branches }], shape, none), shape, 'tile');
    for (const branch of branches) {
      const one = await attended(packed([{ context, branches: [branch] }], shape, none), shape, 'tile');
      const plain = await attended(
        packed([{ context: [...context, ...branch], branches: [] }], shape, none),
        shape,
        'tile',
      );
      for (const token of branch) {
        expect(one.get(token)).toBe(all.get(token));
        expect(plain.get(token)).toBe(all.get(token));
      }
    }
  });

  it('the tile gives the bits of the lane', async () => {
    const placed = packed(items, shape, () => 3);
    expect(await attended(placed, shape, 'tile')).toEqual(await attended(placed, shape, 'lane'));
  });
});
