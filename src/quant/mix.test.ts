import { describe, expect, it } from 'vitest';
import { seededRandom } from '../tensor/random.ts';
import type { LayerFormat } from './config.ts';
import { layerConfig } from './layers.ts';
import { mixConfig, mixFrontier, type MixedLayer } from './mix.ts';

const random = seededRandom(5);
const layersOf = (layers: number, formats: number): MixedLayer[] =>
  Array.from({ length: layers }, (_, i) => ({
    name: `layer ${i}`,
    choices: Array.from({ length: formats }, (_, format) => ({
      format,
      bytes: 1 + random.integer(40),
      loss: random.integer(1000) / 1000,
    })),
  }));

/** The least loss of every mix of at most so many bytes, by trying them all. */
function leastLoss(layers: readonly MixedLayer[], most: number): number {
  let best = Infinity;
  const tryFrom = (at: number, bytes: number, loss: number): void => {
    if (bytes > most) return;
    if (at === layers.length) best = Math.min(best, loss);
    else for (const choice of layers[at]!.choices) tryFrom(at + 1, bytes + choice.bytes, loss + choice.loss);
  };
  tryFrom(0, 0, 0);
  return best;
}

describe('the mixes worth having', () => {
  it('are each the best of their size, from the smallest there is to the one that loses least', () => {
    for (let trial = 0; trial < 200; trial++) {
      const layers = layersOf(1 + random.integer(5), 1 + random.integer(4));
      const frontier = mixFrontier(layers);
      for (const { bytes, loss, formats } of frontier) {
        expect(loss).toBeCloseTo(leastLoss(layers, bytes), 9);
        const chosen = layers.map(({ choices }, i) => choices.find(({ format }) => format === formats[i])!);
        expect(chosen.reduce((sum, choice) => sum + choice.bytes, 0)).toBe(bytes);
        expect(chosen.reduce((sum, choice) => sum + choice.loss, 0)).toBeCloseTo(loss, 9);
      }
      const least = (value: 'bytes' | 'loss') =>
        layers.reduce((sum, { choices }) => sum + Math.min(...choices.map((choice) => choice[value])), 0);
      expect(frontier[0]!.bytes).toBe(least('bytes'));
      expect(frontier.at(-1)!.loss).toBeCloseTo(least('loss'), 9);
    }
  });
});

describe('a mix as a configuration', () => {
  const NF4: LayerFormat = { quant_type: 'nf4', blocksize: 64, double_quant: false };
  const INT8: LayerFormat = { quant_type: 'int8', granularity: 'row' };
  const STORED: LayerFormat = { quant_type: 'none' };
  const names = [0, 1, 2].flatMap((layer) =>
    ['q_proj', 'o_proj', 'down_proj'].map((name) => `model.layers.${layer}.${name}`),
  );

  it('gives every layer the format that was chosen for it', () => {
    for (let trial = 0; trial < 100; trial++) {
      const formats = names.map(() => [NF4, INT8, STORED][random.integer(3)]!);
      const config = mixConfig(names, formats, 'float16');
      expect(names.map((name) => layerConfig(config, [name]))).toMatchObject(
        formats.map((format) => ({ ...format, compute_dtype: 'float16' })),
      );
    }
  });

  it('names all layers that end alike by their end', () => {
    const formats = names.map((name) =>
      name.endsWith('down_proj') || name.endsWith('1.o_proj') ? INT8 : NF4,
    );
    expect(mixConfig(names, formats, 'float32')).toEqual({
      ...NF4,
      compute_dtype: 'float32',
      by_layer: [{ modules: ['down_proj', 'model.layers.1.o_proj'], as: INT8 }],
    });
  });

  it('is one format, or none, where all layers have it', () => {
    expect(
      mixConfig(
        names,
        names.map(() => NF4),
        'float32',
      ),
    ).toEqual({ ...NF4, compute_dtype: 'float32' });
    expect(
      mixConfig(
        names,
        names.map(() => STORED),
        'float32',
      ),
    ).toEqual({ ...STORED, compute_dtype: 'float32' });
  });
});
