import { argmax } from '../gpu/kernels/argmax.ts';
import { dispatchForm } from '../gpu/forms.ts';
import { openArena, readBack, readParts, write } from '../gpu/device/buffers.ts';
import { embedding } from '../gpu/kernels/embedding.ts';
import { stripsOf } from '../gpu/device/limits.ts';
import { logprobs } from '../gpu/kernels/logprobs.ts';
import { pick_targets } from '../gpu/kernels/pick_targets.ts';
import { DTYPE } from '../gpu/kernels/stored.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import { compareWithBaseline } from './compare_logits.ts';
import type { Model } from './forward.ts';
import { headBands, headOf, type Band } from './head_logits.ts';
import type { Trace } from './language_model.ts';
import { normalize } from './norm.ts';
import { headLengths, LEAST_WANTED } from './workspace_sizes.ts';
import type { Head, HeadBuffer } from './workspace.ts';

/** One wanted log-probability: of token `target` as the successor of batch token `row`. */
export interface Wanted {
  row: number;
  target: number;
}

export interface TokenLogprob {
  /** Natural logarithm. */
  logprob: number;
  /** The most likely token there. */
  best: number;
}

/** What the GPU was given to do: `done` is what comes of it, and need not be waited for before it is given more. */
export interface Issued<T> {
  done: Promise<T>;
}

/**
 * Computes log-probabilities from the last forward pass, in the order wanted; nothing else comes back from the GPU. The
 * vocabulary goes through the head in bands, so that a long text needs no [tokens, vocabulary] matrix. A trace follows
 * wanted tokens that are the rows' own, one each and in order, as those of a text are.
 */
export async function scoreWanted(
  model: Model,
  wanted: readonly Wanted[],
  trace?: Trace,
): Promise<Issued<TokenLogprob[]>> {
  const { gpu, commands, config } = model;
  const W = wanted.length;
  const slots = new Map<number, number>();
  for (const { row } of wanted) if (!slots.has(row)) slots.set(row, slots.size);
  const R = slots.size;
  const { buffers } = await reserveHead(model, R, W);
  const base = trace?.kind === 'compare' ? await reserveBaseline(model, R) : undefined;
  write(
    gpu,
    buffers.wanted,
    Uint32Array.from(wanted.flatMap(({ row, target }) => [slots.get(row)!, target])),
  );
  const compute = pickedStates(model, [...slots.keys()], buffers, 'prefill');
  const comparison =
    base && trace?.kind === 'compare'
      ? compareWithBaseline(
          model,
          buffers,
          base.buffers,
          trace.next(R * config.hidden_size),
          trace.head_dtype,
        )
      : undefined;
  for (const band of headBands(model, R)) {
    compute(band);
    commands.dispatch(pick_targets, { W, V: band.width, first: band.first }, buffers);
    comparison?.compute(band);
  }
  dispatchForm(commands, logprobs, { W, strips: stripsOf(outputsOf(model)) }, buffers);
  commands.submit();
  const done = readParts(gpu, [
    { buffer: buffers.logprob, bytes: 4 * W },
    { buffer: buffers.best, bytes: 4 * W },
  ]).then(([logprob, best]) => {
    const values = new Float32Array(logprob!);
    const tokens = new Uint32Array(best!);
    return wanted.map((_, i) => ({ logprob: values[i]!, best: tokens[i]! }));
  });
  done.catch(() => undefined);
  if (!trace) return { done };
  const scored = await done;
  const begun = performance.now();
  if (trace.kind === 'keep') {
    trace.keep(new Float32Array(await readBack(gpu, buffers.normed, 4 * R * config.hidden_size)));
  } else {
    const { tokens, seconds } = await comparison!.done();
    for (const [i, { logprob, best }] of scored.entries()) {
      const { kl, logprob: base_logprob, best: base_best } = tokens[i]!;
      trace.report({ logprob, base_logprob, kl, same_top: best === base_best });
    }
    model.aside_seconds += seconds;
  }
  model.aside_seconds += (performance.now() - begun) / 1000;
  return { done };
}

/** The most likely successor of batch token `row` of the last forward pass. */
export async function greedyToken(model: Model, row: number): Promise<number> {
  const { buffers } = await reserveHead(model, 1, 1);
  headBands(model, 1).forEach(pickedStates(model, [row], buffers, 'decode'));
  pickGreedy(model, buffers, buffers.best);
  model.commands.submit();
  return new Uint32Array(await readBack(model.gpu, buffers.best, 4))[0]!;
}

/** The same without reading it: its id is written to `id`, where the next token's embedding may be looked up. */
export async function recordGreedyToken(model: Model, row: number, id: GPUBuffer): Promise<void> {
  const { buffers } = await reserveHead(model, 1, 1);
  headBands(model, 1).forEach(pickedStates(model, [row], buffers, 'decode'));
  pickGreedy(model, buffers, id);
}

/** The successor of a pass of one token, behind another greedy token of this model. */
export function recordNextToken(model: Model, id: GPUBuffer): void {
  const { buffers } = model.head!;
  const { hidden } = model.workspace!.activations;
  headBands(model, 1).forEach(finalStates(model, 1, hidden, buffers, 'decode'));
  pickGreedy(model, buffers, id);
}

function pickGreedy(model: Model, { peaks, places }: Head['buffers'], ids: GPUBuffer): void {
  dispatchForm(model.commands, argmax, { R: 1, strips: stripsOf(outputsOf(model)) }, { peaks, places, ids });
}

/**
 * All logits of some rows of the last forward pass, [rows, outputs]: a classifier's answer, and for comparing models. They
 * are read back band by band; no device has all of them at a time.
 */
export async function readLogits(
  model: Model,
  rows: readonly number[],
  phase: Phase = 'prefill',
): Promise<Float32Array> {
  const { gpu, commands } = model;
  const R = rows.length;
  const V = outputsOf(model);
  const { buffers } = await reserveHead(model, R, 1);
  const compute = pickedStates(model, rows, buffers, phase);
  const all = new Float32Array(R * V);
  for (const band of headBands(model, R)) {
    compute(band);
    commands.submit();
    const logits = new Float32Array(await readBack(gpu, buffers.logits, 4 * R * band.width));
    for (let row = 0; row < R; row++) {
      all.set(logits.subarray(row * band.width, (row + 1) * band.width), row * V + band.first);
    }
  }
  return all;
}

/** Logits that the head gives a token: one for each entry of the vocabulary, or for each of a classifier's labels. */
const outputsOf = ({ weights }: Model): number => weights.head.rows;

/** Puts the hidden states of `rows` through the last norm; what it returns computes a band of what the head makes of them. */
function pickedStates(
  model: Model,
  rows: readonly number[],
  buffers: Head['buffers'],
  phase: Phase,
): (band: Band) => void {
  const { gpu, commands, config } = model;
  const workspace = model.workspace!;
  const { ids, picked } = buffers;
  write(gpu, ids, Uint32Array.from(rows));
  // The embedding kernel copies rows of a table by their numbers; here the table is the hidden states.
  const pick = { T: rows.length, width: config.hidden_size, first_row: 0, rows: workspace.tokens };
  const table = workspace.activations.hidden;
  commands.dispatch(embedding, pick, { ids, table, y: picked }, { DTYPE: DTYPE.F32 });
  return finalStates(model, rows.length, picked, buffers, phase);
}

/** The same of R states as they are, x [R, hidden]. */
function finalStates(
  model: Model,
  R: number,
  x: GPUBuffer,
  buffers: Head['buffers'],
  phase: Phase,
): (band: Band) => void {
  const { commands, config, weights, head_dtype } = model;
  const { normed: y } = buffers;
  normalize(commands, config.norm, weights.norm, { n: R * config.hidden_size, x, y });
  return headOf(model, buffers, R, head_dtype, phase);
}

async function reserveHead(model: Model, rows: number, wanted: number): Promise<Head> {
  const { head } = model;
  if (head && rows <= head.rows && wanted <= head.wanted) return head;
  head?.arena.close();
  model.head = undefined;
  model.head = await openHead(
    model,
    Math.max(rows, head?.rows ?? 0),
    Math.max(wanted, head?.wanted ?? LEAST_WANTED),
  );
  return model.head;
}

/** Makes room for a baseline's states and a band of its logits, which lie beside the model's own to compare the two. */
async function reserveBaseline(model: Model, rows: number): Promise<Head> {
  const { baseline_head: head } = model;
  if (head && rows <= head.rows) return head;
  head?.arena.close();
  model.baseline_head = undefined;
  model.baseline_head = await openHead(model, rows, rows);
  return model.baseline_head;
}

async function openHead({ gpu, config, weights }: Model, rows: number, wanted: number): Promise<Head> {
  const arena = openArena(gpu);
  const lengths = headLengths(config.hidden_size, weights.head.rows, rows, wanted);
  const buffers = {} as Head['buffers'];
  try {
    for (const [name, length] of Object.entries(lengths) as [HeadBuffer, number][]) {
      buffers[name] = await arena.allocate(4 * length, `head ${name}`);
    }
  } catch (error) {
    arena.close();
    throw error;
  }
  return { arena, rows, wanted, buffers };
}
