import { describe, expect, it } from 'vitest';
import { ownFileSet, ownFiles, pathOfData } from './folder.ts';
import { memoryFiles } from './source.ts';

const MODEL = ['config.json', 'model.safetensors', 'tokenizer.json'];
const at = (folder: string, names = MODEL) => names.map((name) => folder + name);
const chosen = (paths: readonly string[]) => [...ownFiles('model', paths).values()];

describe('the files of the one model in a tree', () => {
  it.each<[string, string[], string]>([
    ['alone', at(''), ''],
    ["with a trainer's checkpoints", [...at('checkpoint-500/'), ...at(''), ...at('checkpoint-1000/')], ''],
    ['with modules of a sentence embedder', [...at(''), '1_Pooling/config.json', '2_Dense/config.json'], ''],
    ['with an export', [...at(''), ...at('onnx/'), 'onnx/model.onnx'], ''],
    [
      'with the weights as first published',
      [...at(''), 'original/consolidated.00.pth', 'original/params.json'],
      '',
    ],
    ['in a folder below', ['readme.txt', ...at('models/tiny/')], 'models/tiny/'],
    ['below, with a checkpoint below it', [...at('out/checkpoint-5/'), ...at('out/')], 'out/'],
    [
      'with what a download left behind',
      [...at(''), '.cache/huggingface/download/config.json', ...at('.git/')],
      '',
    ],
    ['below, beside hidden ones', [...at('.old/'), ...at('new/')], 'new/'],
    ['whose folder begins as another', [...at('a/'), 'ab/readme.txt', ...at('a/b/')], 'a/'],
  ])('%s', (_, paths, folder) => {
    expect(chosen(paths)).toEqual(at(folder));
    expect(chosen([...paths].reverse())).toEqual(at(folder));
  });

  it('never takes from below what the top lacks', () => {
    const own = ownFiles('model', ['config.json', ...at('checkpoint-500/')]);
    expect([...own]).toEqual([['config.json', 'config.json']]);
  });

  it('are those at the top where no folder has a config.json', () => {
    expect(chosen(['model.safetensors', 'a/model.safetensors'])).toEqual(['model.safetensors']);
  });

  it.each<[string, string[], string]>([
    ['side by side', [...at('b/'), ...at('a/')], 'in 2 folders, a/, b/;'],
    ['at different depths', [...at('a/'), ...at('b/c/')], 'in 2 folders, a/, b/c/;'],
    ['many', ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((name) => at(`${name}/`)), 'a/, b/, c/, d/ and 2 more;'],
  ])('are not guessed of several: %s', (_, paths, named) => {
    expect(() => ownFiles('model', paths)).toThrow(named);
  });

  it('are an adapter’s by adapter_config.json', () => {
    const names = ['adapter_config.json', 'adapter_model.safetensors'];
    const paths = [...at(''), ...at('lora/', names), ...at('lora/checkpoint-5/', names)];
    expect([...ownFiles('adapter', paths).values()]).toEqual(at('lora/', names));
  });

  it('open by their own names, from their own folder', async () => {
    const files = memoryFiles({
      'a/config.json': Uint8Array.of(1),
      'a/below/config.json': Uint8Array.of(2),
      'a/below/tokenizer.json': Uint8Array.of(2),
    });
    const own = ownFileSet('model', files);
    expect(own.names).toEqual(['config.json']);
    const source = await own.open('config.json');
    expect([source.name, ...(await source.slice(0, 1))]).toEqual(['config.json', 1]);
    await expect(own.open('tokenizer.json')).rejects.toMatchObject({ code: 'missing-file' });
  });
});

describe("a task's file in a tree", () => {
  const wanted = 'data/test.parquet';
  it.each<[string[], string | undefined]>([
    [['x/data/test.parquet', 'data/test.parquet'], 'data/test.parquet'],
    [['x/data/test.parquet', 'xdata/test.parquet'], 'x/data/test.parquet'],
    [['.cache/data/test.parquet'], undefined],
    [['test.parquet'], undefined],
  ])('of %j is %j', (paths, found) => {
    expect(pathOfData(paths, wanted)).toBe(found);
  });

  it('is not guessed of two', () => {
    expect(() => pathOfData(['coqa/data/test.parquet', 'arc/data/test.parquet'], wanted)).toThrow(
      'more than once, arc/data/test.parquet and coqa/data/test.parquet',
    );
  });
});
