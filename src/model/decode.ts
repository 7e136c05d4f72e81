import { advance } from '../gpu/kernels/advance.ts';
import { readParts, write } from '../gpu/device/buffers.ts';
import { embedding } from '../gpu/kernels/embedding.ts';
import { DTYPE } from '../gpu/kernels/stored.ts';
import { forwardPlaced, reserve, type Model } from './forward.ts';
import { recordGreedyToken, recordNextToken } from './logits.ts';
import type { Rope } from './model_config.ts';
import { ropeTurns } from './rope.ts';
import { forwardSequence } from './sequence.ts';
import type { Decoder } from './workspace.ts';

/** Tokens that are handed over at most before the first of them is read. */
const RING = 8;
/** Milliseconds of decoding that are handed over at a time: a longer wait for stops would waste tokens behind them. */
const BLOCK_MS = 20;

/**
 * Greedy ids behind a prompt, up to `most`. Each is looked up by the next pass where it lies on the device; they are
 * read some at a time, and on a fast device while the next ones are computed. Whoever stops early leaves at most as
 * many unread as were read.
 */
export async function* greedyIds(
  model: Model,
  prompt: readonly number[],
  most: number,
): AsyncGenerator<number, void, undefined> {
  const { gpu, commands } = model;
  await reserve(model, prompt.length, prompt.length + most);
  const decoder = await openDecoder(model);
  let recorded = 0;
  let reading: Promise<number[]> | undefined;

  const read = (count: number): Promise<number[]> => {
    commands.submit();
    const places = Array.from({ length: count }, (_, i) => (recorded - count + i) % RING);
    const parts = places.map((place) => ({ buffer: decoder.ids[place]!, bytes: 4 }));
    const ids = readParts(gpu, parts).then((read) => read.map((bytes) => new Uint32Array(bytes)[0]!));
    ids.catch(() => undefined);
    return ids;
  };
  const readNext = (): Promise<number[]> | undefined => {
    const wished = model.token_ms === undefined ? 1 : Math.round(BLOCK_MS / model.token_ms);
    const count = Math.min(most - recorded, recorded, RING, Math.max(1, wished));
    if (count === 0) return undefined;
    for (let i = 0; i < count; i++) {
      const last = prompt.length + recorded - 1;
      recordStep(model, decoder, { id: decoder.ids[(recorded - 1) % RING]!, slot: last });
      recordNextToken(model, decoder.ids[recorded % RING]!);
      recorded++;
    }
    return read(count);
  };

  try {
    const row = forwardSequence(model, prompt, 0);
    await recordGreedyToken(model, row, decoder.ids[0]!);
    commands.submit();
    // The first pass behind the prompt moves on to its place.
    write(gpu, decoder.step, Uint32Array.of(prompt.length - 1));
    recorded = 1;
    reading = read(1);
    let first = true;
    while (reading) {
      const ready: Promise<number[]> = reading;
      const fast = model.token_ms !== undefined && 2 * model.token_ms < BLOCK_MS;
      const begun = performance.now();
      reading = fast ? readNext() : undefined;
      const ids = await ready;
      if (!first) {
        noteSpeed(model, (performance.now() - begun) / ids.length);
        model.tokens += ids.length - 1;
      }
      for (const [i, id] of ids.entries()) {
        if (!first && i === 0) model.tokens++;
        yield id;
      }
      first = false;
      reading ??= readNext();
    }
  } finally {
    await reading?.catch(() => undefined);
  }
}

function noteSpeed(model: Model, ms: number): void {
  model.token_ms = model.token_ms === undefined ? ms : Math.sqrt(model.token_ms * Math.max(ms, 0.01));
}

/** Records the pass of one token: of the id that `id` holds, at the slot behind those so far. */
function recordStep(
  model: Model,
  { step, turns }: Decoder,
  { id, slot }: { id: GPUBuffer; slot: number },
): void {
  const { commands, config } = model;
  const workspace = model.workspace!;
  const { positions } = workspace.activations;
  const { positions_from: first_position = 0 } = config;
  let by = 1;
  for (const [window = 0, spans] of workspace.spans) {
    commands.dispatch(advance, { by, window, first_position }, { step, spans, positions });
    by = 0;
  }
  for (const [rope, table] of turns) {
    const params = { T: 1, width: rope.rotary_dim, first_row: 0, rows: workspace.slots };
    const y = workspace.turns.get(rope)!;
    commands.dispatch(embedding, params, { ids: step, table, y }, { DTYPE: DTYPE.F32 });
  }
  forwardPlaced(model, id, { T: 1, first_slot: slot, phase: 'decode' });
}

/** What generations need beside the workspace; made once for each. */
async function openDecoder({ workspace }: Model): Promise<Decoder> {
  const { arena, slots } = workspace!;
  if (workspace!.decoder) return workspace!.decoder;
  const turns = new Map<Rope, GPUBuffer>();
  const positions = Array.from({ length: slots }, (_, position) => position);
  for (const rope of workspace!.turns.keys()) {
    if (rope.rotary_dim === 0) continue;
    turns.set(
      rope,
      await arena.upload(ropeTurns(rope, { positions, length: slots }), 'turns of all positions'),
    );
  }
  const step = await arena.allocate(4, 'step of a generation');
  const ids: GPUBuffer[] = [];
  for (let i = 0; i < RING; i++) ids.push(await arena.allocate(4, 'id of a token'));
  return (workspace!.decoder = { step, ids, turns });
}
