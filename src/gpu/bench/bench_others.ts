import { attend, reserveSplits } from '../attend.ts';
import { readBack, type Arena } from '../device/buffers.ts';
import { recordCommands, type Commands } from '../device/commands.ts';
import type { Kernel } from '../device/kernel.ts';
import { STRIP, stripsOf } from '../device/limits.ts';
import { dispatchForm } from '../forms.ts';
import { argmax } from '../kernels/argmax.ts';
import { attention, attentionCase } from '../kernels/attention.ts';
import { floats, normals } from '../kernels/cases.ts';
import { logit_strips } from '../kernels/logit_strips.ts';
import { rms_norm } from '../kernels/rms_norm.ts';
import type { Phase } from '../matrix/choose.ts';
import { predict, type Asked } from '../traffic/predict.ts';
import { finished } from './ceilings.ts';
import { TIMED_MODELS, WIDTHS } from './layers.ts';
import type { BenchPoint } from './row.ts';
import { ceilingMs, copiesWithin, type BenchSubject } from './subject.ts';

type Data = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A kernel around the layers, in one call. */
interface Other {
  point: Pick<BenchPoint, 'model' | 'layer' | 'M' | 'N' | 'K'>;
  operations: number;
  make: () => {
    arrays: Readonly<Record<string, Data>>;
    /** The array that it writes, and what should be in it. */
    writes: string;
    expected: Float32Array;
    ready: (
      arena: Arena,
      buffers: Readonly<Record<string, GPUBuffer>>,
    ) => Promise<(commands: Commands) => void>;
  };
}

/** The kernels around a model's layers: norms, attention in both phases, and what becomes of the logits. */
export const otherSubjects = (): BenchSubject[] =>
  TIMED_MODELS.flatMap((model) => [
    ...[1, 64].map((M) => norm(model, M)),
    ...[128, 512].map((slots) => attending(model, 1, slots)),
    attending(model, 64, 64),
    reducing(model),
  ]).map(subjectOf);

function norm(model: string, T: number): Other {
  const { hidden: width } = WIDTHS[model]!;
  const params = { T, width, eps: 1e-5 };
  return {
    point: { model, layer: 'norm', M: T, N: width, K: 1 },
    operations: 3 * T * width,
    make() {
      const arrays = { x: normals(T * width, 1), weight: normals(width, 2), y: floats(T * width) };
      return {
        ...{ arrays, writes: 'y', expected: rms_norm.reference(params, arrays, {}).y! },
        ready: (_, { x, weight, y }) =>
          Promise.resolve((commands) =>
            dispatchForm(commands, rms_norm, params, { x: x!, weight: weight!, y: y! }, width),
          ),
      };
    },
  };
}

/** So many tokens, the last of which sees so many slots. */
function attending(model: string, T: number, slots: number): Other {
  const { heads, kv_heads, head_dim } = WIDTHS[model]!;
  const phase: Phase = T === 1 ? 'decode' : 'prefill';
  const before = slots - T;
  return {
    point: { model, layer: 'attention', M: T, N: heads * head_dim, K: slots },
    // A score and a share of the mix for each slot that a token sees.
    operations: 4 * heads * head_dim * (T * before + (T * (T + 1)) / 2),
    make() {
      const { params, arrays } = attentionCase({
        ...{ name: '', T, heads, kv_heads, head_dim },
        span: (t) => [0, 0, 0, before + t + 1],
      });
      return {
        ...{ arrays, writes: 'y', expected: attention.reference(params, arrays, {}).y! },
        async ready(arena, { q, keys, values, spans, y }) {
          const splits = await reserveSplits(arena, { heads, head_dim, slots });
          const buffers = { q: q!, keys: keys!, values: values!, spans: spans!, y: y! };
          return (commands) => attend(commands, phase, params, buffers, { splits, most: slots });
        },
      };
    },
  };
}

/** The most likely token of a row of logits. */
function reducing(model: string): Other {
  const { vocabulary: V } = WIDTHS[model]!;
  const strips = stripsOf(V);
  const params = { R: 1, V, strip: STRIP, first: 0, strips };
  return {
    point: { model, layer: 'most likely token', M: 1, N: V, K: 1 },
    operations: 2 * V,
    make() {
      const arrays = {
        logits: normals(V, 1),
        ...{ peaks: floats(2 * strips), places: new Uint32Array(strips), ids: new Uint32Array(1) },
      };
      const { peaks } = logit_strips.reference(params, arrays, {});
      return {
        ...{ arrays, writes: 'peaks', expected: peaks! },
        ready: (_, { logits, peaks, places, ids }) =>
          Promise.resolve((commands) => {
            const written = { peaks: peaks!, places: places! };
            dispatchForm(commands, logit_strips, params, { logits: logits!, ...written });
            dispatchForm(commands, argmax, { R: 1, strips }, { ...written, ids: ids! });
          }),
      };
    },
  };
}

/** They are short: many go into a round. */
const MOST_COPIES = 256;

function subjectOf({ point, operations, make }: Other): BenchSubject {
  return {
    point: { ...point, quant_type: 'none', variant: 'float32' },
    prepare(gpu, ceiling, round_ms) {
      const { arrays, writes, expected, ready } = make();
      const bytes = Object.values(arrays).reduce((sum, { byteLength }) => sum + byteLength, 0);
      const copies = copiesWithin(ceilingMs({ bytes, operations }, ceiling), round_ms, MOST_COPIES);
      return {
        ...{ N: point.N, copies, bytes, operations },
        async open(arena) {
          const buffers: Record<string, GPUBuffer> = {};
          for (const [name, data] of Object.entries(arrays)) buffers[name] = await arena.upload(data, name);
          const dispatch = await ready(arena, buffers);
          const recorded = recordCommands(gpu);
          const asked = new Map<Kernel, Asked>();
          const commands: Commands = {
            ...recorded,
            dispatch(kernel, params, bound, overrides = {}) {
              asked.set(kernel as unknown as Kernel, { params, overrides, arrays });
              recorded.dispatch(kernel, params, bound, overrides);
            },
          };
          return {
            get kernel() {
              return [...asked.keys()].map(({ name }) => name).join(' + ');
            },
            async run() {
              for (let i = 0; i < copies; i++) dispatch(commands);
              recorded.submit();
              await finished(gpu);
            },
            output: async () =>
              new Float32Array(await readBack(gpu, buffers[writes]!, arrays[writes]!.byteLength)),
            predicted({ read_gbps, fma_gflops }) {
              const most = { read_bytes_per_second: 1e9 * read_gbps, flops_per_second: 1e9 * fma_gflops };
              const each = [...asked].map(([kernel, one]) => predict(kernel, one, most)?.ms);
              return each.reduce(
                (sum, ms) => (sum === undefined || ms === undefined ? undefined : sum + ms),
                0,
              );
            },
            close: () => recorded.close(),
          };
        },
        errorOf: (y) =>
          y.reduce((most, value, i) => {
            const error = Math.abs(value - expected[i]!);
            return error <= most ? most : error;
          }, 0),
      };
    },
  };
}
