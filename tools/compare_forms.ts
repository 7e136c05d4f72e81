/**
 * Times the forms of kernels that do the same work side by side: rounds of all forms in turn, and the medians of the
 * rounds as ratios to the first form. Milliseconds are those of the process on all cores, which is what a software
 * adapter takes of a machine that does other work, too; on a GPU take wall time: `node tools/compare_forms.mjs --wall`.
 */
import { nodeGpu } from '../src/cli/node_gpu.ts';
import { adapterName } from '../src/gpu/adapter.ts';
import { openArena, readBack } from '../src/gpu/device/buffers.ts';
import { recordCommands } from '../src/gpu/device/commands.ts';
import { openGpu } from '../src/gpu/device/device.ts';
import type { Kernel, Overrides } from '../src/gpu/device/kernel.ts';
import { attention, attentionCase, laneOverrides } from '../src/gpu/kernels/attention.ts';
import { attention_merge } from '../src/gpu/kernels/attention_merge.ts';
import { attention_split, splitsOf } from '../src/gpu/kernels/attention_split.ts';
import { attention_tile, tileOverrides } from '../src/gpu/kernels/attention_tile.ts';
import { floats, normals } from '../src/gpu/kernels/cases.ts';
import { argmax } from '../src/gpu/kernels/argmax.ts';
import { argmax_group, lanesFor, logit_strips_group, rms_norm_group } from '../src/gpu/kernels/grouped.ts';
import { NF4 } from '../src/quant/formats/nf4.ts';
import { blockwiseCase } from '../src/gpu/kernels/blockwise.ts';
import { UNFUSED } from '../src/gpu/kernels/matvec_kernel.ts';
import { BAND, STRIP, stripsOf } from '../src/gpu/device/limits.ts';
import {
  gemm_llm_int8_packed,
  llmInt8Case,
  matvec_llm_int8_packed,
  tile_llm_int8_packed,
} from '../src/gpu/kernels/gemm_llm_int8.ts';
import { logit_strips } from '../src/gpu/kernels/logit_strips.ts';
import { rms_norm } from '../src/gpu/kernels/rms_norm.ts';
import { formsFor } from '../src/gpu/matrix/choose.ts';
import { bandsOf } from '../src/model/head_logits.ts';

const ROUNDS = 5;
const wall = process.argv.includes('--wall');
const gpu = await openGpu(await nodeGpu());
console.log(`${adapterName(gpu.adapter)}; medians of ${ROUNDS} rounds`);

type Step = readonly [kernel: unknown, params: Record<string, number>, overrides?: Overrides];
type Data = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

function now(): number {
  if (wall) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1]!;

/** `times` dispatches of each form's steps a round; the first round warms up. An array under two names is one buffer. */
async function compare(
  what: string,
  arrays: Record<string, Data>,
  forms: Record<string, readonly Step[]>,
  times = 4,
): Promise<void> {
  const arena = openArena(gpu);
  const buffers: Record<string, GPUBuffer> = {};
  const uploaded = new Map<Data, GPUBuffer>();
  for (const [name, data] of Object.entries(arrays)) {
    buffers[name] = uploaded.get(data) ?? (await arena.upload(data, name));
    uploaded.set(data, buffers[name]);
  }
  const commands = recordCommands(gpu);
  const measured = Object.keys(forms).map((name) => ({ name, times: [] as number[] }));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { name, times: list } of measured) {
      const begun = now();
      for (let i = 0; i < times; i++) {
        for (const [kernel, params, overrides] of forms[name]!) {
          commands.dispatch(kernel as Kernel, params, buffers, overrides);
        }
      }
      commands.submit();
      await readBack(gpu, Object.values(buffers)[0]!, 4);
      if (round > 0) list.push((now() - begun) / times);
    }
  }
  commands.close();
  arena.close();
  const first = median(measured[0]!.times);
  const words = measured.map(({ name, times: list }) => {
    const ms = median(list);
    return `${name} ${ms.toFixed(2)} ms (${(ms / first).toFixed(2)}x)`;
  });
  console.log(`${what.padEnd(42)} ${words.join('  ')}`);
}

for (const [T, context] of [
  [56, 0],
  [1, 127],
  [1, 511],
] as const) {
  const span = (t: number): [number, number, number, number] => [0, 0, 0, context + t + 1];
  const shape = { name: '', T, heads: 9, kv_heads: 3, head_dim: 64, span };
  const { params, arrays } = attentionCase(shape);
  const splits = splitsOf(context + T);
  const mixes = floats(T * 9 * splits * 64);
  const split = { ...params, splits };
  const decoding: Step[] = [[attention_split, split]];
  if (splits > 1) decoding.push([attention_merge, split]);
  const shared: Record<string, Step[]> =
    T > 1 ? { tile: [[attention_tile, params, tileOverrides(64)]] } : { split: decoding };
  const forms: Record<string, Step[]> = { lane: [[attention, params, laneOverrides(params)]], ...shared };
  const what = `attention, ${T} tokens after ${context}, 9/3 × 64`;
  await compare(what, { ...arrays, mixes, stats: floats(2 * T * 9 * splits) }, forms);
}

for (const [T, width] of [
  [1, 576],
  [56, 576],
  [1, 2048],
] as const) {
  const params = { T, width, eps: 1e-5 };
  const arrays = { x: normals(T * width, 1), weight: normals(width, 2), y: floats(T * width) };
  const LANES = lanesFor(width);
  await compare(
    `rms_norm, ${T} × ${width}`,
    arrays,
    { lane: [[rms_norm, params]], group: [[rms_norm_group, params, { LANES }]] },
    20,
  );
}

for (const R of [1, 20]) {
  const V = 49152;
  const strips = stripsOf(V);
  const arrays = {
    logits: normals(R * V, 1),
    peaks: floats(2 * R * strips),
    places: new Uint32Array(R * strips),
    ids: new Uint32Array(R),
  };
  const params = { R, V, strip: STRIP, first: 0, strips };
  await compare(`logit_strips and argmax, ${R} × ${V}`, arrays, {
    lane: [
      [logit_strips, params],
      [argmax, params],
    ],
    group: [
      [logit_strips_group, params, { LANES: 64 }],
      [argmax_group, params, { LANES: 64 }],
    ],
  });
}

// LLM.int8(), one column in a hundred of them an outlier.
for (const M of [1, 64]) {
  const { params, arrays, overrides } = llmInt8Case(
    { M, N: 576, K: 1536, first_row: 0, stride: 576, offset: 0, has_bias: 0, bias_row: 0 },
    { threshold: 6, seed: 1, compute: 1 },
  );
  const outliers = Array.from({ length: 15 }, (_, i) => 100 * i);
  arrays.columns.set([outliers.length, ...outliers]);
  await compare(`LLM.int8(), ${M} × 576 × 1536`, arrays, {
    lane: [[gemm_llm_int8_packed, params, overrides]],
    shared: [[matvec_llm_int8_packed, params, overrides]],
    tile: [[tile_llm_int8_packed, params, overrides]],
  });
}

// NF4 by every form that this adapter can run; a generation's next token with double-quantized scales.
for (const [phase, M] of [
  ['prefill', 64],
  ['decode', 1],
] as const) {
  const [N, K] = [576, 576];
  const { params, arrays, overrides } = blockwiseCase(normals(N * K, 1), NF4, 64, phase === 'decode');
  const shape = { M, N, K, first_row: 0, stride: N, offset: 0, has_bias: 0, bias_row: 0, accumulate: 0 };
  const all = { ...shape, ...(phase === 'decode' && UNFUSED), ...params };
  const forms = formsFor(gpu, 'blockwise', phase).map(({ form, kernel }): [string, Step[]] => [
    form,
    [[kernel, all, { COMPUTE_DTYPE: 0, ...overrides }]],
  ]);
  const buffers = { x: normals(M * K, 2), bias: floats(4), y: floats(M * N), ...arrays };
  await compare(`NF4, ${phase}, ${M} × ${N} × ${K}`, buffers, Object.fromEntries(forms), 8);
}

// A vocabulary through the head, all of it at once or in bands that lie in a cache.
{
  const [R, V, K] = [128, 49152, 192];
  const strips = stripsOf(V);
  const { kernel } = formsFor(gpu, 'float', 'prefill')[0]!;
  const logits = floats(R * V);
  const arrays = {
    ...{ x: normals(R * K, 1), bias: floats(4), weight: normals(V * K, 2), y: logits, logits },
    ...{ peaks: floats(2 * R * strips), places: new Uint32Array(R * strips) },
  };
  const through = (most: number): Step[] =>
    bandsOf(R, V, most).flatMap(({ first, width: N }) => [
      [
        kernel,
        {
          ...{ M: R, N, K, first_row: first, stride: N, offset: 0 },
          ...{ has_bias: 0, bias_row: 0, accumulate: 0 },
        },
        { COMPUTE_DTYPE: 0, DTYPE: 0 },
      ],
      [logit_strips, { R, V: N, strip: STRIP, first, strips }],
    ]);
  const forms = { whole: through(R * V), '32 MiB': through(4 * BAND), '8 MiB': through(BAND) };
  const smaller = { '2 MiB': through(BAND / 4), '1 MiB': through(BAND / 8) };
  await compare(`head, ${R} × ${V} of ${K}`, arrays, { ...forms, ...smaller }, 1);
}
process.exit(0);
