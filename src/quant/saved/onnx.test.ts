import { expect, test } from 'vitest';
import { exported, externalFile } from '../../../test/fixtures/peer_exports.ts';
import { tinyCheckpoint } from '../../../test/fixtures/tiny_checkpoint.ts';
import { readWeight } from '../../tensor/checkpoint.ts';
import { parseOnnx, withOutputs } from '../../tensor/onnx.ts';
import { ontoGrid } from './file_layer.ts';
import { onnxLayers } from './onnx.ts';

const relative = (a: Float32Array, b: Float32Array) => {
  let [difference, size] = [0, 0];
  a.forEach((x, i) => {
    difference += (x - b[i]!) ** 2;
    size += b[i]! ** 2;
  });
  return Math.sqrt(difference / size);
};

test.each([
  ['model', 'float', 1e-7],
  ['model_fp16', 'float', 1e-5],
  ['model_q4', 'integers', 0.11],
  ['model_q4f16', 'integers', 0.11],
  ['model_bnb4', 'codebook', 0.1],
  ['model_quantized', 'int8', 0.03],
] as const)('%s: its layers are the checkpoint, as near as their grid comes', async (name, kind, most) => {
  const checkpoint = await tinyCheckpoint();
  const layers = onnxLayers(parseOnnx(exported(name)));
  expect(layers.map(({ path }) => path)).toContain('lm_head');
  expect(layers.length).toBe(29);
  for (const { path, grid, shape, dequantize } of layers) {
    expect(grid.kind).toBe(kind);
    const own = await readWeight(
      checkpoint,
      path === 'lm_head' ? 'model.embed_tokens.weight' : `${path}.weight`,
    );
    const theirs = dequantize();
    expect(theirs.shape).toEqual([...own.shape]);
    expect(theirs.shape).toEqual([...shape]);
    const [error, ours] = [theirs.data, ontoGrid(own, grid).data].map((data) => relative(data, own.data));
    expect(error).toBeLessThan(most);
    expect(error!).toBeLessThanOrEqual(1.5 * ours! + 1e-7);
    // bitsandbytes' codes are the same whoever rounds.
    if (kind === 'codebook') expect(theirs.data).toEqual(ontoGrid(own, grid).data);
  }
});

test('weights in a file of their own are the same', () => {
  const beside = (name: string) =>
    name === 'model_q4.onnx_data' ? externalFile('model_q4.onnx_data') : undefined;
  const [inside, outside] = [
    onnxLayers(parseOnnx(exported('model_q4'))),
    onnxLayers(parseOnnx(externalFile('model_q4.onnx'), beside)),
  ];
  expect(outside.map(({ path }) => path)).toEqual(inside.map(({ path }) => path));
  expect(outside[3]!.dequantize()).toEqual(inside[3]!.dequantize());
  expect(() => parseOnnx(externalFile('model_q4.onnx'))).toThrow(/model_q4\.onnx_data/);
});

test('outputs are added to a file', () => {
  const file = exported('model_q4');
  expect(parseOnnx(withOutputs(file, ['a', 'b'])).outputs).toEqual(['logits', 'a', 'b']);
});

test('what is no ONNX file is refused', () => {
  expect(() => parseOnnx(new TextEncoder().encode('{"not": "onnx"}'))).toThrow(/no ONNX file/);
  expect(() => parseOnnx(exported('model_q4').subarray(0, 5000))).toThrow(/no ONNX file, or damaged/);
});
