import { openCheckpoint, readWeight, readWeightBytes, type Checkpoint } from '../src/tensor/checkpoint.ts';
import { memorySource, type FileSet } from '../src/tensor/source.ts';

/** The bytes of a file below e2e/golden, in Node from disk, in the browser from the server that runs the test. */
async function bytesAt(path: string): Promise<Uint8Array> {
  if (typeof document === 'undefined') {
    const { readFile } = await import('node:fs/promises');
    return readFile(new URL(`./golden/${path}`, import.meta.url));
  }
  const response = await fetch(`/e2e/golden/${path}`);
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A golden's JSON twin. */
export async function goldenJson<T>(path: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await bytesAt(path))) as T;
}

/** Files of a folder below e2e/golden as a FileSet; `extra` stands in for what the golden does not carry. */
export function goldenFolder(
  folder: string,
  names: readonly string[],
  extra: Record<string, unknown> = {},
): FileSet {
  const made = new Map(
    Object.entries(extra).map(([name, value]) => [name, new TextEncoder().encode(JSON.stringify(value))]),
  );
  return {
    names: [...names, ...made.keys()],
    open: async (name) => memorySource(name, made.get(name) ?? (await bytesAt(`${folder}/${name}`))),
  };
}

/** The tensors of one golden. */
export interface Golden {
  has(name: string): boolean;
  shape(name: string): readonly number[];
  /** Decoded to float32: F32, F16 or BF16. */
  floats(name: string): Promise<Float32Array<ArrayBuffer>>;
  bytes(name: string): Promise<Uint8Array<ArrayBuffer>>;
  integers(name: string): Promise<Int32Array>;
}

export async function openGolden(path: string): Promise<Golden> {
  const name = path.split('/').at(-1)!;
  const folder = path.slice(0, -name.length - 1);
  const file = `${name}.safetensors`;
  const at = folder === '' ? '.' : folder;
  const checkpoint: Checkpoint = await openCheckpoint(goldenFolder(at, [file]));
  return {
    has: (tensor) => checkpoint.tensors.has(tensor),
    shape: (tensor) => checkpoint.tensors.get(tensor)!.info.shape,
    floats: async (tensor) => (await readWeight(checkpoint, tensor)).data,
    bytes: (tensor) => readWeightBytes(checkpoint, tensor),
    integers: async (tensor) => new Int32Array((await readWeightBytes(checkpoint, tensor)).slice().buffer),
  };
}

/** A tokenizer for models that come without one: they are asked in ids. */
export const NO_TOKENIZER = {
  'tokenizer.json': {
    version: '1.0',
    added_tokens: [{ id: 0, content: '<|end|>', special: true }],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: { '<|end|>': 0 }, merges: [] },
  },
  'tokenizer_config.json': { eos_token: '<|end|>' },
};
