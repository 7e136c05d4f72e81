import type { Gpu } from '../../gpu/device/device.ts';
import { encodePair } from '../../model/causal_lm.ts';
import { countParameters } from '../../model/footprint.ts';
import type { Model } from '../../model/forward.ts';
import type { ModelFiles } from '../../model/open_model.ts';
import { withModel, type ModelSource } from '../../model/session.ts';
import { ENGINES } from '../../quant/formats/peer.ts';
import { FLOAT32, type PeerConfig, type QuantConfig } from '../../quant/config.ts';
import type { FloatName, Grid } from '../../quant/saved/file_layer.ts';
import type { PeerAudit } from '../../study/peer_audit.ts';
import type { PlannedItem } from '../plan.ts';
import { distanceOf, firstNotFinite, type Answers } from './distance.ts';
import { readLayers, type ReadLayers } from './layers.ts';
import { firstWrongProduct } from './products.ts';
import { withWeights } from './other_weights.ts';
import type { Peer } from './peer.ts';
import { referenceLogits } from './peer_language_model.ts';
import { sum } from '../../tensor/sum.ts';

/** Tokens that are compared, and of one text, at most: each of ours and of the peer's goes through its own model. */
const MOST_TOKENS = 192;
const MOST_OF_A_TEXT = 64;

/** Weights in float32 beside the model, in bytes at most: two copies of them are made, one after the other. */
const MOST_BYTES = 2 ** 30;

/** KL of two orders of summation in float32, with room: what float kernels may differ by. */
const FLOAT_KL = 1e-5;

/** An engine of other rounding than ours may lose so many times as much by it. */
const ROOM = 4;

export interface AuditJob {
  gpu: Gpu;
  config: PeerConfig;
  model: ModelFiles;
  /** Our float32 model, loaded. */
  reference: Model;
  peer: Peer;
  plan: readonly PlannedItem[];
  onStep: (done: number, total: number, what: string) => Promise<void>;
}

/**
 * Holds an engine against the float32 model: its answers, then the weights of its file, then its arithmetic on them;
 * and where one of these strays further than its format costs, names the layer or product where that begins.
 */
export async function audit(job: AuditJob): Promise<Omit<PeerAudit, 'files' | 'revision' | 'engine'>> {
  const { gpu, config, model, reference, peer, plan, onStep } = job;
  const texts = textsOf(plan, model);
  const lengths = texts.map(({ length }) => length);
  await onStep(0, 4, 'what it answers');
  const ours = await answersOf(texts, (ids) => referenceLogits(reference, ids));
  const theirs = await answersOf(texts, async (ids) => {
    const all = await peer.logits(ids, 0);
    return (token) => all.subarray(token * peer.vocab, (token + 1) * peer.vocab);
  });
  const found = { tokens: sum(lengths), ...(await tokenizerOf(peer, plan, model)) };

  await onStep(1, 4, 'the weights of its file');
  const layers = await readLayers(peer, model);
  const read = { ...('unread' in layers ? { unread: layers.unread } : { layers: countOf(layers) }) };
  const lost = firstNotFinite(theirs, lengths);
  if (lost) {
    const begins =
      'unread' in layers ? undefined : await firstWrongProduct(peer, layers.layers, texts[lost.text]!);
    // No distance to a distribution that there is not.
    return {
      ...found,
      ...read,
      verdict: 'not a number',
      peer: { kl: 0, same_top: 0, first: lost },
      ...(begins && { begins }),
    };
  }
  const answered = { ...found, ...read, peer: distanceOf(ours, theirs, lengths) };

  const here = (source: ModelSource, quant: QuantConfig) =>
    withModel(gpu, source, quant, (own) => answersOf(texts, (ids) => referenceLogits(own, ids)));
  if ('unread' in layers || MOST_BYTES < 4 * parametersOf(model)) {
    await onStep(2, 4, 'what its format costs');
    const cost = distanceOf(ours, await here(model, likeDtype(config)), lengths);
    const astray = 'unread' in layers ? undefined : layers.astray[0];
    const agrees = !astray && answered.peer.kl <= ROOM * cost.kl + FLOAT_KL;
    return { ...answered, verdict: agrees ? 'agrees' : 'differs', cost, ...(astray && { begins: astray }) };
  }

  await onStep(2, 4, 'what its format costs');
  const rounded = await here(await withWeights(model, await layers.rounded()), FLOAT32);
  const cost = distanceOf(ours, rounded, lengths);
  const same = await withWeights(model, await layers.own());
  const computed = await here(same, FLOAT32);
  const file = distanceOf(ours, computed, lengths);
  const arithmetic = distanceOf(computed, theirs, lengths);
  const distances = { cost, file, arithmetic };
  const [astray] = layers.astray;
  if (astray) return { ...answered, verdict: 'differs', ...distances, begins: astray };

  await onStep(3, 4, 'its arithmetic');
  const rounding = roundingOf(config, layers.grids);
  const rounded_too = rounding && distanceOf(computed, await here(same, rounding), lengths).kl;
  const allowed = Math.max(FLOAT_KL, ROOM * (rounded_too ?? 0));
  if (arithmetic.kl <= allowed) return { ...answered, verdict: 'agrees', ...distances, allowed };
  const worst = worstText(computed, theirs, lengths);
  const begins = await firstWrongProduct(peer, layers.layers, texts[worst]!);
  // Inputs rounded to 8 bits are that format's own cost, and no product shows more of it than they do.
  if (!begins && peer.values && rounding === INT8_INPUTS)
    return { ...answered, verdict: 'agrees', ...distances };
  return {
    ...{ ...answered, verdict: 'differs', ...distances, allowed },
    ...(begins && { begins }),
    ...(!peer.values && { without_outputs: true }),
  };
}

/** The beginnings of questions of every task, with the answers that are scored behind them, as ids. */
function textsOf(plan: readonly PlannedItem[], { tokenizer }: Pick<ModelFiles, 'tokenizer'>): number[][] {
  const turn = new Map<string, number>();
  const order = plan
    .map((item) => {
      const place = turn.get(item.task) ?? 0;
      turn.set(item.task, place + 1);
      return { item, place };
    })
    .sort((a, b) => a.place - b.place);
  const texts: number[][] = [];
  let left = MOST_TOKENS;
  for (const {
    item: { doc },
  } of order) {
    if (left <= 1) break;
    const ids = idsOf(doc, tokenizer).slice(-Math.min(left, MOST_OF_A_TEXT));
    if (ids.length === 0) continue;
    texts.push(ids);
    left -= ids.length;
  }
  return texts;
}

function idsOf(doc: PlannedItem['doc'], tokenizer: ModelFiles['tokenizer']): number[] {
  switch (doc.output_type) {
    case 'multiple_choice': {
      const { context, choices, gold, target_delimiter = ' ' } = doc;
      const pair = encodePair(tokenizer, context, target_delimiter + choices[gold]!);
      return [...pair.context, ...pair.continuation];
    }
    case 'loglikelihood_rolling':
      return [tokenizer.prefix_token_id, ...tokenizer.encode(doc.text).slice(0, MOST_OF_A_TEXT - 1)];
    case 'generate_until':
      return tokenizer.encode(doc.context);
    case 'classify':
      return tokenizer.encode(doc.text);
  }
}

async function answersOf(
  texts: readonly (readonly number[])[],
  answer: (ids: readonly number[]) => Promise<(token: number) => Float32Array>,
): Promise<Answers> {
  const answers: ((token: number) => Float32Array)[] = [];
  for (const ids of texts) answers.push(await answer(ids));
  return answers;
}

/** Whether the engine's own tokenizer would have split the first questions as ours does. */
async function tokenizerOf(
  { encode }: Peer,
  plan: readonly PlannedItem[],
  { tokenizer }: Pick<ModelFiles, 'tokenizer'>,
): Promise<Pick<PeerAudit, 'tokenizer'>> {
  if (!encode) return {};
  const texts = plan.slice(0, 64).map(({ doc }) => ('text' in doc ? doc.text : doc.context));
  for (const text of texts) {
    if (tokenizer.encode(text).join() !== (await encode(text)).join()) return { tokenizer: 'different' };
  }
  return { tokenizer: 'equal' };
}

const countOf = ({ layers, astray }: ReadLayers) => ({
  read: layers.length,
  astray: astray.filter(({ what }) => what === 'weights').length,
});

/** Our own format that comes nearest to a type of file, where its weights were not read. */
function likeDtype({ peer, dtype }: PeerConfig): QuantConfig {
  if (peer === 'wllama') return likeGguf(ENGINES.wllama.dtypes[dtype]!);
  const half = dtype.endsWith('16');
  const compute_dtype = half ? 'float16' : 'float32';
  switch (dtype) {
    case 'bnb4':
      return { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype };
    case 'q4':
    case 'q4f16':
      return { quant_type: 'int4_group', group_size: 32, symmetric: true, compute_dtype };
    case 'q8':
    case 'int8':
    case 'uint8':
      return INT8_INPUTS;
    default:
      return { quant_type: 'none', compute_dtype };
  }
}

/** The finest type of GGUF that is made here of no more bits. */
function likeGguf(bits: number): QuantConfig {
  if (bits >= 16) return { quant_type: 'none', compute_dtype: bits === 32 ? 'float32' : 'bfloat16' };
  return { quant_type: 'gguf', gguf_type: bits === 8 ? 'Q8_0' : 'Q4_1', compute_dtype: 'float32' };
}

/** Every input is rounded to 8 bits by its own largest magnitude. */
const INT8_INPUTS: QuantConfig = { quant_type: 'llm_int8', llm_int8_threshold: 0, compute_dtype: 'float32' };

/** What an engine rounds beside the weights, as a configuration that rounds as much; none where it computes in float32. */
function roundingOf({ dtype }: PeerConfig, grids: readonly Grid[]): QuantConfig | undefined {
  if (grids.some(({ kind }) => kind === 'int8' || kind === 'ggml')) return INT8_INPUTS;
  const half = (dtype: FloatName) => grids.some((grid) => grid.kind === 'float' && grid.dtype === dtype);
  if (half('bfloat16')) return { quant_type: 'none', compute_dtype: 'bfloat16' };
  return half('float16') || dtype.endsWith('f16') || dtype === 'fp16'
    ? { quant_type: 'none', compute_dtype: 'float16' }
    : undefined;
}

function worstText(base: Answers, other: Answers, lengths: readonly number[]): number {
  const kls = lengths.map((length, i): number => distanceOf([base[i]!], [other[i]!], [length]).kl);
  return kls.indexOf(Math.max(...kls));
}

const parametersOf = ({ config }: Pick<ModelFiles, 'config'>): number => {
  const { linear, other } = countParameters(config);
  return linear + other;
};
