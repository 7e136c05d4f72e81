import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { diskModel } from '../../src/cli/disk.ts';
import { openArena } from '../../src/gpu/device/buffers.ts';
import { openGpu } from '../../src/gpu/device/device.ts';
import { loadMatrix, storeAs } from '../../src/gpu/matrix/load_matrix.ts';
import { matrixOfFloats } from '../../src/gpu/matrix/stored_matrix.ts';
import { hashBytes } from '../../src/study/digest.ts';
import { forward, reserve } from '../../src/model/forward.ts';
import { readLogits } from '../../src/model/logits.ts';
import { linearModules } from '../../src/model/modules.ts';
import { openModel } from '../../src/model/open_model.ts';
import { sequenceBatch } from '../../src/model/sequence.ts';
import { withModel } from '../../src/model/session.ts';
import { quantizeBlockwise } from '../../src/quant/blockwise.ts';
import { CODEBOOKS } from '../../src/quant/config.ts';
import type { QuantConfig } from '../../src/quant/config.ts';
import { quantizeAbsmax } from '../../src/quant/double_quant.ts';
import { quantizeLlmInt8 } from '../../src/quant/llm_int8.ts';
import { readWeight } from '../../src/tensor/checkpoint.ts';
import { compare, formatMismatch } from '../../src/tensor/compare.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { goldenJson, openGolden } from '../fixtures/golden_files.ts';
import { readNested } from '../fixtures/read_nested.ts';

/** SmolLM2-135M-Instruct as a Hub checkpoint in BF16, 269 MB. */
const folder = process.env.NIBBLE_SMOLLM2 ?? '';
const present = existsSync(`${folder}/model.safetensors`);

/** Ends what hangs; a software adapter takes minutes. */
const LONG = { timeout: 7_200_000 };

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

interface Hashes {
  packed?: string;
  absmax?: string;
  nested_absmax?: string;
  offset?: number;
  CB?: string;
  SCB?: string;
}
type Formats = Record<string, { modules: Record<string, Hashes> }>;

const blockwise = { blocksize: 64, compute_dtype: 'float32' } as const;
const CONFIGS: Record<string, QuantConfig> = {
  float32: { quant_type: 'none', compute_dtype: 'float32' },
  nf4: { quant_type: 'nf4', double_quant: false, ...blockwise },
  fp4: { quant_type: 'fp4', double_quant: false, ...blockwise },
  nf4_dq: { quant_type: 'nf4', double_quant: true, ...blockwise },
};

/** The scales of a weight as the GPU quantizes it to NF4, which has the same absmax as FP4. */
async function onGpu({ shape, data }: Tensor) {
  const arena = openArena(gpu);
  const storing = await storeAs(arena, CONFIGS.nf4_dq!);
  const scales = await readNested(
    gpu,
    await loadMatrix(arena, matrixOfFloats('weight', data, shape[1]!), storing),
  );
  arena.close();
  return scales;
}

describe.skipIf(!present)('SmolLM2-135M-Instruct (needs its folder in $NIBBLE_SMOLLM2)', () => {
  it('quantizes all 210 layers to the bytes of bitsandbytes in every format', LONG, async () => {
    const { formats } = await goldenJson<{ formats: Formats }>('smollm2-135m.json');
    const { checkpoint, config } = await openModel(await diskModel(folder));
    const modules = linearModules(config, checkpoint);
    expect(modules).toHaveLength(210);
    for (const { name } of modules) {
      const weight = await readWeight(checkpoint, `${name}.weight`);
      for (const quant_type of ['nf4', 'fp4'] as const) {
        const { packed, scales } = quantizeBlockwise(weight, CODEBOOKS[quant_type], 64);
        const { absmax } = scales;
        const plain = formats[quant_type]!.modules[name]!;
        expect([hashBytes(packed), hashBytes(absmax)]).toEqual([plain.packed, plain.absmax]);
        const double = formats[`${quant_type}_dq`]?.modules[name];
        if (!double) continue;
        for (const { codes, nested_absmax, offset } of [quantizeAbsmax(absmax), await onGpu(weight)]) {
          expect([hashBytes(codes), hashBytes(nested_absmax), offset]).toEqual([
            double.absmax,
            double.nested_absmax,
            double.offset,
          ]);
        }
      }
      const { CB, SCB } = quantizeLlmInt8(weight);
      const int8 = formats.llm_int8!.modules[name]!;
      expect([hashBytes(CB), hashBytes(SCB)]).toEqual([int8.CB, int8.SCB]);
    }
  });

  it.each(Object.keys(CONFIGS))('has the logits of 64 tokens in %s', LONG, async (format) => {
    const golden = await openGolden('smollm2-135m');
    const ids = [...(await golden.integers('input_ids'))];
    const files = await openModel(await diskModel(folder));
    await withModel(gpu, files, CONFIGS[format]!, async (model) => {
      await reserve(model, ids.length, ids.length);
      forward(model, sequenceBatch(ids, 0));
      const positions = [...ids.keys()];
      const V = files.config.vocab_size;
      const logits = await readLogits(model, positions);
      const last = await golden.floats(`${format}.last_logits`);
      const tolerance = { atol: 1e-4 * Math.max(...Array.from(last, Math.abs)), rtol: 0 };
      const mismatch = compare(logits.slice(-V), last, tolerance);
      expect(mismatch && formatMismatch(mismatch)).toBeUndefined();
      const top1 = await golden.integers(`${format}.top1`);
      const margin = await golden.floats(`${format}.margin`);
      for (const t of positions) {
        // A near-tie may fall to either side.
        if (margin[t]! < 1e-3) continue;
        const row = logits.subarray(t * V, (t + 1) * V);
        expect(row.reduce((best, v, i) => (v > row[best]! ? i : best), 0)).toBe(top1[t]);
      }
    });
  });
});
