import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openWeights } from '../model/open_model.ts';
import { weightsOnGrid } from '../model/weights_on_grid.ts';
import { memorySource, type FileSet } from '../tensor/source.ts';

async function folder(path: string): Promise<FileSet> {
  return {
    names: await readdir(path),
    open: async (name) => memorySource(name, await readFile(`${path}/${name}`)),
  };
}
const onGrid = async (path: string) => weightsOnGrid(await openWeights(await folder(path)));

describe('weights on a 4-bit grid', () => {
  it('are not those of the bundled models, nor of random ones', async () => {
    for (const path of ['public/models/nibble-tiny', 'test/golden/models/gemma']) {
      expect(await onGrid(path)).toBeUndefined();
    }
  });

  it('nor is a checkpoint that says it is quantized asked', async () => {
    expect(await onGrid('test/golden/checkpoints/llama-nf4')).toBeUndefined();
  });

  const smollm2 = process.env.NIBBLE_SMOLLM2 ?? '';
  it.skipIf(smollm2 === '')(
    'are those of SmolLM2-135M as it is usually fetched (needs its folder in $NIBBLE_SMOLLM2)',
    async () => {
      const { blocks, on_grid } = (await onGrid(smollm2))!;
      expect(blocks).toBeGreaterThan(500);
      expect(on_grid / blocks).toBeGreaterThan(0.9);
    },
  );
});
