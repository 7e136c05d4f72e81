import { expect, it } from 'vitest';
import gpt2 from '../../public/configs/gpt2.json';
import llama1b from '../../public/configs/Llama-3.2-1B.json';
import qwen05b from '../../public/configs/Qwen2.5-0.5B.json';
import smol135m from '../../public/configs/SmolLM2-135M.json';
import { idleGpu, stubGpuConstants } from '../../test/fixtures/idle_gpu.ts';
import { MACHINES } from '../../test/fixtures/machines.ts';
import type { Kernel } from '../gpu/device/kernel.ts';
import { timeOf, workOf, type Asked, type Ceilings, type Work } from '../gpu/traffic/predict.ts';
import { SCALES } from '../gpu/kernels/blockwise.ts';
import { elementBytes, useOf } from '../gpu/traffic/touched.ts';
import { openCheckpoint, type Checkpoint } from '../tensor/checkpoint.ts';
import { headerOf, plannedBytes } from '../tensor/write_safetensors.ts';
import type { QuantConfig } from '../quant/config.ts';
import { parseConfig } from './config.ts';
import { footprintOf } from './footprint.ts';
import { reserve } from './forward.ts';
import { recordGreedyToken, recordNextToken } from './logits.ts';
import type { ModelConfig } from './model_config.ts';
import { forwardSequence } from './sequence.ts';
import { withModel } from './session.ts';
import { allTensors, modelTensors } from './tensors.ts';

/** A checkpoint of zeros, which lies nowhere. */
function zeros(config: ModelConfig): Promise<Checkpoint> {
  const name = 'model.safetensors';
  const tensors = allTensors(modelTensors(config)).map((tensor) => ({ ...tensor, dtype: 'BF16' }));
  const header = headerOf(tensors);
  const byteLength = header.length + tensors.reduce((sum, tensor) => sum + plannedBytes(tensor), 0);
  const slice = (begin: number, end: number) => {
    const bytes = new Uint8Array(end - begin);
    if (begin < header.length) bytes.set(header.subarray(begin, end));
    return Promise.resolve(bytes);
  };
  return openCheckpoint({ names: [name], open: () => Promise.resolve({ name, byteLength, slice }) });
}

const NF4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;

/** A dispatch, and how often a pass has it. */
type Dispatched = Asked & { kernel: Kernel; times: number };

/** What a GPU is given for `T` tokens behind `before` others, the head's share for the last: each once. */
async function dispatched(
  config: ModelConfig,
  { T, before }: { T: number; before: number },
  quant: QuantConfig = NF4,
): Promise<Dispatched[]> {
  const made = new Map<string, Dispatched>();
  // One block is loaded, and stands for all of them.
  const one = { ...config, num_hidden_layers: 1 };
  const source = { config: one, checkpoint: await zeros(one) };
  await withModel(idleGpu(), source, quant, async (model) => {
    await reserve(model, T, before + T);
    const { workspace, weights, commands } = model;
    const { ids, hidden } = workspace!.activations;
    // Makes room for what the head computes.
    await recordGreedyToken(model, 0, ids);
    const arrays = {
      spans: Uint32Array.from({ length: 4 * T }, (_, i) => (i % 4 === 3 ? before + (i + 1) / 4 : 0)),
      ids: Uint32Array.from({ length: T }, (_, t) => before + t),
    };
    const dispatch: typeof commands.dispatch = (kernel, params, _, overrides = {}) => {
      const key = JSON.stringify([kernel.name, params, overrides]);
      const asked = { kernel: kernel as unknown as Kernel, params, overrides, arrays };
      made.set(key, { ...asked, times: (made.get(key)?.times ?? 0) + 1 });
    };
    const all = <T>(only: readonly T[]): T[] => Array<T>(config.num_hidden_layers).fill(only[0]!);
    const whole = {
      ...{ ...model, config, commands: { ...commands, dispatch } },
      weights: { ...weights, layers: all(weights.layers) },
      seen: { ...model.seen, layers: all(model.seen.layers) },
      workspace: { ...workspace!, keys: all(workspace!.keys), values: all(workspace!.values) },
    };
    const phase = T === 1 ? 'decode' : 'prefill';
    forwardSequence(whole, Array<number>(T).fill(5), before, phase);
    if (phase === 'decode') recordNextToken(whole, hidden);
  });
  return [...made.values()];
}

/** The works of dispatches of which somebody wrote down what they ask. */
const worksOf = (made: readonly Dispatched[]): (Work & { times: number })[] =>
  made.flatMap(({ kernel, times, ...asked }) => {
    const work = workOf(kernel, asked);
    return work ? [{ ...work, times }] : [];
  });

const secondsOf = (works: ReturnType<typeof worksOf>, ceilings: Ceilings): number =>
  works.reduce((sum, work) => sum + (work.times * timeOf(work, ceilings).ms) / 1000, 0);

/** Arrays of a few numbers: those that say where a kernel reads, and those with a bit a column. */
const FEW = ['spans', 'ids', 'mask', 'seen'];

/** What a shader reads of its buffers, over the lines of memory that it lies in. */
function shareUsed({ kernel, params, overrides = {}, arrays = {} }: Dispatched, line: number): number {
  const touched = kernel.traffic!.touched(params, overrides, [0, 0], arrays);
  let [useful, lines] = [0, 0];
  for (const [array, bytes] of Object.entries(elementBytes(kernel.wgsl))) {
    if (FEW.includes(array)) continue;
    const use = useOf(touched[array] ?? [], { bytes, line, subgroup: 32 });
    useful += use.useful;
    lines += use.lines;
  }
  // A part of a table that has no row wanted is not read.
  return lines === 0 ? 1 : useful / lines;
}

/** Kernels of which nobody wrote down what they read. */
const untold = (made: readonly Dispatched[]): string[] =>
  made.flatMap(({ kernel }) => (kernel.traffic ? [] : [kernel.name]));

/** Fails unless what every kernel reads is known, and four fifths of what memory brings it are used. */
function expectToldAndUsed(made: readonly Dispatched[]): void {
  expect(untold(made)).toEqual([]);
  for (const one of made) {
    for (const line of [32, 64]) expect(shareUsed(one, line), one.kernel.name).toBeGreaterThanOrEqual(0.8);
  }
}

/** The bytes of the blocks' weights and of the head in 16 bits, which a token reads at least. */
function tokenBytes(config: ModelConfig, quant: QuantConfig): number {
  const { bits_per_weight, quantized_parameters } = footprintOf(config, quant, 'bfloat16');
  return (bits_per_weight * quantized_parameters) / 8 + 2 * config.vocab_size * config.hidden_size;
}

stubGpuConstants();

/** Double quantization: the same dispatches, with scales that are expanded. */
const nested = (made: readonly Dispatched[]): Dispatched[] =>
  made.map(({ overrides, ...asked }) => ({
    ...asked,
    overrides: 'SCALES' in (overrides ?? {}) ? { ...overrides, SCALES: SCALES.nested } : overrides!,
  }));

it.each([
  ['SmolLM2-135M', smol135m],
  ['Qwen2.5-0.5B', qwen05b],
  ['Llama-3.2-1B', llama1b],
  ['GPT-2', gpt2],
])(
  'a decoded token of %s is seen near the ceiling of GPUs, and asks for little that it does not use',
  async (_, json) => {
    const config = parseConfig(json);
    const made = await dispatched(config, { T: 1, before: 127 });
    expectToldAndUsed(made);
    for (const double_quant of [false, true]) {
      const works = worksOf(double_quant ? nested(made) : made);
      const ideal = tokenBytes(config, { ...NF4, double_quant });
      for (const ceilings of Object.values(MACHINES)) {
        const share = ideal / ceilings.read_bytes_per_second / secondsOf(works, ceilings);
        expect(share).toBeGreaterThanOrEqual(double_quant ? 0.65 : 0.7);
        expect(share).toBeLessThan(1);
      }
    }
  },
);

it('512 tokens of SmolLM2-135M read at a time are seen at 45 % of the arithmetic of GPUs', async () => {
  const made = await dispatched(parseConfig(smol135m), { T: 512, before: 0 });
  expect(untold(made)).toEqual([]);
  const works = worksOf(made);
  const flops = works.reduce((sum, work) => sum + work.times * work.flops, 0);
  for (const ceilings of Object.values(MACHINES)) {
    const share = flops / ceilings.flops_per_second / secondsOf(works, ceilings);
    expect(share).toBeGreaterThanOrEqual(0.45);
    expect(share).toBeLessThan(1);
  }
});

it('a token decoded by LLM.int8() is seen near the ceiling of GPUs, too, and keeps their cores at work', async () => {
  const quant = { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float16' } as const;
  const config = parseConfig(smol135m);
  const made = await dispatched(config, { T: 1, before: 127 }, quant);
  expectToldAndUsed(made);
  const works = worksOf(made);
  for (const ceilings of Object.values(MACHINES)) {
    const share = tokenBytes(config, quant) / ceilings.read_bytes_per_second / secondsOf(works, ceilings);
    expect(share).toBeGreaterThanOrEqual(0.7);
    expect(share).toBeLessThan(1);
  }
  const matmuls = made.filter(({ kernel }) => kernel.name === 'matvec_llm_int8');
  expect(matmuls.length).toBeGreaterThan(0);
  for (const one of matmuls) expect(workOf(one.kernel, one)!.groups).toBeGreaterThanOrEqual(24);
});
