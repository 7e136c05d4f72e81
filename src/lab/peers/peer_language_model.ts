import { encodePair, truncate } from '../../model/causal_lm.ts';
import { forward, reserve, type Model } from '../../model/forward.ts';
import { generateText } from '../../model/generate_text.ts';
import type { LanguageModel, Loglikelihood, Trace } from '../../model/language_model.ts';
import { readLogits } from '../../model/logits.ts';
import type { ModelFiles } from '../../model/open_model.ts';
import type { Pair } from '../../model/packing.ts';
import { largest, logitsProcessors } from '../../model/process_logits.ts';
import { rollingWindows } from '../../model/rolling_windows.ts';
import { sequenceBatch } from '../../model/sequence.ts';
import { klOf, logSumExp } from './distribution.ts';
import type { Peer } from './peer.ts';

/** A peer as the LanguageModel of an evaluation, and how many tokens went through it. */
export interface PeerLanguageModel extends LanguageModel {
  tokens: number;
  /** Seconds that the reference took beside it. */
  aside_seconds: number;
}

/**
 * A peer behind our own tokenizer: its logits are scored as our models' are. Texts are compared with the distributions
 * of `reference`, which reads them, too, where a trace wants to know.
 */
export function peerLanguageModel(
  peer: Peer,
  { tokenizer, generation, config }: Pick<ModelFiles, 'tokenizer' | 'generation' | 'config'>,
  reference: Model,
): PeerLanguageModel {
  const max_length = config.max_position_embeddings;
  const processors = logitsProcessors(generation);

  /** Logits behind the tokens from number `from` on, by their number. */
  async function logits(ids: readonly number[], from: number): Promise<(position: number) => Float32Array> {
    const rows = await peer.logits(ids, from);
    lm.tokens += ids.length;
    return (position) => rows.subarray((position - from) * peer.vocab, (position - from + 1) * peer.vocab);
  }

  /** Scores pairs; those of one input, such as choices of one token each, share a pass. */
  async function scored(pairs: readonly Pair[], trace?: Trace): Promise<Loglikelihood[]> {
    const passes = new Map<string, (position: number) => Float32Array>();
    const answers: Loglikelihood[] = [];
    for (const { context, continuation } of pairs) {
      const ids = [...context, ...continuation.slice(0, -1)];
      const from = context.length - 1;
      const key = [from, ...ids].join(' ');
      const rowOf = passes.get(key) ?? (await logits(ids, from));
      passes.set(key, rowOf);
      const base = trace?.kind === 'compare' ? await aside(() => referenceLogits(reference, ids)) : undefined;
      let [logprob, is_greedy] = [0, true];
      for (const [i, target] of continuation.entries()) {
        const position = from + i;
        const row = rowOf(position);
        const own = row[target]! - logSumExp(row);
        const best = largest(row);
        logprob += own;
        is_greedy &&= best === target;
        if (!base || trace?.kind !== 'compare') continue;
        const before = base(position);
        trace.report({
          logprob: own,
          base_logprob: before[target]! - logSumExp(before),
          kl: klOf(before, row),
          same_top: largest(before) === best,
        });
      }
      answers.push({ logprob, is_greedy, tokens: continuation.length });
    }
    return answers;
  }

  async function aside<T>(work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    const done = await work();
    lm.aside_seconds += (performance.now() - begun) / 1000;
    return done;
  }

  /** Each id anew from all before it: slow, and without a cache that could be wrong. */
  async function* ids(prompt: readonly number[], most: number): AsyncGenerator<number, void, undefined> {
    const all = [...prompt];
    for (let made = 0; made < most; made++) {
      const last = all.length - 1;
      const row = (await logits(all, last))(last).slice();
      for (const process of processors) process(row, { ids: all, prompt: prompt.length });
      const id = largest(row);
      all.push(id);
      yield id;
    }
  }

  const lm: PeerLanguageModel = {
    tokens: 0,
    aside_seconds: 0,
    loglikelihood: (context, continuations) =>
      scored(continuations.map((each) => truncate(encodePair(tokenizer, context, each), max_length))),
    async loglikelihoodRolling(text, trace) {
      const windows = rollingWindows(tokenizer.encode(text), tokenizer.prefix_token_id, max_length);
      const parts = await scored(windows, trace);
      return {
        logprob: parts.reduce((sum, { logprob }) => sum + logprob, 0),
        is_greedy: parts.every(({ is_greedy }) => is_greedy),
        tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
      };
    },
    generateUntil: (context, options) =>
      generateText({ tokenizer, generation, max_length, ids }, context, options),
  };
  return lm;
}

/** Logits of one of our models behind each of the tokens. */
export async function referenceLogits(
  model: Model,
  ids: readonly number[],
): Promise<(position: number) => Float32Array> {
  await reserve(model, ids.length, ids.length);
  const rows: Float32Array[] = [];
  for (let begin = 0; begin < ids.length; begin += ROWS) {
    const part = ids.slice(begin, begin + ROWS);
    // Some ropes depend on the whole sequence's length.
    forward(model, sequenceBatch(part, begin, ids.length));
    rows.push(await readLogits(model, [...part.keys()]));
  }
  const vocab = rows[0]!.length / Math.min(ROWS, ids.length);
  return (position) => {
    const place = position % ROWS;
    return rows[Math.floor(position / ROWS)]!.subarray(place * vocab, (place + 1) * vocab);
  };
}

/** Tokens whose logits are read at a time. */
const ROWS = 32;
