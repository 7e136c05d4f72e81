/**
 * Decodes a model in several formats in one process, a generation of each in turn, and prints the median milliseconds of a
 * token and their ratio to the first, float32: `node tools/compare_decoding.mjs [MODEL FOLDER] [--wall]`. Milliseconds are
 * the process's on all cores, as tools/compare_forms.mjs counts them; on a GPU take wall time.
 */
import { diskModel } from '../src/cli/disk.ts';
import { nodeGpu } from '../src/cli/node_gpu.ts';
import { adapterName } from '../src/gpu/adapter.ts';
import { openGpu } from '../src/gpu/device/device.ts';
import { greedyIds } from '../src/model/decode.ts';
import type { Model } from '../src/model/forward.ts';
import { openWeights } from '../src/model/open_model.ts';
import { withModel } from '../src/model/session.ts';
import { configName, type QuantConfig } from '../src/quant/config.ts';

const ROUNDS = 15;
const [PROMPT, DECODED] = [16, 48];
const NF4 = { quant_type: 'nf4', blocksize: 64, compute_dtype: 'float32' } as const;
const CONFIGS: readonly QuantConfig[] = [
  { quant_type: 'none', compute_dtype: 'float32' },
  { ...NF4, double_quant: false },
  { ...NF4, double_quant: true },
  { quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' },
];

const wall = process.argv.includes('--wall');
const folder = process.argv.slice(2).find((word) => !word.startsWith('--')) ?? 'public/models/nibble-tiny';
const gpu = await openGpu(await nodeGpu());
const files = await openWeights(await diskModel(folder));
console.log(`${adapterName(gpu.adapter)}; medians of ${ROUNDS} rounds, ${DECODED} tokens each`);

function now(): number {
  if (wall) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds of a token behind a short prompt. */
async function decode(model: Model): Promise<number> {
  const prompt = Array.from({ length: PROMPT }, (_, i) => i + 1);
  let [count, begun] = [0, 0];
  const ids = greedyIds(model, prompt, DECODED);
  while (!(await ids.next()).done) if (count++ === 0) begun = now();
  return (now() - begun) / (count - 1);
}

const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1]!;

/** Opens the configurations from the i-th on, and has those before decode beside them. */
async function compare(models: readonly Model[]): Promise<void> {
  const config = CONFIGS[models.length];
  if (config) return withModel(gpu, files, config, (model) => compare([...models, model]));
  const times = CONFIGS.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    const order = [...models.keys()];
    for (const i of round % 2 ? order.reverse() : order) {
      const ms = await decode(models[i]!);
      // The first round compiles.
      if (round > 0) times[i]!.push(ms);
    }
  }
  const first = median(times[0]!);
  for (const [i, config] of CONFIGS.entries()) {
    const ms = median(times[i]!);
    console.log(`${configName(config).padEnd(40)} ${ms.toFixed(2)} ms (${(ms / first).toFixed(2)}x)`);
  }
}

await compare([]);
process.exit(0);
