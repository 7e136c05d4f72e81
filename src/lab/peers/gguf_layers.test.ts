import { expect, test } from 'vitest';
import {
  DAMAGED_GGUF,
  damagedGguf,
  GGUF_TYPES,
  ggufExport,
  withRopeBase,
} from '../../../test/fixtures/peer_ggufs.ts';
import { tinyCheckpoint } from '../../../test/fixtures/tiny_checkpoint.ts';
import config from '../../../public/models/nibble-tiny/config.json';
import { parseConfig } from '../../model/config.ts';
import { ggufFiles, ggufWeights } from '../../model/gguf/gguf_files.ts';
import { openModel } from '../../model/open_model.ts';
import { readWeight } from '../../tensor/checkpoint.ts';
import { memorySource } from '../../tensor/source.ts';
import { readLayers } from './layers.ts';

const read = async (file: Uint8Array<ArrayBuffer>) => {
  const checkpoint = await tinyCheckpoint();
  return readLayers(
    { weights: () => ggufWeights(memorySource('nibble-tiny.gguf', file)) },
    { config: parseConfig(config), checkpoint, stored_quant: undefined },
  );
};

test.each(GGUF_TYPES)('no layer of a sound %s file strays', async (type) => {
  const sound = await read(ggufExport(type));
  expect(sound).toMatchObject({ astray: [] });
  expect('layers' in sound && sound.layers.length).toBe(29);
});

test('a file of the checkpoint’s own type has its very weights, rows of queries and keys among them', async () => {
  const checkpoint = await tinyCheckpoint();
  const { layers } = await ggufWeights(memorySource('nibble-tiny.gguf', ggufExport('BF16')));
  for (const { path, dequantize } of layers) {
    expect((await dequantize()).data, path).toEqual((await readWeight(checkpoint, `${path}.weight`)).data);
  }
});

test('a quantized checkpoint is held against its own codes', async () => {
  const source = memorySource('nibble-tiny-Q4_0.gguf', ggufExport('Q4_0'));
  const model = await openModel(await ggufFiles(source));
  const own = await readLayers({ weights: () => ggufWeights(source) }, model);
  expect(own).toMatchObject({ astray: [] });
  expect('layers' in own && own.layers.length).toBe(29);
  const damaged = memorySource('damaged.gguf', await damagedGguf());
  expect(await readLayers({ weights: () => ggufWeights(damaged) }, model)).toMatchObject({
    astray: [{ what: 'weights', layer: DAMAGED_GGUF }],
  });
});

test('a layer whose scales were swapped is named, and a setting that is another', async () => {
  expect(await read(await damagedGguf())).toMatchObject({
    astray: [{ what: 'weights', layer: DAMAGED_GGUF, op_type: 'Q4_0' }],
  });
  expect(await read(withRopeBase(ggufExport('BF16'), 500_000))).toMatchObject({
    astray: [{ what: 'settings', layer: 'rope frequencies' }],
  });
});
