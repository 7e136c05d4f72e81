import { afterAll, expect, it } from 'vitest';
import { openGpu } from '../../src/gpu/device/device.ts';
import { forward, reserve } from '../../src/model/forward.ts';
import type { TracedToken } from '../../src/model/language_model.ts';
import { greedyToken, scoreWanted } from '../../src/model/logits.ts';
import { openWeights } from '../../src/model/open_model.ts';
import { sequenceBatch } from '../../src/model/sequence.ts';
import { withModel } from '../../src/model/session.ts';
import { goldenFolder, openGolden } from '../fixtures/golden_files.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

// Models that multiply or bound their logits do so wherever logits are read.
it.each(['gemma2', 'granite'])(
  '%s: scores, greedy tokens and a kept baseline agree with transformers',
  async (name) => {
    const golden = await openGolden(`models/${name}/logits`);
    const ids = [...(await golden.integers('input_ids'))];
    const logits = await golden.doubles('logits_float64');
    const V = logits.length / ids.length;
    const rows = ids.slice(1).map((target, row) => {
      const own = [...logits.subarray(row * V, (row + 1) * V)];
      const mass = Math.log(own.reduce((sum, logit) => sum + Math.exp(logit), 0));
      return { row, target, logprob: own[target]! - mass, best: own.indexOf(Math.max(...own)) };
    });

    const source = await openWeights(goldenFolder(`models/${name}`, ['config.json', 'model.safetensors']));
    await withModel(gpu, source, { quant_type: 'none', compute_dtype: 'float32' }, async (model) => {
      await reserve(model, ids.length, ids.length);
      forward(model, sequenceBatch(ids, 0));
      const kept: Float32Array<ArrayBuffer>[] = [];
      const issued = await scoreWanted(model, rows, { kind: 'keep', keep: (states) => kept.push(states) });
      const scored = await issued.done;
      for (const [i, { logprob, best }] of rows.entries()) {
        expect(scored[i]!.logprob).toBeCloseTo(logprob, 4);
        expect(scored[i]!.best).toBe(best);
        expect(await greedyToken(model, i)).toBe(best);
      }

      const compared: TracedToken[] = [];
      await scoreWanted(model, rows, {
        kind: 'compare',
        head_dtype: 'float32',
        next: () => kept[0]!,
        report: (token) => compared.push(token),
      });
      for (const [i, token] of compared.entries()) {
        expect(token.base_logprob).toBeCloseTo(rows[i]!.logprob, 4);
        expect(token.kl).toBeCloseTo(0, 5);
      }
      expect(compared).toHaveLength(rows.length);
    });
  },
);
