import { expect, test } from 'vitest';
import type { RunRecord } from '../../lab/store.ts';
import { defaultSpec } from './draft.ts';
import { estimateRun, estimateSentences, type PastRun } from './estimate.ts';

const spec = defaultSpec();
const [float32, , nf4] = spec.configs as [(typeof spec.configs)[0], unknown, (typeof spec.configs)[0]];

const footprint = (actual_bytes: number, bits_per_weight: number) => ({
  parameters: 1_000_000,
  quantized_parameters: 800_000,
  bitsandbytes_bytes: 0,
  actual_bytes,
  bits_per_weight,
});
const timings = { load_seconds: 1, answer_seconds: 27, tokens: 0, tokens_per_second: 0 };

const past: PastRun = {
  answers: 540,
  record: {
    id: 'r',
    state: 'done',
    created: '',
    spec: { ...spec, configs: [float32, nf4] },
    environment: { model: { files: { 'model.safetensors': { bytes: 2_000_000 } } } },
    configs: {
      0: { footprint: footprint(2_000_000, 16), timings },
      1: { footprint: footprint(850_000, 4.5), timings },
    },
  } as unknown as RunRecord,
};

test('nothing is said before a run of the same model', () => {
  expect(estimateRun(spec, [])).toEqual({});
  const hub = { ...spec, model: { source: 'hub', repo: 'a/b', revision: 'main' } as const };
  expect(estimateRun(hub, [past])).toEqual({});
  expect(estimateSentences({})).toEqual([]);
});

test('size and time by an earlier run', () => {
  const { weight_bytes, seconds, download_bytes } = estimateRun(spec, [past]);
  // It comes with the page: nobody waits for a download.
  expect(download_bytes).toBeUndefined();
  expect(weight_bytes).toBe(2_000_000);
  // 540 answers in 54 s; now 5 configurations of 270 items, and a second each to load.
  expect(seconds![0]).toBeCloseTo((5 * (1 + 27)) / 1.25);
  expect(seconds![1]).toBeCloseTo(5 * (1 + 27) * 1.25);
  const small = estimateRun({ ...spec, configs: [{ ...nf4, blocksize: 32 } as typeof nf4] }, [past]);
  expect(small.weight_bytes).toBeCloseTo(400_000 + (800_000 * 5) / 8);
});

test('another mixture is less certain, another task is not guessed at', () => {
  const arc = estimateRun({ ...spec, tasks: [{ task: 'mini_arc', limit: 270 }] }, [past]);
  expect(arc.seconds![1] / arc.seconds![0]).toBeCloseTo(4);
  expect(estimateRun({ ...spec, tasks: [{ task: 'arc_easy', limit: 270 }] }, [past]).seconds).toBeUndefined();
  expect(estimateRun({ ...spec, tasks: [{ task: 'mini_arc' }] }, [past]).seconds).toBeUndefined();
});

test('an estimate in words', () => {
  const hub = { source: 'hub', repo: 'a/b', revision: 'main' } as const;
  const run = { ...past, record: { ...past.record, spec: { ...past.record.spec, model: hub } } };
  expect(estimateSentences(estimateRun({ ...spec, model: hub }, [run]))).toEqual([
    'The download is about 2 MB.',
    'The weights take up to about 2 MB of GPU memory at a time.',
    'By the speed of an earlier run, it takes about 2 to 3 min.',
  ]);
});
