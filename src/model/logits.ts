import { argmax } from '../gpu/argmax.ts';
import { openArena, readBack, write, type Arena } from '../gpu/buffers.ts';
import { embedding } from '../gpu/embedding.ts';
import { linear } from '../gpu/linear.ts';
import { STRIP, logit_strips, stripsOf } from '../gpu/logit_strips.ts';
import { logprobs } from '../gpu/logprobs.ts';
import { normalize, rounded, type Model } from './forward.ts';

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

/** Buffers between the last block and what is read back, for up to `rows` rows and `wanted` tokens. */
export interface Head {
  arena: Arena;
  rows: number;
  wanted: number;
  buffers: Record<HeadBuffer, GPUBuffer>;
}

type HeadBuffer =
  'ids' | 'picked' | 'normed' | 'rounded' | 'logits' | 'peaks' | 'places' | 'wanted' | 'logprob' | 'best';

/** Logits kept at once: 64 MiB are 130 rows of Llama 3's vocabulary, and fit the default binding of 128 MiB. */
const LOGIT_BYTES = 64 * 1024 * 1024;

/**
 * Log-probabilities after the last forward pass, in the order wanted; nothing else is read back.
 * Rows go through the head some at a time, so that a long text needs no [tokens, vocabulary] matrix.
 */
export async function scoreWanted(model: Model, wanted: readonly Wanted[]): Promise<TokenLogprob[]> {
  const most = Math.max(1, Math.floor(LOGIT_BYTES / (4 * model.config.vocab_size)));
  const rows = [...new Set(wanted.map(({ row }) => row))];
  const results = new Array<TokenLogprob>(wanted.length);
  for (let begin = 0; begin < rows.length; begin += most) {
    const group = rows.slice(begin, begin + most);
    const places = [...wanted.keys()].filter((i) => group.includes(wanted[i]!.row));
    const scored = await scoreRows(
      model,
      group,
      places.map((i) => wanted[i]!),
    );
    places.forEach((place, i) => (results[place] = scored[i]!));
  }
  return results;
}

async function scoreRows(
  model: Model,
  rows: readonly number[],
  wanted: readonly Wanted[],
): Promise<TokenLogprob[]> {
  const { gpu, commands, config } = model;
  const W = wanted.length;
  const { buffers } = await reserveHead(model, rows.length, W);
  const slots = new Map(rows.map((row, slot) => [row, slot]));
  write(
    gpu,
    buffers.wanted,
    Uint32Array.from(wanted.flatMap(({ row, target }) => [slots.get(row)!, target])),
  );
  computeLogits(model, rows, buffers);
  commands.dispatch(logprobs, { W, V: config.vocab_size, strips: stripsOf(config.vocab_size) }, buffers);
  commands.submit();
  const [logprob, best] = await Promise.all([
    readBack(gpu, buffers.logprob, 4 * W),
    readBack(gpu, buffers.best, 4 * W),
  ]);
  const values = new Float32Array(logprob);
  const tokens = new Uint32Array(best);
  return wanted.map((_, i) => ({ logprob: values[i]!, best: tokens[i]! }));
}

/** The most likely successor of batch token `row` of the last forward pass. */
export async function greedyToken(model: Model, row: number): Promise<number> {
  const { gpu, commands, config } = model;
  const { buffers } = await reserveHead(model, 1, 1);
  computeLogits(model, [row], buffers);
  const { peaks, places, best } = buffers;
  commands.dispatch(argmax, { R: 1, strips: stripsOf(config.vocab_size) }, { peaks, places, ids: best });
  commands.submit();
  return new Uint32Array(await readBack(gpu, best, 4))[0]!;
}

/** All logits of some rows of the last forward pass, [rows, vocabulary]: for comparing models, not for runs. */
export async function readLogits(model: Model, rows: readonly number[]): Promise<Float32Array> {
  const { buffers } = await reserveHead(model, rows.length, 1);
  computeLogits(model, rows, buffers);
  model.commands.submit();
  return new Float32Array(
    await readBack(model.gpu, buffers.logits, 4 * rows.length * model.config.vocab_size),
  );
}

/** Last norm, language-model head and the first half of the softmax over the hidden states of `rows`. */
function computeLogits(model: Model, rows: readonly number[], buffers: Head['buffers']): void {
  const { gpu, commands, config, weights, workspace, head_dtype } = model;
  const { hidden_size: width, vocab_size: V } = config;
  const R = rows.length;
  const { ids, picked, normed, logits, peaks, places } = buffers;
  write(gpu, ids, Uint32Array.from(rows));
  // Picking rows of hidden states is an embedding whose table they are.
  const pick = { T: R, width, first_row: 0, rows: workspace.tokens };
  commands.dispatch(embedding, pick, { ids, table: workspace.activations.hidden, y: picked });
  normalize(model, picked, weights.norm, normed, R);
  const x = rounded(model, head_dtype, normed, buffers.rounded, R * width);
  linear(commands, weights.lm_head, { M: R, x, y: logits, compute_dtype: head_dtype });
  commands.dispatch(logit_strips, { R, V, strip: STRIP }, { logits, peaks, places });
}

async function reserveHead(model: Model, rows: number, wanted: number): Promise<Head> {
  const { gpu, config, workspace } = model;
  const { head } = workspace;
  if (head && rows <= head.rows && wanted <= head.wanted) return head;
  head?.arena.close();
  workspace.head = undefined;
  const arena = openArena(gpu);
  const R = Math.max(rows, head?.rows ?? 0);
  const W = Math.max(wanted, head?.wanted ?? 64);
  const strips = stripsOf(config.vocab_size);
  const lengths: Record<HeadBuffer, number> = {
    ids: R,
    picked: R * config.hidden_size,
    normed: R * config.hidden_size,
    rounded: R * config.hidden_size,
    logits: R * config.vocab_size,
    peaks: 2 * R * strips,
    places: R * strips,
    wanted: 2 * W,
    logprob: W,
    best: W,
  };
  const buffers = {} as Head['buffers'];
  for (const [name, length] of Object.entries(lengths) as [HeadBuffer, number][]) {
    buffers[name] = await arena.allocate(4 * length, `head ${name}`);
  }
  workspace.head = { arena, rows: R, wanted: W, buffers };
  return workspace.head;
}
