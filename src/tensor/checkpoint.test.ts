import { expect, test } from 'vitest';
import { checkpoints } from '../../test/fixtures/safetensors/checkpoints.ts';
import { file } from '../../test/fixtures/safetensors/corpus.ts';
import { LabError, toFailure } from '../errors.ts';
import {
  findTensor,
  openCheckpoint,
  readWeight,
  readWeightBytes,
  readWeightRows,
  type Checkpoint,
} from './checkpoint.ts';
import { memoryFiles, type FileSet } from './source.ts';

test.each(checkpoints)('$name: $verdict', async ({ files, verdict, warning }) => {
  let got: Checkpoint | LabError;
  try {
    got = await openCheckpoint(memoryFiles(files()));
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    got = error;
  }
  if (got instanceof LabError) {
    expect(`${got.code}: ${got.message}`).toMatch(new RegExp(`^${verdict}: `));
    expect(got.message.length).toBeLessThan(400);
  } else {
    expect('ok').toBe(verdict);
    expect(got.warnings).toHaveLength(warning ? 1 : 0);
  }
});

/** Two shards: a F32 [2,2] of 1 to 4 in one, b U8 [2] in the other. */
function sharded(): { files: FileSet; reads: string[] } {
  const one = file(
    '{"__metadata__":{"format":"pt","n":"1"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}',
    16,
  );
  one.set(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer), one.length - 16);
  const two = file('{"__metadata__":{"n":"2"},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}', 2);
  const weight_map = { a: '1.safetensors', b: '2.safetensors' };
  const files = memoryFiles({
    'model.safetensors.index.json': new TextEncoder().encode(JSON.stringify({ weight_map })),
    '1.safetensors': one,
    '2.safetensors': two,
  });
  const reads: string[] = [];
  const open = async (name: string) => {
    const source = await files.open(name);
    const slice = (begin: number, end: number) => {
      reads.push(`${name} ${begin}-${end}`);
      return source.slice(begin, end);
    };
    return { ...source, slice };
  };
  return { files: { names: files.names, open }, reads };
}

test('reads tensors by name, from the shard that holds them', async () => {
  const checkpoint = await openCheckpoint(sharded().files);
  expect([...checkpoint.tensors.keys()]).toEqual(['a', 'b']);
  expect(checkpoint.metadata).toEqual(new Map([['format', 'pt'], ['n', '1']])); // prettier-ignore
  expect(findTensor(checkpoint, 'b').shard.name).toBe('2.safetensors');
  expect(await readWeight(checkpoint, 'a')).toEqual({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
  expect(await readWeightBytes(checkpoint, 'b')).toEqual(Uint8Array.of(0, 0));
  expect(await readWeightRows(checkpoint, 'a', 1, 2)).toEqual(new Uint8Array(Float32Array.of(3, 4).buffer));
  const failed = toFailure(await readWeight(checkpoint, 'lm_head.weight').catch((error: unknown) => error));
  expect(failed).toMatchObject({
    code: 'missing-tensor',
    message: 'tensor "lm_head.weight" is not in the checkpoint, which has 2 others',
  });
});

test('only headers are read until a tensor is asked for', async () => {
  const large = file('{"w":{"dtype":"F32","shape":[1000000],"data_offsets":[0,4000000]}}', 4_000_000);
  const source = await memoryFiles({ 'model.safetensors': large }).open('model.safetensors');
  let bytes = 0;
  const slice = (begin: number, end: number) => {
    bytes += end - begin;
    return source.slice(begin, end);
  };
  const files: FileSet = { names: ['model.safetensors'], open: () => Promise.resolve({ ...source, slice }) };
  const checkpoint = await openCheckpoint(files);
  expect(bytes).toBeLessThanOrEqual(65_536);
  await readWeight(checkpoint, 'w');
  expect(bytes).toBeGreaterThan(4_000_000);
});

test('an index larger than the limit is not read', async () => {
  const { files, reads } = sharded();
  const open = async (name: string) => ({ ...(await files.open(name)), byteLength: 25_000_001 });
  await expect(openCheckpoint({ names: files.names, open })).rejects.toThrow(
    'model.safetensors.index.json has 25000001 bytes; allowed: 25000000',
  );
  expect(reads).toEqual([]);
});
