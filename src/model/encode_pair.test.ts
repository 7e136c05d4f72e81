import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePair } from './causal_lm.ts';
import { makeTokenizer } from './tokenizer/tokenizer.ts';

const GOLDEN = join(import.meta.dirname, '../../test/golden/harness/models');

async function open(name: string) {
  const json = async (file: string): Promise<unknown> =>
    JSON.parse(await readFile(join(GOLDEN, name, file), 'utf8'));
  const files = {
    tokenizer: await json('tokenizer.json'),
    tokenizer_config: await json('tokenizer_config.json'),
  };
  return makeTokenizer(files, 512);
}

/** BOS before every text; none at all. */
const llama = await open('tiny-llama');
const qwen = await open('tiny-qwen2');

describe('the split into context and continuation', () => {
  it('is by position: what the continuation would be alone does not matter', () => {
    const [context, continuation] = ['Question: Which?\nAnswer:', ' the sea'];
    const pair = encodePair(qwen, context, continuation);
    expect([...pair.context, ...pair.continuation]).toEqual(qwen.encode(context + continuation));
    expect(pair.context).toEqual(qwen.encode(context));
    // A tokenizer that begins texts with BOS would put a second one before the continuation.
    const begun = encodePair(llama, context, continuation);
    expect(begun.context[0]).toBe(0);
    expect(begun.continuation).not.toContain(0);
  });

  it("moves the context's last white space over, where a word begins with it", () => {
    const moved = encodePair(qwen, 'The sea is ', 'the');
    expect(moved).toEqual(encodePair(qwen, 'The sea is', ' the'));
    // Cut at the character, the space would be a token of the context.
    expect(moved.context).not.toEqual(qwen.encode('The sea is '));
  });

  it("counts Python's white space, not JavaScript's", () => {
    expect(encodePair(qwen, 'a\u0085', 'b').context).toEqual(qwen.encode('a'));
    expect(encodePair(qwen, 'a\x1f', 'b').context).toEqual(qwen.encode('a'));
    expect(encodePair(qwen, 'a\ufeff', 'b').context).toEqual(qwen.encode('a\ufeff'));
  });

  it('stands on the prefix token where there is no context', () => {
    const alone = qwen.encode(' sea', { add_special_tokens: false });
    expect(encodePair(qwen, '', ' sea')).toEqual({ context: [qwen.prefix_token_id], continuation: alone });
    // No BOS: the end of a text stands for its beginning.
    expect(qwen.prefix_token_id).toBe(qwen.eos!.id);
    const written = llama.encode('<s> sea', { add_special_tokens: false });
    expect(encodePair(llama, '', '<s> sea')).toEqual({ context: [0], continuation: written.slice(1) });
  });
});

describe('BOS', () => {
  it("is the tokenizer's own default", () => {
    expect(llama.encode('sea')[0]).toBe(0);
    expect(llama.encode('sea', { add_special_tokens: false })[0]).not.toBe(0);
    expect(qwen.encode('sea')).toEqual(qwen.encode('sea', { add_special_tokens: false }));
  });

  it('is not added to a text that begins with it', () => {
    expect(llama.encode('<s>sea')).toEqual(llama.encode('<s>sea', { add_special_tokens: false }));
    expect(llama.encode('<s>sea').filter((id) => id === 0)).toHaveLength(1);
  });
});
