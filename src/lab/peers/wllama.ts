import { version } from '@wllama/wllama/package.json';
import { Wllama } from '@wllama/wllama/esm/index.js';
import wasm from '@wllama/wllama/esm/single-thread/wllama.wasm?url';
import { LabError } from '../../errors.ts';
import { ggufWeights } from '../../model/gguf/gguf_files.ts';
import type { FileSet } from '../../tensor/source.ts';
import { scriptAddress } from '../client/open_worker.ts';
import type { OpenPeer, Peer } from './peer.ts';

/** Bytes that are read at a time. */
const PIECE = 2 ** 26;

/** Slots of the cache at first; a longer text loads the model anew, with more. */
const FEWEST_SLOTS = 1024;

/** Probabilities below the least float32 come as 0: their logarithm is below this. */
const LEAST_LOG = Math.log(2 ** -150);

/** The one GGUF file of a type: `q4_0` is that of "…-Q4_0.gguf" or "….q4_0.gguf". */
export function ggufFile({ dtype }: { dtype: string }, { names }: Pick<FileSet, 'names'>): string {
  const files = names.filter((name) => name.endsWith('.gguf'));
  const found = files.filter((name) => new RegExp(`(^|[-._/])${dtype}\\.gguf$`, 'i').test(name));
  if (found.length === 1) return found[0]!;
  throw new LabError(
    'missing-file',
    found.length === 0
      ? `No file ends in ${dtype}.gguf; GGUF files there: ${files.join(', ') || 'none'}.`
      : `${found.length} files end in ${dtype}.gguf: ${found.join(', ')}; allowed: one.`,
  );
}

/**
 * Opens llama.cpp, as wllama compiles it, on a GGUF file, with keys and values in float32. Its API gives the probabilities
 * behind the last token that it was fed: so the text up to the first that is asked for goes in at once, the rest one by one.
 */
export const openWllama: OpenPeer = async (config, files, onFile) => {
  const name = ggufFile(config, files);
  const source = await files.open(name);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let begin = 0; begin < source.byteLength; begin += PIECE) {
    pieces.push(await source.slice(begin, Math.min(begin + PIECE, source.byteLength)));
  }
  const file = new Blob(pieces);
  onFile(name, source.byteLength, source.sha256);
  let slots = FEWEST_SLOTS;
  let model = await load(config.dtype, file, slots);
  /** What the cache holds: so many tokens, the first of them these, with what came behind them. */
  let cached: { prefix: string; row: Float32Array } | undefined;
  let filled = 0;

  /** Feeds tokens, and gives the logarithms of the probabilities behind the last of them. */
  async function feed(ids: readonly number[]): Promise<Float32Array> {
    await model.decode([...ids], {});
    filled += ids.length;
    const row = new Float32Array(model.getModelMetadata().hparams.nVocab);
    for (const { token, p } of await model.getLogits(-1)) row[token] = p === 0 ? LEAST_LOG : Math.log(p);
    return row;
  }

  async function rows(ids: readonly number[], from: number): Promise<Float32Array[]> {
    if (ids.length > slots) {
      await model.exit();
      slots = 2 ** Math.ceil(Math.log2(ids.length));
      model = await load(config.dtype, file, slots);
      [cached, filled] = [undefined, 0];
    }
    const first = ids.slice(0, from + 1);
    const prefix = first.join(' ');
    if (cached?.prefix === prefix) {
      // The same text in the same piece: what it left is what it would leave again.
      if (filled > first.length) await model.kvRemove(first.length, filled - first.length);
    } else {
      cached = undefined;
      await model.kvClear();
      filled = 0;
      cached = { prefix, row: await feed(first) };
    }
    filled = first.length;
    const made = [cached.row];
    for (const id of ids.slice(from + 1)) made.push(await feed([id]));
    return made;
  }

  const vocab = model.getModelMetadata().hparams.nVocab;
  return {
    engine: `wllama ${version}, llama.cpp ${Wllama.getLibllamaVersion()}`,
    vocab,
    async logits(ids, from) {
      const made = await rows(ids, from).catch((error: unknown) => {
        throw new LabError('bad-peer', `wllama could not compute ${name}: ${sentenceOf(error)}`, {
          cause: error,
        });
      });
      const all = new Float32Array(made.length * vocab);
      for (const [i, row] of made.entries()) all.set(row, i * vocab);
      return all;
    },
    async encode(text) {
      const ids = await model.tokenize(text, true);
      return model.mustAddBosToken() ? [model.getBOS(), ...ids] : ids;
    },
    weights: () => ggufWeights(source),
    close: () => model.exit(),
  } satisfies Peer;
};

async function load(dtype: string, file: Blob, n_ctx: number): Promise<Wllama> {
  const said: string[] = [];
  const hear = (...parts: unknown[]) => void said.push(parts.map(String).join(' '));
  const quiet = () => undefined;
  const model = new Wllama(
    { 'single-thread/wllama.wasm': wasm },
    { logger: { debug: quiet, log: quiet, warn: quiet, error: hear } },
  );
  const restore = lendNames();
  try {
    await model.loadModel([file], {
      ...{ n_ctx, n_threads: 1, cache_type_k: 'f32', cache_type_v: 'f32', flash_attn: false },
    });
    return model;
  } catch (error) {
    await model.exit();
    throw new LabError('bad-peer', `wllama could not load ${dtype}: ${said[0] ?? sentenceOf(error)}`, {
      cause: error,
    });
  } finally {
    restore();
  }
}

/**
 * Lends wllama two names of a page until it has begun its worker: `document`, whose address it asks for, and a `Worker`
 * that takes the plain address of a blob, which the page's policy refuses.
 */
function lendNames(): () => void {
  const scope = globalThis as { document?: unknown; Worker: typeof Worker };
  const { Worker: Own } = scope;
  const lent = scope.document === undefined;
  if (lent) scope.document = { baseURI: location.href };
  const restore = () => {
    if (lent) delete scope.document;
    scope.Worker = Own;
  };
  scope.Worker = class extends Own {
    constructor(address: string | URL, options?: WorkerOptions) {
      super(scriptAddress(String(address)), options);
      restore();
    }
  };
  return restore;
}

/** The first line of what went wrong. */
const sentenceOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 300);
