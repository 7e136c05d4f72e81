import type { Json } from './fields.ts';
import { refuse, quoted } from './fields.ts';
import { modelType } from './models.ts';
import type { Name, Settings } from './settings.ts';

/** A tokenizer class of transformers 5.24. */
interface TokenizerClass {
  /** Special tokens where no file says anything of that name; null keeps a baked-in padding token out. */
  special_tokens: Readonly<Partial<Record<Name, string | null>>>;
  /** Parts that it makes itself, whatever tokenizer.json says; without it the file is taken as it is. */
  parts?: (settings: Settings) => Parts;
  /** Adds all special tokens once more: as plain special tokens, or with their flags. */
  readds?: 'plain' | 'with flags';
  /** Leaves tokenizer.json's post-processor out. */
  bare?: boolean;
}

/** Parts in the words of tokenizer.json; of the file remain the vocabulary, the merges and the post-processor. */
interface Parts {
  normalizer: Json | null;
  pre_tokenizer: Json;
  decoder: Json;
  /** Flags of its BPE. */
  model: Json;
}

const BYTE_LEVEL = { type: 'ByteLevel' };
const NFC = { type: 'NFC' };
const byteLevel = (settings: Settings, use_regex = true): Json => ({
  type: 'ByteLevel',
  add_prefix_space: prefixSpace(settings, false),
  use_regex,
});

/** `add_prefix_space` of tokenizer_config.json; only some classes take null for their default. */
function prefixSpace({ add_prefix_space }: Settings, otherwise: boolean, nullable = false): boolean {
  if (add_prefix_space === undefined || (nullable && add_prefix_space === null)) return otherwise;
  if (typeof add_prefix_space === 'boolean') return add_prefix_space;
  return refuse(
    `tokenizer_config.json: add_prefix_space is ${quoted(add_prefix_space)}; it must be true or false.`,
  );
}

const END_OF_TEXT = '<|endoftext|>';

const gpt2: TokenizerClass = {
  special_tokens: { bos_token: END_OF_TEXT, eos_token: END_OF_TEXT, unk_token: END_OF_TEXT, pad_token: null },
  parts: (settings) => ({
    normalizer: null,
    pre_tokenizer: byteLevel(settings),
    decoder: BYTE_LEVEL,
    model: {},
  }),
};

/** Qwen's words: one digit each, letters with one other character before them. `letter` is what goes on a word. */
const qwen = (letter: string, other: string, readds: boolean): TokenizerClass => ({
  special_tokens: { eos_token: END_OF_TEXT, unk_token: END_OF_TEXT, pad_token: END_OF_TEXT },
  parts: (settings) => ({
    normalizer: NFC,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: {
            Regex: `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?${letter}+|\\p{N}| ?[^\\s${other}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
          },
          behavior: 'Isolated',
          invert: false,
        },
        { type: 'ByteLevel', add_prefix_space: prefixSpace(settings, false, true), use_regex: false },
      ],
    },
    decoder: BYTE_LEVEL,
    model: {},
  }),
  ...(readds && { readds: 'plain' }),
});

/** SentencePiece's mark of a space. */
const MARK = '▁';
const SPACES_BACK = [
  { type: 'Replace', pattern: { String: MARK }, content: ' ' },
  { type: 'ByteFallback' },
  { type: 'Fuse' },
];

/** The classes of transformers 5.24 (models/…/tokenization_….py) that are computed here, one a row. */
export const CLASSES = {
  TokenizersBackend: { special_tokens: {} },
  GPT2Tokenizer: gpt2,
  CodeGenTokenizer: gpt2,
  GPTNeoXTokenizer: {
    special_tokens: { ...gpt2.special_tokens, pad_token: '<|padding|>' },
    parts: (settings) => ({ ...gpt2.parts!(settings), normalizer: NFC }),
    bare: true,
  },
  CohereTokenizer: {
    special_tokens: {
      bos_token: '<BOS_TOKEN>',
      eos_token: '<|END_OF_TURN_TOKEN|>',
      unk_token: '<UNK>',
      sep_token: '<SEP>',
      pad_token: '<PAD>',
      cls_token: '<CLS>',
      mask_token: '<MASK_TOKEN>',
    },
    parts: (settings) => ({
      normalizer: NFC,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(settings)],
      },
      decoder: BYTE_LEVEL,
      model: {},
    }),
    readds: 'with flags',
  },
  Qwen2Tokenizer: qwen('\\p{L}', '\\p{L}', true),
  Qwen3_5Tokenizer: qwen('[\\p{L}\\p{M}]', '\\p{L}\\p{M}', false),
  LlamaTokenizer: {
    special_tokens: { unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' },
    parts(settings) {
      const spaced = prefixSpace(settings, true, true);
      return {
        normalizer: null,
        pre_tokenizer: {
          type: 'Metaspace',
          replacement: MARK,
          prepend_scheme: !spaced ? 'never' : settings.legacy ? 'always' : 'first',
          split: false,
        },
        decoder: {
          type: 'Sequence',
          decoders: [...SPACES_BACK, ...(spaced ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [])],
        },
        model: { fuse_unk: true, byte_fallback: true },
      };
    },
  },
  GemmaTokenizer: {
    special_tokens: {
      bos_token: '<bos>',
      eos_token: '<eos>',
      unk_token: '<unk>',
      pad_token: '<pad>',
      mask_token: '<mask>',
    },
    parts: (settings) => ({
      normalizer: { type: 'Replace', pattern: { String: ' ' }, content: MARK },
      pre_tokenizer: {
        type: 'Split',
        pattern: { String: ' ' },
        behavior: 'MergedWithPrevious',
        invert: false,
      },
      decoder: { type: 'Sequence', decoders: SPACES_BACK },
      model: { fuse_unk: true, byte_fallback: true, unk_token: String(unknownOf(settings) ?? 'None') },
    }),
  },
} as const satisfies Record<string, TokenizerClass>;

export type ClassName = keyof typeof CLASSES;

/** The row of a class. */
export const classRow = (name: ClassName): TokenizerClass => CLASSES[name];

/** The text of the unknown token that a Gemma tokenizer is made with. */
function unknownOf({ named }: Settings): string | null {
  const token = named.has('unk_token') ? named.get('unk_token')! : '<unk>';
  return token === null || typeof token === 'string' ? token : token.content;
}

/** The parts of a tokenizer.json that a class makes itself, whatever the file says. */
export function ownParts(name: ClassName): string[] {
  const { parts, bare } = classRow(name);
  if (!parts) return [];
  return ['normalizer', 'pre_tokenizer', 'decoder', ...(bare ? ['post_processor'] : [])];
}

/**
 * tokenizer.json as a class takes it: as it is, or with the parts the class makes itself.
 * @throws bad-tokenizer when the class makes a BPE and the file has none
 */
export function prepare(json: Json, name: ClassName, settings: Settings): Json {
  const { parts, bare } = classRow(name);
  if (!parts) return json;
  const model = json.model as Json | undefined;
  if (modelType(model) !== 'BPE') {
    refuse(`tokenizer.json: model is ${quoted(modelType(model))}; ${name} needs a BPE.`);
  }
  const made = parts(settings);
  return {
    ...json,
    ...made,
    model: { type: 'BPE', vocab: model!.vocab, merges: model!.merges, ...made.model },
    post_processor: bare ? null : json.post_processor,
  };
}
