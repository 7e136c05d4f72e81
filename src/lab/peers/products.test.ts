import { expect, test } from 'vitest';
import { DAMAGED, damagedExport, exported } from '../../../test/fixtures/peer_exports.ts';
import { tinyCheckpoint } from '../../../test/fixtures/tiny_checkpoint.ts';
import config from '../../../public/models/nibble-tiny/config.json';
import { parseConfig } from '../../model/config.ts';
import { onnxLayers, onnxWeights, type OnnxLayer } from '../../quant/saved/onnx.ts';
import { parseOnnx } from '../../tensor/onnx.ts';
import { klOf } from './distribution.ts';
import { readLayers } from './layers.ts';
import type { Peer } from './peer.ts';
import { firstWrongProduct } from './products.ts';

/** An engine that answers nothing, on a file. */
const onFile = (bytes: Uint8Array<ArrayBuffer>, values?: Peer['values']): Peer => ({
  engine: 'none',
  vocab: 1280,
  logits: () => Promise.reject(new Error('it was not asked')),
  weights: () => Promise.resolve().then(() => onnxWeights(bytes)),
  values,
  close: () => Promise.resolve(),
});

const model = async () => ({
  config: parseConfig(config),
  checkpoint: await tinyCheckpoint(),
  stored_quant: undefined,
});

test('a layer whose scales were swapped is named, and no layer of a sound file', async () => {
  const sound = await readLayers(onFile(exported('model_q4')), await model());
  expect(sound).toMatchObject({ astray: [] });
  const damaged = await readLayers(onFile(damagedExport()), await model());
  expect(damaged).toMatchObject({ astray: [{ what: 'weights', layer: DAMAGED, op_type: 'MatMulNBits' }] });
});

test('a file that is none is said, not thrown', async () => {
  expect(await readLayers(onFile(new Uint8Array(8).fill(255)), await model())).toEqual({
    unread: expect.stringContaining('no ONNX file') as string,
  });
});

/** What each layer reads and writes where all products are right. */
function valuesOf(layers: readonly OnnxLayer[], rows: number): Map<string, Float32Array> {
  const values = new Map<string, Float32Array>();
  for (const { input, output, shape, dequantize } of layers) {
    const [N, K] = shape;
    const x = values.get(input) ?? Float32Array.from({ length: rows * K }, (_, i) => Math.sin(i + K));
    const { data } = dequantize();
    const dot = (row: number, n: number) => {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += x[row * K + k]! * data[n * K + k]!;
      return sum;
    };
    values.set(input, x);
    values.set(
      output,
      Float32Array.from({ length: rows * N }, (_, i) => dot(Math.floor(i / N), i % N)),
    );
  }
  return values;
}

test('the first product that is not that of its own input and weights is named', async () => {
  const file = exported('model_bnb4');
  const layers = onnxLayers(parseOnnx(file));
  const values = valuesOf(layers, 2);
  const peer = onFile(file, () => Promise.resolve(values));
  expect(await firstWrongProduct(peer, layers, [1, 2])).toBeUndefined();
  const [, , , wrong, later] = layers;
  for (const { output } of [wrong!, later!]) values.get(output)!.subarray(10, 20).fill(3);
  expect(await firstWrongProduct(peer, layers, [1, 2])).toMatchObject({
    ...{ what: 'product', layer: wrong!.path, op_type: 'MatMulBnb4', allowed: 0.005 },
  });
  values.get(layers[0]!.input)![0] = NaN;
  expect(await firstWrongProduct(peer, layers, [1, 2])).toMatchObject({
    ...{ what: 'not a number', layer: layers[0]!.path },
  });
});

test('KL is that of the softmaxes, whatever is added to all logits', () => {
  const [p, q] = [Float32Array.of(0, Math.log(3)), Float32Array.of(5, 5)];
  expect(klOf(p, q)).toBeCloseTo(0.25 * Math.log(0.5) + 0.75 * Math.log(1.5), 6);
  expect(klOf(q, q)).toBe(0);
});
