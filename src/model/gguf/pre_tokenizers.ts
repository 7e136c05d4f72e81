/** A part of tokenizer.json. */
type Part = Readonly<Record<string, unknown>>;

const byteLevel = (use_regex: boolean): Part => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex,
});

const splitBy = (Regex: string): Part => ({
  type: 'Split',
  pattern: { Regex },
  behavior: 'Isolated',
  invert: false,
});

/** Words by a pattern of the model's own, then bytes. */
const words = (...patterns: string[]): Part => ({
  type: 'Sequence',
  pretokenizers: [...patterns.map(splitBy), byteLevel(false)],
});

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const LETTERS = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const REST = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** How a byte-level vocabulary cuts a text into words, and what its name implies beside. */
export interface PreTokenizerRow {
  pre_tokenizer: Part;
  /** A whole word that is a token is one, whatever the merges make of it. */
  ignore_merges?: true;
  /** A BOS stands in front unless the file says otherwise. */
  adds_bos?: true;
  normalizer?: Part;
}

const gpt2: PreTokenizerRow = { pre_tokenizer: byteLevel(true) };
const digits: PreTokenizerRow = {
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)],
  },
};
const llama3: PreTokenizerRow = {
  pre_tokenizer: words(`${CONTRACTIONS}|${LETTERS}|\\p{N}{1,3}|${REST}`),
  ignore_merges: true,
  adds_bos: true,
};
const qwen2: PreTokenizerRow = {
  pre_tokenizer: words(`${CONTRACTIONS}|${LETTERS}|\\p{N}|${REST}`),
  normalizer: { type: 'NFC' },
};

/**
 * The names of tokenizer.ggml.pre that are known, as the models' own tokenizer.json have them (llama.cpp, llama-vocab.cpp,
 * whose patterns stand for these). A name without a row is refused: another pattern gives other tokens without a word.
 */
export const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizerRow>> = {
  'gpt-2': gpt2,
  'phi-2': gpt2,
  olmo: gpt2,
  exaone4: gpt2,
  smollm: digits,
  starcoder: digits,
  refact: digits,
  'llama-bpe': llama3,
  llama3: llama3,
  'llama-v3': llama3,
  dbrx: { pre_tokenizer: llama3.pre_tokenizer },
  'smaug-bpe': { pre_tokenizer: llama3.pre_tokenizer },
  qwen2,
  'deepseek-r1-qwen': qwen2,
  stablelm2: { pre_tokenizer: qwen2.pre_tokenizer, normalizer: { type: 'NFC' } },
};
