import { describe, expect, it } from 'vitest';
import { goldenFolder } from '../../test/fixtures/golden_files.ts';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import { parseConfig } from '../model/config.ts';
import { savedReader } from '../model/loader.ts';
import { linearModules } from '../model/modules.ts';
import { readJson } from '../model/read_json.ts';
import { readQuantized, savedQuantType, type SavableConfig } from '../quant/bitsandbytes_format.ts';
import { quantize } from '../quant/quantize.ts';
import { openCheckpoint, readWeight, readWeightBytes, type Checkpoint } from '../tensor/checkpoint.ts';
import { encodeF16 } from '../tensor/dtype.ts';
import { memoryFiles, type FileSet } from '../tensor/source.ts';
import { transposed } from '../tensor/tensor.ts';
import { headerOf } from '../tensor/write_safetensors.ts';
import { saveCheckpoint } from './save_checkpoint.ts';

const NF4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;
const FP4 = { ...NF4, quant_type: 'fp4' } as const;
const NF4_DQ = { ...NF4, double_quant: true } as const;
const LLM_INT8 = { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float32' } as const;

/** Writes a quantized copy into memory, and reads it as files again. */
async function saved(files: FileSet, config: SavableConfig, shardBytes?: number): Promise<FileSet> {
  const written = new Map<string, Uint8Array[]>();
  await saveCheckpoint(
    files,
    config,
    {
      open(name) {
        const parts: Uint8Array[] = [];
        const write = (bytes: Uint8Array) => Promise.resolve(void parts.push(bytes));
        return Promise.resolve({ write, close: () => Promise.resolve(void written.set(name, parts)) });
      },
    },
    undefined,
    shardBytes,
  );
  return memoryFiles(Object.fromEntries([...written].map(([name, parts]) => [name, joined(parts)])));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

const golden = (folder: string) => goldenFolder(folder, ['config.json', 'model.safetensors']);

/** Every tensor as it is stored; what quant_state says as an object, since spaces and order mean nothing in it. */
async function contents(checkpoint: Checkpoint): Promise<Map<string, unknown>> {
  const read = [...checkpoint.tensors.keys()].sort().map(async (name) => {
    const { dtype, shape } = checkpoint.tensors.get(name)!.info;
    const bytes = await readWeightBytes(checkpoint, name);
    if (!name.includes('.quant_state.')) return [name, { dtype, shape, bytes }] as const;
    return [name, JSON.parse(new TextDecoder().decode(bytes)) as unknown] as const;
  });
  return new Map(await Promise.all(read));
}

describe('a quantized copy is the checkpoint that bitsandbytes saves', () => {
  it.each([
    ['llama', 'llama-nf4', NF4],
    ['llama', 'llama-fp4', FP4],
    ['llama', 'llama-nf4-dq', NF4_DQ],
    ['llama', 'llama-llm-int8', LLM_INT8],
    ['gpt2', 'gpt2-nf4', NF4],
  ] as const)('%s as %s: every tensor, byte for byte', async (model, name, config) => {
    const theirs = golden(`checkpoints/${name}`);
    const ours = await saved(golden(`models/${model}`), config);
    const [a, b] = [await contents(await openCheckpoint(ours)), await contents(await openCheckpoint(theirs))];
    expect([...a.keys()]).toEqual([...b.keys()]);
    for (const [tensor, content] of b) expect(a.get(tensor), tensor).toEqual(content);
    const settings = async (files: FileSet) =>
      ((await readJson(files, 'config.json')) as { quantization_config: unknown }).quantization_config;
    expect(await settings(ours)).toEqual(await settings(theirs));
  });
});
