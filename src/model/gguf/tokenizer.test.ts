import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { goldenFolder, goldenJson } from '../../../test/fixtures/golden_files.ts';
import { readGguf, type Gguf, type GgufValue } from '../../tensor/gguf.ts';
import { makeTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { tokenizerFiles } from './tokenizer.ts';
import { requireToldTokenizer, tokenizerEntries } from './write_tokenizer.ts';

const golden = async (name: string): Promise<Gguf> => readGguf(await goldenFolder('gguf', [name]).open(name));

function tokenizerOf(gguf: Gguf): Tokenizer {
  const files = tokenizerFiles('a.gguf', gguf);
  return makeTokenizer(
    {
      tokenizer: files['tokenizer.json'],
      tokenizer_config: files['tokenizer_config.json'],
      config: { model_type: 'llama' },
    },
    2 ** 21,
  );
}

const changed = (gguf: Gguf, changes: Record<string, GgufValue | undefined>): Gguf => {
  const metadata = new Map(gguf.metadata);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) metadata.delete(`tokenizer.ggml.${key}`);
    else metadata.set(`tokenizer.ggml.${key}`, value);
  }
  return { ...gguf, metadata };
};

describe('the tokenizer of a GGUF file', () => {
  it('gives the ids of the model it was converted from', async () => {
    const path = (name: string) => new URL(`../../../public/models/nibble-tiny/${name}`, import.meta.url);
    const json = async (name: string) => JSON.parse(await readFile(path(name), 'utf8')) as unknown;
    const original = makeTokenizer(
      {
        tokenizer: await json('tokenizer.json'),
        tokenizer_config: await json('tokenizer_config.json'),
        config: await json('config.json'),
      },
      1280,
    );
    const converted = tokenizerOf(await golden('nibble-tiny.gguf'));
    const tasks = ['mini_text.jsonl', 'mini_arc.jsonl', 'mini_news.csv'];
    for (const task of tasks) {
      const url = new URL(`../../../public/tasks/${task}`, import.meta.url);
      for (const line of (await readFile(url, 'utf8')).split('\n').slice(0, 100)) {
        const ids = original.encode(line);
        expect(converted.encode(line)).toEqual(ids);
        expect(converted.decode(ids)).toBe(original.decode(ids));
      }
    }
    expect(converted.eos).toEqual(original.eos);
    expect(converted.bos_in_front).toBe(original.bos_in_front);
  });

  it('of pieces with scores gives the ids of SentencePiece', async () => {
    const tokenizer = tokenizerOf(await golden('pieces.gguf'));
    const { texts } = await goldenJson<{ texts: { text: string; ids: number[] }[] }>('gguf/pieces.json');
    for (const { text, ids } of texts) expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
  });

  it.each(['nibble-tiny.gguf', 'pieces.gguf'])('is written as it was read: %s', async (name) => {
    const gguf = await golden(name);
    const { 'tokenizer.json': tokenizer, 'tokenizer_config.json': tokenizer_config } = tokenizerFiles(
      'a.gguf',
      gguf,
    );
    const files = { tokenizer, tokenizer_config, config: { model_type: 'llama' } };
    const rows = (gguf.metadata.get('tokenizer.ggml.tokens') as string[]).length;
    const metadata = new Map(
      tokenizerEntries(files, rows).map(([key, value]) => [
        `tokenizer.${key}`,
        Object.values(value)[0] as GgufValue,
      ]),
    );
    const told = { ...gguf, metadata };
    expect(() => requireToldTokenizer(files, 'a.gguf', told, rows)).not.toThrow();
    expect(tokenizerFiles('a.gguf', told)['tokenizer.json']).toEqual(tokenizer);
    const scores = (metadata.get('tokenizer.ggml.scores') as number[] | undefined)?.map((score) => -score);
    if (!scores) return;
    // Pieces that merge in another order are not the model's.
    metadata.set('tokenizer.ggml.scores', scores);
    expect(() => requireToldTokenizer(files, 'a.gguf', told, rows)).toThrow(/has the merge/);
  });

  it.each([
    [{ pre_tokenizer: { type: 'Whitespace' } }, 'cuts words by {"type":"Whitespace"}'],
    [{ normalizer: { type: 'Lowercase' } }, 'with the normalizer {"type":"Lowercase"}'],
    [{ model: { type: 'WordLevel', vocab: { a: 0 } } }, 'model is "WordLevel"'],
  ])('of %j is refused to be written', async (changes, message) => {
    const { 'tokenizer.json': json, 'tokenizer_config.json': tokenizer_config } = tokenizerFiles(
      'a.gguf',
      await golden('nibble-tiny.gguf'),
    );
    const tokenizer = { ...(json as object), ...changes };
    expect(() => tokenizerEntries({ tokenizer, tokenizer_config, config: {} }, 1280)).toThrow(message);
  });

  it.each([
    [{ pre: 'tekken9' }, 'tokenizer.ggml.pre "tekken9"; Nibble reads gpt-2,'],
    [{ model: 'bert' }, 'tokenizer.ggml.model "bert"; Nibble reads gpt2 and llama.'],
    [{ model: undefined }, 'tokenizer.ggml.model missing'],
    [{ merges: undefined }, 'no tokenizer.ggml.merges'],
    [{ tokens: ['a', 1] }, 'no list of texts for tokenizer.ggml.tokens'],
    [{ token_type: [1] }, 'no list of 1280 numbers for tokenizer.ggml.token_type'],
    [{ model: 'llama' }, 'no tokenizer.ggml.scores'],
  ])('refuses %j', async (changes, message) => {
    const gguf = changed(await golden('nibble-tiny.gguf'), changes);
    expect(() => tokenizerFiles('a.gguf', gguf)).toThrow(
      expect.objectContaining({ code: 'bad-tokenizer', message: expect.stringContaining(message) as string }),
    );
  });

  it('refuses pieces that all have one score', async () => {
    const gguf = await golden('pieces.gguf');
    const scores = (gguf.metadata.get('tokenizer.ggml.scores') as number[]).map(() => -1000);
    expect(() => tokenizerFiles('a.gguf', changed(gguf, { scores }))).toThrow(/one score for all/);
  });
});
