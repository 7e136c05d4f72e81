import { argmax } from '../gpu/kernels/argmax.ts';
import { dispatchForm } from '../gpu/forms.ts';
import { openArena, readBack, readParts, write } from '../gpu/device/buffers.ts';
import { embedding } from '../gpu/kernels/embedding.ts';
import { stripsOf } from '../gpu/kernels/logit_strips.ts';
import { logprobs } from '../gpu/kernels/logprobs.ts';
import { DTYPE } from '../gpu/kernels/stored.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import { compareWithBaseline } from './compare_logits.ts';
import type { Model } from './forward.ts';
import { headLogits } from './head_logits.ts';
import type { Trace } from './language_model.ts';
import { normalize } from './norm.ts';
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

/** Bytes of logits kept at once: 64 MiB are 130 rows of Llama 3's vocabulary, and fit the default binding of 128 MiB. */
const LOGIT_BYTES = 64 * 1024 * 1024;

/** What the GPU was given to do: `done` is what comes of it, and need not be waited for before it is given more. */
export interface Issued<T> {
  done: Promise<T>;
}

/**
 * Computes log-probabilities from the last forward pass, in the order wanted; nothing else comes back from the GPU.
 * Rows go through the head some at a time, so that a long text needs no [tokens, vocabulary] matrix.
 */
export async function scoreWanted(
  model: Model,
  wanted: readonly Wanted[],
  trace?: Trace,
): Promise<Issued<TokenLogprob[]>> {
  const V = outputsOf(model);
  const most = Math.min(LOGIT_BYTES / (4 * V), model.pace.work_per_submit / (V * model.config.hidden_size));
  const step = Math.max(1, Math.floor(most));
  const placesOf = new Map<number, number[]>();
  for (const [i, { row }] of wanted.entries()) placesOf.set(row, [...(placesOf.get(row) ?? []), i]);
  const rows = [...placesOf.keys()];
  const results = new Array<TokenLogprob>(wanted.length);
  const parts: Promise<void>[] = [];
  for (let begin = 0; begin < rows.length; begin += step) {
    const group = rows.slice(begin, begin + step);
    const places = group.flatMap((row) => placesOf.get(row)!);
    const { done } = await scoreRows(
      model,
      group,
      places.map((i) => wanted[i]!),
      trace,
    );
    const told = done.then((scored) => places.forEach((place, i) => (results[place] = scored[i]!)));
    told.catch(() => undefined);
    parts.push(told);
  }
  const done = Promise.all(parts).then(() => results);
  done.catch(() => undefined);
  return { done };
}

/** A trace follows wanted tokens that are the rows' own, one each and in order, as those of a text are. */
async function scoreRows(
  model: Model,
  rows: readonly number[],
  wanted: readonly Wanted[],
  trace: Trace | undefined,
): Promise<Issued<TokenLogprob[]>> {
  const { gpu, commands } = model;
  const V = outputsOf(model);
  const W = wanted.length;
  const { buffers } = await reserveHead(model, rows.length, W);
  const slots = new Map(rows.map((row, slot) => [row, slot]));
  write(
    gpu,
    buffers.wanted,
    Uint32Array.from(wanted.flatMap(({ row, target }) => [slots.get(row)!, target])),
  );
  computeLogits(model, rows, buffers, 'prefill');
  dispatchForm(commands, logprobs, { W, V, strips: stripsOf(V) }, buffers);
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
  if (trace) {
    const scored = await done;
    const begun = performance.now();
    await keepOrCompare(model, buffers, scored, trace);
    model.aside_seconds += (performance.now() - begun) / 1000;
  }
  return { done };
}

async function keepOrCompare(
  model: Model,
  buffers: Head['buffers'],
  scored: readonly TokenLogprob[],
  trace: Trace,
): Promise<void> {
  const length = scored.length * model.config.hidden_size;
  if (trace.kind === 'keep') {
    trace.keep(new Float32Array(await readBack(model.gpu, buffers.normed, 4 * length)));
    return;
  }
  const base = await reserveBaseline(model, scored.length);
  const compared = await compareWithBaseline(
    model,
    buffers,
    base.buffers,
    trace.next(length),
    trace.head_dtype,
  );
  for (const [i, { logprob, best }] of scored.entries()) {
    const { kl, logprob: base_logprob, best: base_best } = compared[i]!;
    trace.report({ logprob, base_logprob, kl, same_top: best === base_best });
  }
}

/** The most likely successor of batch token `row` of the last forward pass. */
export async function greedyToken(model: Model, row: number): Promise<number> {
  const { buffers } = await reserveHead(model, 1, 1);
  computeLogits(model, [row], buffers, 'decode');
  pickGreedy(model, buffers, buffers.best);
  model.commands.submit();
  return new Uint32Array(await readBack(model.gpu, buffers.best, 4))[0]!;
}

/** The same without reading it: its id is written to `id`, where the next token's embedding may be looked up. */
export async function recordGreedyToken(model: Model, row: number, id: GPUBuffer): Promise<void> {
  const { buffers } = await reserveHead(model, 1, 1);
  computeLogits(model, [row], buffers, 'decode');
  pickGreedy(model, buffers, id);
}

/** The successor of a pass of one token, behind another greedy token of this model. */
export function recordNextToken(model: Model, id: GPUBuffer): void {
  const { buffers } = model.head!;
  computeStates(model, 1, model.workspace!.activations.hidden, buffers, 'decode');
  pickGreedy(model, buffers, id);
}

function pickGreedy(model: Model, { peaks, places }: Head['buffers'], ids: GPUBuffer): void {
  dispatchForm(model.commands, argmax, { R: 1, strips: stripsOf(outputsOf(model)) }, { peaks, places, ids });
}

/** All logits of some rows of the last forward pass, [rows, outputs]: a classifier's answer, and for comparing models. */
export async function readLogits(
  model: Model,
  rows: readonly number[],
  phase: Phase = 'prefill',
): Promise<Float32Array> {
  const { buffers } = await reserveHead(model, rows.length, 1);
  computeLogits(model, rows, buffers, phase);
  model.commands.submit();
  return new Float32Array(await readBack(model.gpu, buffers.logits, 4 * rows.length * outputsOf(model)));
}

/** Logits that the head gives a token: one for each entry of the vocabulary, or for each of a classifier's labels. */
const outputsOf = ({ weights }: Model): number => weights.head.rows;

/** Puts the hidden states of `rows` through the last norm, the head and the first half of the softmax. */
function computeLogits(model: Model, rows: readonly number[], buffers: Head['buffers'], phase: Phase): void {
  const { gpu, commands, config } = model;
  const workspace = model.workspace!;
  const { ids, picked } = buffers;
  write(gpu, ids, Uint32Array.from(rows));
  // The embedding kernel copies rows of a table by their numbers; here the table is the hidden states.
  const pick = { T: rows.length, width: config.hidden_size, first_row: 0, rows: workspace.tokens };
  const table = workspace.activations.hidden;
  commands.dispatch(embedding, pick, { ids, table, y: picked }, { DTYPE: DTYPE.F32 });
  computeStates(model, rows.length, picked, buffers, phase);
}

/** Puts R states, x [R, hidden], through the last norm and all behind it. */
function computeStates(model: Model, R: number, x: GPUBuffer, buffers: Head['buffers'], phase: Phase): void {
  const { commands, config, weights, head_dtype } = model;
  const { normed: y } = buffers;
  normalize(commands, config.norm, weights.norm, { n: R * config.hidden_size, x, y });
  headLogits(model, buffers, R, head_dtype, phase);
  commands.worked(R * outputsOf(model) * config.hidden_size);
}

async function reserveHead(model: Model, rows: number, wanted: number): Promise<Head> {
  const { head } = model;
  if (head && rows <= head.rows && wanted <= head.wanted) return head;
  head?.arena.close();
  model.head = undefined;
  model.head = await openHead(model, Math.max(rows, head?.rows ?? 0), Math.max(wanted, head?.wanted ?? 64));
  return model.head;
}

/** Makes room for a baseline's logits, which are kept beside the model's own to compare the two. */
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
  const V = weights.head.rows;
  const strips = stripsOf(V);
  const lengths: Record<HeadBuffer, number> = {
    ids: rows,
    picked: rows * config.hidden_size,
    normed: rows * config.hidden_size,
    rounded: rows * config.hidden_size,
    logits: rows * V,
    peaks: 2 * rows * strips,
    places: rows * strips,
    wanted: 2 * wanted,
    logprob: wanted,
    best: wanted,
    gaps: rows * strips,
  };
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
