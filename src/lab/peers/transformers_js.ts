import { AutoModelForCausalLM, AutoTokenizer, Tensor, env } from '@huggingface/transformers';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import type { InferenceSession } from 'onnxruntime-web';
import { LabError } from '../../errors.ts';
import type { PeerConfig } from '../../quant/config.ts';
import { onnxWeights } from '../../quant/saved/onnx.ts';
import { withOutputs } from '../../tensor/onnx.ts';
import type { FileSet } from '../../tensor/source.ts';
import type { OpenPeer, Peer } from './peer.ts';

/** Ends of the names of a model's files, by transformers.js' own table (utils/dtypes.js). */
const SUFFIX: Record<string, string> = { fp32: '', q8: '_quantized' };

/** The file of a dtype, as transformers.js asks for it. */
export const onnxFile = ({ dtype }: Pick<PeerConfig, 'dtype'>): string =>
  `onnx/model${SUFFIX[dtype] ?? `_${dtype}`}.onnx`;

/** An address that nothing has: what is asked for below it is answered from the files. */
const HOST = 'https://files.invalid/';

/** A model is opened anew with more outputs: each opening has a name of its own, for what is kept by name. */
let opened = 0;

/** Opens transformers.js on a model's files: nothing is fetched but its own wasm, which comes with this page. */
export const openTransformersJs: OpenPeer = async (config, files, onFile) => {
  const name = onnxFile(config);
  if (!files.names.includes(name)) {
    const others = files.names.filter((each) => each.endsWith('.onnx'));
    throw new LabError(
      'missing-file',
      `${name} is not among the files; ONNX files there: ${others.join(', ') || 'none'}.`,
    );
  }
  const read = new Map<string, Uint8Array<ArrayBuffer>>();
  const readFile = async (path: string): Promise<Uint8Array<ArrayBuffer>> => {
    const kept = read.get(path);
    if (kept) return kept;
    const source = await files.open(path);
    const bytes = await source.slice(0, source.byteLength);
    onFile(path, bytes.length, source.sha256);
    read.set(path, bytes);
    return bytes;
  };
  const model = await openModel(config, files, readFile);
  const tokenizer = await openTokenizer(files, readFile);
  const bytes = await readFile(name);
  return {
    engine: `transformers.js ${env.version}, onnxruntime-web ${versionOf(env.backends.onnx)}`,
    vocab: model.vocab,
    async logits(ids, from) {
      return (await model.logits(ids)).subarray(from * model.vocab);
    },
    encode: tokenizer,
    weights: () => Promise.resolve().then(() => onnxWeights(bytes, (path) => read.get(`onnx/${path}`))),
    async values(ids, names) {
      const telling = await openModel(config, files, async (path) =>
        path === name ? withOutputs(bytes, names) : readFile(path),
      );
      try {
        return await telling.values(ids, names);
      } finally {
        await telling.close();
      }
    },
    close: () => model.close(),
  } satisfies Peer;
};

/** ONNX Runtime tells its versions by its parts. */
const versionOf = (onnx: unknown): string =>
  (onnx as { versions?: { web?: string } }).versions?.web ?? 'of an unknown version';

type Outputs = Record<string, Tensor>;
type Callable = (inputs: Record<string, unknown>) => Promise<Outputs>;

async function openModel(
  { dtype, device }: PeerConfig,
  files: FileSet,
  readFile: (path: string) => Promise<Uint8Array<ArrayBuffer>>,
) {
  const couldNot = (what: string, error: unknown): never => {
    const sentence = `transformers.js could not ${what} ${dtype} on ${device}: ${sentenceOf(error)}`;
    throw new LabError('bad-peer', sentence, { cause: error });
  };
  const id = `peer/${opened++}`;
  answerFrom(id, files, readFile);
  // Weights beside a file are in one piece or more: model.onnx_data, model.onnx_data_1, …
  const name = onnxFile({ dtype });
  const pieces = files.names.filter((path) => path.startsWith(`${name}_data`)).length;
  const model = await AutoModelForCausalLM.from_pretrained(id, {
    dtype: dtype as 'fp32',
    device: device as 'wasm',
    use_external_data_format: pieces,
  }).catch((error: unknown) => couldNot('load', error));
  const call = model as unknown as Callable;
  const failures = keptFailures(model);
  const vocab = (model.config as unknown as { vocab_size: number }).vocab_size;

  async function run(ids: readonly number[]): Promise<Outputs> {
    const shape = [1, ids.length];
    const inputs = {
      input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
      attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
    };
    const outputs = await call(inputs).catch((error: unknown) =>
      couldNot('compute', failures.pop() ?? error),
    );
    return failures.length === 0 ? outputs : couldNot('compute', failures.pop());
  }

  /** The values of the names, brought from wherever they are; the rest is let go. */
  async function take(outputs: Outputs, names: readonly string[]): Promise<Map<string, Float32Array>> {
    const taken = new Map<string, Float32Array>();
    for (const [name, tensor] of Object.entries(outputs)) {
      if (names.includes(name))
        taken.set(name, Float32Array.from((await dataOf(tensor)) as ArrayLike<number>));
      tensor.dispose();
    }
    return taken;
  }

  return {
    vocab,
    async logits(ids: readonly number[]): Promise<Float32Array> {
      const [logits] = (await take(await run(ids), ['logits'])).values();
      if (logits?.length === ids.length * vocab) return logits;
      throw new LabError(
        'bad-peer',
        `transformers.js gave ${logits?.length ?? 0} logits for ${ids.length} tokens; allowed: ${ids.length} times the vocabulary's ${vocab}.`,
      );
    },
    values: async (ids: readonly number[], names: readonly string[]) => take(await run(ids), names),
    close: async () => void (await model.dispose()),
  };
}

/**
 * Keeps failures of a model's sessions in place of throwing them: transformers.js runs each behind the one before it, and
 * behind one that failed all others fail, whatever model they are of.
 */
function keptFailures(model: unknown): unknown[] {
  const failures: unknown[] = [];
  const { sessions } = model as { sessions: Record<string, Pick<InferenceSession, 'run'>> };
  for (const session of Object.values(sessions)) {
    const run = session.run.bind(session) as (...inputs: unknown[]) => Promise<Record<string, never>>;
    session.run = (...inputs: unknown[]) =>
      run(...inputs).catch((error: unknown) => {
        failures.push(error);
        return {};
      });
  }
  return failures;
}

/** The data of a tensor that may lie on the GPU. */
const dataOf = async (tensor: Tensor): Promise<unknown> => {
  const { ort_tensor } = tensor as unknown as {
    ort_tensor: { getData(release?: boolean): Promise<unknown> };
  };
  return ort_tensor.getData();
};

/** The tokenizer of the files, as transformers.js reads them; none where it cannot. */
async function openTokenizer(
  files: FileSet,
  readFile: (path: string) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Peer['encode']> {
  if (!files.names.includes('tokenizer.json')) return undefined;
  const id = `peer/${opened++}`;
  answerFrom(id, files, readFile);
  try {
    const tokenizer = await AutoTokenizer.from_pretrained(id);
    return (text) => tokenizer.encode(text);
  } catch {
    return undefined;
  }
}

/** Answers what transformers.js fetches of the model of that id from its files, and refuses everything else. */
function answerFrom(
  id: string,
  files: FileSet,
  readFile: (path: string) => Promise<Uint8Array<ArrayBuffer>>,
): void {
  const { wasm: settings } = env.backends.onnx as { wasm: Record<string, unknown> };
  Object.assign(settings, { wasmPaths: { wasm }, numThreads: 1, proxy: false });
  Object.assign(env, {
    ...{ allowLocalModels: false, allowRemoteModels: true, remoteHost: HOST },
    // What is kept is kept by this lab, under its hash.
    ...{ useBrowserCache: false, useWasmCache: false, useFSCache: false },
    fetch: async (address: string | URL): Promise<Response> => {
      const begin = `${HOST}${id}/resolve/main/`;
      const href = String(address);
      const path = decodeURIComponent(href.slice(begin.length));
      if (!href.startsWith(begin) || !files.names.includes(path)) return new Response(null, { status: 404 });
      return new Response(await readFile(path));
    },
  });
}

/** The first line of what went wrong. */
const sentenceOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 300);
