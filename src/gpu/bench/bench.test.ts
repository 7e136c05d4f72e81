import { describe, expect, it } from 'vitest';
import { idleGpu, stubGpuConstants } from '../../../test/fixtures/idle_gpu.ts';
import { openArena } from '../device/buffers.ts';
import { benchSubjects } from './bench_kernels.ts';
import { otherSubjects } from './bench_others.ts';
import { pointName } from './subject.ts';
import { BENCH_FORMATS } from './formats.ts';
import { LAYERS, TOKENS } from './layers.ts';
import { spread, timeInRounds } from './rounds.ts';

const pointsOf = (asked: Parameters<typeof benchSubjects>[0]) =>
  benchSubjects(asked).map(({ point }) => point);

describe('the rows of a bench', () => {
  it('are every layer, format and number of tokens, each once', () => {
    const points = pointsOf({});
    expect(points.length).toBe(LAYERS.length * BENCH_FORMATS.length * TOKENS.length + otherSubjects().length);
    expect(new Set(points.map(pointName)).size).toBe(points.length);
  });

  it('are chosen by words that all stand in their names', () => {
    const names = pointsOf({ only: ['smollm2', 'down', 'nf4', 'm=8'] }).map(pointName);
    expect(names).toEqual([
      'SmolLM2-135M down nf4 blocks of 64 M=8 N=576 K=1536',
      'SmolLM2-135M down nf4 blocks of 64, double quantization M=8 N=576 K=1536',
    ]);
    expect(pointsOf({ only: ['no such layer'] })).toEqual([]);
  });

  it('are few of a quick one, with each kind of weights that another engine has', () => {
    const quick = pointsOf({ quick: true });
    expect(quick.length).toBeLessThan(20);
    const kinds = (points: typeof quick) => new Set(points.map(({ quant_type }) => quant_type));
    expect(kinds(quick)).toEqual(kinds(pointsOf({})));
  });
});

it('made-up weights are the same by rows as for another engine', () => {
  for (const format of BENCH_FORMATS) {
    const made = format.make(64, 128);
    const { peer } = made;
    const row = (n: number) => made.row(n);
    expect(made.bytes / (64 * 128)).toBeCloseTo(format.bytes_of_weight, 1);
    expect(row(3).length).toBe(128);
    if (peer.kind === 'float32') expect(row(3)).toEqual(peer.data.subarray(3 * 128, 4 * 128));
    expect(row(3)).not.toEqual(row(4));
  }
});

describe('rounds', () => {
  it('take works in turn, each round in another order, and warm up before', async () => {
    const done: string[] = [];
    let time = 0;
    const work = (name: string) => () => {
      done.push(name);
      time += 10;
      return Promise.resolve();
    };
    const { rounds, ms } = await timeInRounds({ a: work('a'), b: work('b') }, 0, () => time);
    expect(done.slice(0, 6).join('')).toBe('ababba');
    expect(ms).toEqual({ a: Array(rounds).fill(10), b: Array(rounds).fill(10) });
  });

  it('are told by the middle and the distance of the quartiles', () => {
    expect(spread([10, 1, 3, 2, 4])).toEqual({ median: 3, iqr: 2 });
    expect(spread([5])).toEqual({ median: 5, iqr: 0 });
  });
});

describe('the forms that GPUs are given', () => {
  stubGpuConstants();

  it.each(
    otherSubjects()
      .filter(({ point }) => point.model === 'SmolLM2-135M')
      .map((subject) => [pointName(subject.point), subject] as const),
  )('are predicted: %s', async (_, { prepare }) => {
    const ceiling = { read_gbps: 100, copy_gbps: 100, fma_gflops: 4000 };
    const gpu = idleGpu();
    const ours = await prepare(gpu, ceiling, 0.001).open(openArena(gpu));
    await ours.run();
    expect(ours.predicted(ceiling), ours.kernel).toBeGreaterThan(0);
  });
});
