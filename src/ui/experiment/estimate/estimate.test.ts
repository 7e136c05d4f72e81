import { expect, test } from 'vitest';
import tiny from '../../../../public/models/nibble-tiny/config.json';
import { parseConfig } from '../../../model/config.ts';
import { arithmeticOf, type Probe } from '../../../study/speed.ts';
import { parseConfigs } from '../../../study/spec.ts';
import { defaultSpec } from '../draft.ts';
import { estimateRun, estimateSentences, wantsProbe, type PastRun } from '../../../study/estimate.ts';

const spec = defaultSpec();
const [float32, , nf4] = spec.configs as [(typeof spec.configs)[0], unknown, (typeof spec.configs)[0]];

const footprint = (actual_bytes: number, bits_per_weight: number) => ({
  parameters: 1_000_000,
  quantized_parameters: 800_000,
  bitsandbytes_bytes: 0,
  actual_bytes,
  bits_per_weight,
});
const timings = { load_seconds: 1, answer_seconds: 24, items: 240, tokens: 0, tokens_per_second: 0 };

const past = {
  id: 'r',
  state: 'done',
  created: '2026-11-21T13:58:00',
  spec: { ...spec, configs: [float32, nf4] },
  environment: { model: { files: { 'model.safetensors': { bytes: 2_000_000 } } } },
  configs: {
    0: { footprint: footprint(2_000_000, 16), timings },
    1: { footprint: footprint(850_000, 4.5), timings },
  },
} as unknown as PastRun;

test('nothing is said before a run of the same model', () => {
  expect(estimateRun(spec, [])).toEqual({});
  const hub = { ...spec, model: { source: 'hub', repo: 'a/b', revision: 'main' } as const };
  expect(estimateRun(hub, [past])).toEqual({});
  expect(estimateSentences({})).toEqual([]);
});

test('size and time by an earlier run', () => {
  const { weight_bytes, time, download_bytes } = estimateRun(spec, [past]);
  // It comes with the page: nobody waits for a download.
  expect(download_bytes).toBeUndefined();
  expect(weight_bytes).toBe(2_000_000);
  // 480 answers in 48 s; now 4 configurations of 240 items, and a second each to load.
  expect(time!.seconds[0]).toBeCloseTo((4 * (1 + 24)) / 1.25);
  expect(time!.seconds[1]).toBeCloseTo(4 * (1 + 24) * 1.25);
  const small = estimateRun({ ...spec, configs: [{ ...nf4, blocksize: 32 } as typeof nf4] }, [past]);
  expect(small.weight_bytes).toBeCloseTo(400_000 + (800_000 * 5) / 8);
});

test('another mixture is less certain, another task is not guessed at', () => {
  const arc = estimateRun({ ...spec, tasks: [{ task: 'mini_arc', limit: 240 }] }, [past]);
  expect(arc.time!.seconds[1] / arc.time!.seconds[0]).toBeCloseTo(4);
  expect(estimateRun({ ...spec, tasks: [{ task: 'arc_easy', limit: 240 }] }, [past]).time).toBeUndefined();
  expect(estimateRun({ ...spec, tasks: [{ task: 'mini_arc' }] }, [past]).time).toBeUndefined();
  // Of a run that does not say which items its seconds are of nothing follows.
  const older = { ...past, configs: { 0: { ...past.configs[0]!, timings: { ...timings, items: 0 } } } };
  expect(estimateRun(spec, [older]).time).toBeUndefined();
});

test('an estimate in words', () => {
  const hub = { source: 'hub', repo: 'a/b', revision: 'main' } as const;
  const run = { ...past, spec: { ...past.spec, model: hub } };
  expect(estimateSentences(estimateRun({ ...spec, model: hub }, [run]))).toEqual([
    'The download is about 2 MB.',
    'The weights take up to about 2 MB of GPU memory at a time.',
    'From your run of 21 Nov 2026, 13:58, it takes about 80 s to 2 min.',
  ]);
});

const probe: Probe = {
  shape: parseConfig(tiny),
  download_bytes: 562_176,
  speeds: {
    float: { load_seconds: 3, pass_seconds: 0.5, token_seconds: 0.01 },
    '4-bit': { load_seconds: 1, pass_seconds: 0.1, token_seconds: 0.02 },
    llm_int8: { load_seconds: 0, pass_seconds: 1, token_seconds: 0 },
  },
};

test('a probe tells the time by passes and tokens, with every fourth character a token', () => {
  const asked = { ...spec, configs: [float32, nf4], tasks: [{ task: 'mini_arc' as const, limit: 10 }] };
  const expected = 3 + 10 * (0.5 + 28.75 * 0.01) + 1 + 10 * (0.1 + 28.75 * 0.02);
  const { time } = estimateRun(asked, [], probe);
  expect(time!.seconds[0]).toBeCloseTo(expected / 2);
  expect(time!.seconds[1]).toBeCloseTo(expected * 2);
  expect(estimateSentences({ time })).toEqual(['From a probe of 2 s on this GPU, it takes about 9 to 37 s.']);
  const seconds = (parts: Partial<typeof spec>) =>
    2 * estimateRun({ ...asked, configs: [nf4], ...parts }, [], probe).time!.seconds[0];
  // More than there are: all 80. A generated token is a pass of its own.
  expect(seconds({ tasks: [{ task: 'mini_text', limit: 1000 }] })).toBeCloseTo(1 + 80 * (0.1 + 110.5 * 0.02));
  expect(seconds({ tasks: [{ task: 'mini_coqa', doc_ids: [3] }] })).toBeCloseTo(1 + 7 * 0.1 + 46.5 * 0.02);
  expect(seconds({ tasks: [{ task: 'mini_arc', limit: 1, num_fewshot: 4 }] })).toBeCloseTo(
    1.1 + 143.75 * 0.02,
  );
  const llm_int8 = { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float16' } as const;
  expect(seconds({ configs: [llm_int8] })).toBeCloseTo(10 * 8);
});

test('a probe fills in what earlier runs leave open, and is wanted only there', () => {
  expect(estimateRun(spec, [past], probe).time!.by).toEqual({ run: '2026-11-21T13:58:00' });
  const other = { ...spec, configs: [float32, nf4], tasks: [{ task: 'arc_easy' as const, limit: 9 }] };
  expect(wantsProbe(other, estimateRun(other, [past]))).toBe(true);
  const filled = estimateRun(other, [past], probe);
  expect(filled.time!.by).toBe('probe');
  expect(wantsProbe(other, filled)).toBe(false);
  // The probe was of other kernels, or nobody knows how long the text is.
  const int8 = [...spec.configs.filter(({ quant_type }) => quant_type === 'int8')];
  expect(estimateRun({ ...spec, configs: int8 }, [], probe).time).toBeUndefined();
  const own = { ...other, tasks: [{ task: 'text' as const }] };
  expect(wantsProbe(own, estimateRun(own, [], probe))).toBe(false);
});

const rounded = parseConfigs([{ quant_type: 'int4_group', group_size: 64, symmetric: true }]);

test('making layers by a text counts, and more the wider they are where the CPU makes them', () => {
  const calibration = { text: 'own.txt', tokens: 1000, seed: 0 };
  const gptq = parseConfigs([{ quant_type: 'gptq', group_size: 64, calibration }]);
  const awq = parseConfigs([{ quant_type: 'awq', group_size: 64, calibration }]);
  const seconds = (configs: typeof spec.configs, parts: Partial<typeof probe> = {}) =>
    estimateRun({ ...spec, configs }, [], { ...timed, ...parts }).time?.seconds[0] ?? 0;
  const speed = { load_seconds: 1, pass_seconds: 0.1, token_seconds: 0.02 };
  const speeds = Object.fromEntries([...gptq, ...awq].map((config) => [arithmeticOf(config), speed]));
  const timed = { ...probe, speeds, calibration: { multiplication_seconds: 1e-9, device_from: undefined } };
  // Nothing is said where it was not probed.
  expect(seconds(gptq, { calibration: undefined })).toBe(0);
  const free = { multiplication_seconds: 0, device_from: undefined };
  // Two passes of a thousand tokens, beside what AWQ tries.
  expect(2 * (seconds(gptq, { calibration: free }) - seconds(rounded, {}))).toBeCloseTo(2 * 1000 * 0.02);
  expect(2 * (seconds(awq, { calibration: free }) - seconds(rounded, {}))).toBeCloseTo(22 * 1000 * 0.02);
  const written = parseConfigs([{ ...gptq[0]!, calibration: { ...calibration, text: 'samples' } }]);
  expect(2 * (seconds(written) - seconds(gptq))).toBeCloseTo(1000 * (0.1 + 0.02));
  expect(seconds(gptq)).toBeGreaterThan(seconds(gptq, { calibration: free }));
  // A run without it tells nothing of one with it.
  expect(estimateRun({ ...spec, configs: gptq }, [past], timed).time!.by).toBe('probe');
  expect(estimateRun({ ...past.spec, configs: past.spec.configs }, [past], timed).time!.by).not.toBe('probe');
});

test('a probe tells the memory by the shape, and the download of a model from the Hub', () => {
  // A table of 1280 × 64, four blocks of 12,288 for attention and 36,864 for the MLP in 16 bits, nine norms of 64 in 32.
  const { weight_bytes, working_bytes, download_bytes, no_room } = estimateRun(spec, [], probe);
  expect([weight_bytes, download_bytes, no_room]).toEqual([2 * 279_104 + 2 * 9 * 64, undefined, []]);
  expect(estimateSentences({ weight_bytes, working_bytes })).toEqual([
    expect.stringMatching(
      /^The weights take up to about 560 kB of GPU memory at a time, and computing with them up to about \d+(\.\d)? MB more\.$/,
    ),
  ]);
  const hub = { source: 'hub', repo: 'a/b', revision: 'main' } as const;
  expect(estimateRun({ ...spec, model: hub }, [], probe).download_bytes).toBe(562_176);
  // That of a model which comes with the page is known without a probe.
  expect(estimateRun(spec, [], undefined, { shape: probe.shape })).toMatchObject({
    weight_bytes,
    working_bytes,
  });
});
