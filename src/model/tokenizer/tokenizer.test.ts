import { describe, expect, it } from 'vitest';
import { CHARACTER_OF_BYTE } from './byte_level.ts';
import { makeTokenizer, type Tokenizer } from './tokenizer.ts';
import type { TokenizerFiles } from './settings.ts';

const special = (id: number, content: string, flags = {}) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
  ...flags,
});

/** A byte-level BPE: special tokens, the bytes, what merges make. */
function byteLevel(names: readonly string[], merges: readonly string[] = [], parts = {}) {
  const tokens = [...names, ...CHARACTER_OF_BYTE, ...merges.map((merge) => merge.replace(' ', ''))];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: names.map((name, id) => special(id, name)),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null as unknown,
    decoder: { type: 'ByteLevel' } as unknown,
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
    ...parts,
  };
}

/** SentencePiece's BPE: bytes, and characters that stand for themselves. */
function marked(characters: string, parts = {}) {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, '▁', ...characters];
  return {
    ...byteLevel(['<unk>', '<s>', '</s>']),
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false } as unknown,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      byte_fallback: true,
      fuse_unk: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: [],
    },
    ...parts,
  };
}

const BOS_TEMPLATE = {
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [],
  special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
};
const LLAMA = { tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<s>', eos_token: '</s>' };

const make = (files: TokenizerFiles): Tokenizer => makeTokenizer(files, 1000);
const tokensOf = (tokenizer: Tokenizer, text: string): string[] =>
  tokenizer.encode(text, { add_special_tokens: false }).map((id) => tokenizer.decode([id]));

describe('special tokens', () => {
  const tokenizer = byteLevel(['<|endoftext|>', '<s>', '</s>']);
  const config = { model_type: 'gpt2' };

  it("are GPT-2's where no file names any, as in the published GPT-2", () => {
    for (const tokenizer_config of [{ model_max_length: 1024 }, undefined]) {
      const { prefix_token_id, eos } = make({ tokenizer, tokenizer_config, config });
      expect({ prefix_token_id, eos }).toEqual({ prefix_token_id: 0, eos: { id: 0, text: '<|endoftext|>' } });
    }
  });

  it('stand in special_tokens_map.json, which counts over tokenizer_config.json', () => {
    const special_tokens_map = { bos_token: '<s>', eos_token: { content: '</s>', lstrip: false } };
    for (const tokenizer_config of [undefined, { eos_token: '<|endoftext|>' }]) {
      const made = make({ tokenizer, tokenizer_config, special_tokens_map, config });
      expect([made.prefix_token_id, made.eos?.id]).toEqual([1, 2]);
    }
    const tokenizer_config = { eos_token: '<|endoftext|>', added_tokens_decoder: {} };
    expect(make({ tokenizer, tokenizer_config, special_tokens_map, config }).eos?.id).toBe(0);
  });

  it('are not there where a file says null', () => {
    const made = make({ tokenizer, tokenizer_config: { bos_token: null, eos_token: '</s>' }, config });
    expect(made.prefix_token_id).toBe(2);
    expect(() => make({ tokenizer, tokenizer_config: { bos_token: null, eos_token: null }, config })).toThrow(
      /neither .* a bos_token or an eos_token/,
    );
  });

  it("are config.json's where no file of the tokenizer names any, and that is said", () => {
    const nameless = { bos_token: null, eos_token: null };
    const ids = { ...config, bos_token_id: 1, eos_token_id: 2 };
    const made = make({ tokenizer, tokenizer_config: nameless, config: ids });
    expect([made.prefix_token_id, made.eos?.id, made.warnings.length]).toEqual([1, 2, 1]);
    const named = make({ tokenizer, tokenizer_config: { bos_token: null, eos_token: '</s>' }, config: ids });
    expect([named.prefix_token_id, named.warnings]).toEqual([2, []]);
    const beyond = { ...config, bos_token_id: 99_999 };
    expect(() => make({ tokenizer, tokenizer_config: nameless, config: beyond })).toThrow('one is needed');
  });

  it('get the next id where the vocabulary lacks them, which no embedding may have', () => {
    const files = { tokenizer: byteLevel(['</s>']), config };
    expect(() => makeTokenizer(files, 257)).toThrow(
      'tokenizer.json gives the id 257; the model has embeddings for 0 to 256.',
    );
    expect(
      makeTokenizer({ ...files, tokenizer_config: { bos_token: null, eos_token: '</s>' } }, 257).eos?.id,
    ).toBe(0);
  });
});

describe('what version 4 does otherwise', () => {
  it('is to take the parts that a class of version 5 makes itself, and to clean up', () => {
    const pre_tokenizer = {
      type: 'Sequence',
      pretokenizers: [{ type: 'ByteLevel', add_prefix_space: false }],
    };
    const tokenizer = byteLevel(['<|endoftext|>'], [], { pre_tokenizer });
    const gpt2 = { model_type: 'gpt2' };
    const plain = { eos_token: '<|endoftext|>' };
    expect(make({ tokenizer, tokenizer_config: plain, config: gpt2 }).version_4_notes).toEqual([]);
    const other = { tokenizer, tokenizer_config: { ...plain, clean_up_tokenization_spaces: true } };
    expect(make({ ...other, config: { model_type: 'qwen2' } }).version_4_notes).toEqual([
      "transformers 4.57 takes normalizer and pre_tokenizer as tokenizer.json has it, where 5.24's class makes its own.",
      'transformers 4.57 takes spaces before punctuation out of generated text, by clean_up_tokenization_spaces.',
    ]);
  });
});

describe('a BOS in front', () => {
  const bytes = (parts = {}) => byteLevel(['<unk>', '<s>', '</s>'], [], parts);
  const facts = (files: TokenizerFiles) => {
    const made = make(files);
    return [
      made.bos_in_front,
      made.encode('a')[0] === 1,
      made.version_4_notes.find((note) => note.includes('BOS')),
    ];
  };

  it("goes by tokenizer.json's template alone; version 4 went by add_bos_token for Llama's class", () => {
    const config = { model_type: 'llama' };
    const asks = { ...LLAMA, tokenizer_class: 'LlamaTokenizerFast', add_bos_token: true };
    const note = (then: string, why: string) =>
      `transformers 4.57 puts ${then} BOS in front of a text: its LlamaTokenizerFast goes by add_bos_token (${why}).`;
    expect(facts({ tokenizer: bytes(), tokenizer_config: asks, config })).toEqual([
      false,
      false,
      note('a', 'true'),
    ]);
    const template = bytes({ post_processor: BOS_TEMPLATE });
    expect(facts({ tokenizer: template, tokenizer_config: asks, config })).toEqual([true, true, undefined]);
    expect(
      facts({ tokenizer: template, tokenizer_config: { ...asks, add_bos_token: false }, config }),
    ).toEqual([true, true, note('no', 'false')]);
    expect(
      facts({ tokenizer: template, tokenizer_config: { ...LLAMA, add_bos_token: false }, config }),
    ).toEqual([true, true, undefined]);
  });

  it("is never GPT-NeoX's, whose class leaves the template out", () => {
    const tokenizer_config = { ...LLAMA, tokenizer_class: 'GPTNeoXTokenizer', add_bos_token: true };
    const made = facts({
      tokenizer: bytes({ post_processor: BOS_TEMPLATE }),
      tokenizer_config,
      config: { model_type: 'gpt_neox' },
    });
    expect(made.slice(0, 2)).toEqual([false, false]);
    expect(made[2]).toMatch(/^transformers 4\.57 puts a BOS/);
  });
});

describe('decoding', () => {
  const answer = " did n't say ' yes !";

  it('cleans up after no BPE, whatever clean_up_tokenization_spaces says', () => {
    for (const clean of [undefined, true, false]) {
      const tokenizer_config = {
        ...LLAMA,
        ...(clean !== undefined && { clean_up_tokenization_spaces: clean }),
      };
      const made = make({ tokenizer: byteLevel(['<unk>', '<s>', '</s>']), tokenizer_config });
      expect(made.decode(made.encode(answer))).toBe(answer);
    }
    const forced = {
      ...LLAMA,
      clean_up_tokenization_spaces: true,
      clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output: true,
    };
    const made = make({ tokenizer: byteLevel(['<unk>', '<s>', '</s>']), tokenizer_config: forced });
    expect(made.decode(made.encode(answer))).toBe(" didn't say'yes!");
  });

  it('keeps U+FEFF, of bytes and of byte tokens', () => {
    const text = 'zw\ufeffbom';
    for (const tokenizer of [byteLevel(['<unk>', '<s>', '</s>']), marked('zwbom')]) {
      const made = make({ tokenizer, tokenizer_config: LLAMA });
      expect(made.decode(made.encode(text))).toBe(text);
    }
  });

  it('gives one U+FFFD for each byte token of a run that is no text', () => {
    const made = make({ tokenizer: marked('ab'), tokenizer_config: LLAMA });
    const byte = (value: number) => 3 + value;
    expect(made.decode([byte(0xc3), byte(0xa9), byte(0x41)])).toBe('éA');
    expect(made.decode([byte(0xc3), byte(0xa9), byte(0xc3)])).toBe('\ufffd\ufffd\ufffd');
  });
});

describe('parts that the JavaScript library leaves out', () => {
  it('are computed: a split that joins its matches to what stands before', () => {
    const merges = ['Ġ 1', 'Ġ1 2', 'Ġ12 3', '4 5', 'Ġ c', 'a t'];
    const split = (behavior: string) => ({
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: '\\d{3}|\\d+' }, behavior, invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    });
    const parts = (behavior: string) => {
      const tokenizer = byteLevel(['<unk>', '<s>', '</s>'], merges, { pre_tokenizer: split(behavior) });
      return tokensOf(make({ tokenizer, tokenizer_config: LLAMA }), ': 12345 cats.');
    };
    expect(parts('MergedWithPrevious')).toEqual([':', ' 123', '45', ' c', 'at', 's', '.']);
    expect(parts('Isolated')).toEqual([':', ' ', '1', '2', '3', '45', ' c', 'at', 's', '.']);
  });

  it('are computed: the flags of added tokens', () => {
    const tokenizer = byteLevel(['<unk>', '<s>', '</s>'], ['t h', 'th e', 'the r', 'ther e', 'Ġ there']);
    const flagged = [
      special(400, 'there', { single_word: true, special: false }),
      special(401, '<extra>', { lstrip: true, rstrip: true, special: false }),
    ];
    const files = { ...tokenizer, added_tokens: [...tokenizer.added_tokens, ...flagged] };
    const made = make({ tokenizer: files, tokenizer_config: LLAMA });
    expect(tokensOf(made, ' theres')).toEqual([' there', 's']);
    expect(tokensOf(made, ' there s')).toEqual([' ', 'there', ' ', 's']);
    expect(tokensOf(made, 'a  <extra> b')).toEqual(['a', '<extra>', 'b']);
  });

  it('are computed: truncation and padding belong to no text of ours', () => {
    const baked = {
      truncation: { direction: 'Right', max_length: 2, strategy: 'LongestFirst', stride: 0 },
      padding: { strategy: { Fixed: 9 }, direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '<unk>' },
    };
    const made = make({ tokenizer: byteLevel(['<unk>', '<s>', '</s>'], [], baked), tokenizer_config: LLAMA });
    expect(tokensOf(made, 'abc')).toEqual(['a', 'b', 'c']);
  });

  it('are computed: Unigram on 400,000 characters', () => {
    const vocab = [
      ['<unk>', 0],
      ['<s>', 0],
      ['</s>', 0],
      ['▁', -3],
      ['a', -2],
      ['b', -2.5],
      ['ab', -2.1],
      ['▁ab', -3.5],
    ];
    const tokenizer = marked('', { model: { type: 'Unigram', unk_id: 0, vocab } });
    const made = make({ tokenizer, tokenizer_config: LLAMA });
    const ids = made.encode(' ab a?b'.repeat(57_143));
    expect(ids).toHaveLength(57_143 * 5);
    // ▁ab, ▁, a, ?, b
    expect(ids.slice(-5)).toEqual([7, 3, 4, 0, 5]);
  });
});

describe("Qwen's and Llama's contractions", () => {
  it('know the long s and the Kelvin sign, as Oniguruma does', () => {
    const pattern = "(?i:'s|'k)|\\p{L}+|[^\\p{L}]";
    const split = {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      ],
    };
    // "'" and "ſ" merge only within one word.
    const merges = ["' Å", "'Å ¿", "' â", "'â Ħ", "'âĦ ª", "' x"];
    const tokenizer = byteLevel(['<unk>', '<s>', '</s>'], merges, { pre_tokenizer: split });
    const made = make({ tokenizer, tokenizer_config: LLAMA });
    expect(tokensOf(made, "'ſ'\u212a'x")).toEqual(["'ſ", "'\u212a", "'", 'x']);
  });
});

describe('what is not computed', () => {
  const tokenizer = byteLevel(['<unk>', '<s>', '</s>']);
  const refusal = (files: Partial<TokenizerFiles>) => {
    try {
      make({ tokenizer, tokenizer_config: LLAMA, ...files });
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  const part = (parts: object) => refusal({ tokenizer: { ...tokenizer, ...parts } });
  const split = (Regex: string) =>
    part({ pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false } });

  it('is refused by the name of the part', () => {
    expect(part({ normalizer: { type: 'Precompiled', precompiled_charsmap: 'AA' } })).toMatch(
      /^tokenizer\.json: normalizer Precompiled is not computed here; computed are NFC, /,
    );
    expect(part({ pre_tokenizer: { ...tokenizer.pre_tokenizer, whole_words: true } })).toBe(
      'tokenizer.json: pre_tokenizer ByteLevel: whole_words is true; this is not known here.',
    );
    expect(part({ pre_tokenizer: { type: 'Punctuation', behavior: 'Twice' } })).toBe(
      'tokenizer.json: pre_tokenizer Punctuation: behavior is "Twice"; it must be one of Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous.',
    );
    expect(part({ model: { ...tokenizer.model, dropout: 0.1 } })).toMatch(/dropout is 0\.1/);
    expect(part({ version: '2.0' })).toBe('tokenizer.json: version is "2.0".');
    expect(part({ extensions: [] })).toBe('tokenizer.json: extensions is []; this is not known here.');
  });

  it('is refused by what of a pattern JavaScript cannot say', () => {
    expect(split('(?x) a')).toMatch(/\(\?x\) is not computed here/);
    expect(split('(?i:ss)')).toMatch(/\(\?i:ss\) is not computed here/);
    expect(split('[a-z&&b]')).toMatch(/an intersection of classes is not computed here/);
    expect(split('\\X')).toMatch(/\\X is not computed here/);
    expect(split('(a')).toMatch(/cannot be said in JavaScript/);
    expect(split('\\p{Nonesuch}')).toMatch(/cannot be said in JavaScript/);
  });

  it('is refused where the search for a pattern could go on without end', () => {
    for (const endless of [
      '(\\w+\\s?)+;',
      '(a+)+$',
      '(?:(?:a|b+)c*)*d',
      '(\\w|\\d)+$',
      '(a|a?)+b',
      '(x{1,50}){2,}',
    ]) {
      expect(split(endless), endless).toMatch(/a repetition of .* not computed here/);
    }
    // Those of published tokenizers, and others that can be matched in one way only.
    for (const bounded of [
      "'s|'t|'re| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
      "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
      '(?:a|b|\\d)+',
      '(?:\\r?\\n)+',
      '(?>a+)+$',
      '(\\p{N}{1,3})+',
    ]) {
      expect(split(bounded), bounded).toBeUndefined();
    }
  });

  it('is refused where a text grows out of proportion, before it fills the memory', () => {
    const double = { type: 'Replace', pattern: { String: 'e' }, content: 'ee' };
    const growing = (normalizer: object) =>
      make({ tokenizer: { ...tokenizer, normalizer }, tokenizer_config: LLAMA }).encode('e'.repeat(100));
    const many = { type: 'Sequence', normalizers: Array.from({ length: 40 }, () => double) };
    expect(() => growing(many)).toThrow(/normalizer Sequence makes 12800 characters of 100; at most 7400/);
    const long = { type: 'Replace', pattern: { String: 'e' }, content: 'x'.repeat(1_000_000) };
    expect(() => growing(long)).toThrow(/makes 100000100 characters of 100/);
    expect(() => growing(double)).not.toThrow();
  });

  it('is refused by the name of the class or the setting', () => {
    expect(refusal({ tokenizer_config: { ...LLAMA, tokenizer_class: 'T5Tokenizer' } })).toBe(
      'tokenizer_class is "T5Tokenizer"; that class is not computed here.',
    );
    const auto_map = { AutoTokenizer: ['own.OwnTokenizer', null] };
    expect(refusal({ tokenizer_config: { ...LLAMA, auto_map } })).toMatch(/code, which is not run here/);
    expect(refusal({ tokenizer_config: { ...LLAMA, glue_tokens: true } })).toBe(
      'tokenizer_config.json: glue_tokens is true; this is not known here.',
    );
    expect(
      refusal({ tokenizer_config: { ...LLAMA, glue_tokens: null, model_max_length: 1e30 } }),
    ).toBeUndefined();
  });
});
