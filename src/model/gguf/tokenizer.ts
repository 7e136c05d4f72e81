import { LabError } from '../../errors.ts';
import type { Gguf, GgufValue } from '../../tensor/gguf.ts';
import { own } from '../../tensor/own.ts';
import { mergesOf } from './merges.ts';
import { PRE_TOKENIZERS } from './pre_tokenizers.ts';

type Json = Record<string, unknown>;

/** What tokenizer.ggml.token_type says of a token (llama.h, llama_token_type). */
export const TOKEN_TYPES = {
  normal: 1,
  unknown: 2,
  control: 3,
  user_defined: 4,
  unused: 5,
  byte: 6,
} as const;

/** What a file says of its tokens. */
interface Vocabulary {
  tokens: readonly string[];
  types: readonly number[];
  scores: readonly number[] | undefined;
  merges: readonly string[] | undefined;
  /** The id a key names, and its token. */
  special(key: string): { id: number; text: string } | undefined;
  flag(key: string, missing: boolean): boolean;
}

/** The kinds of tokenizers that are read, by tokenizer.ggml.model. */
const KINDS: Readonly<Record<string, (file: string, vocabulary: Vocabulary, pre: string) => Json>> = {
  gpt2: byteLevel,
  llama: sentencePiece,
};

/**
 * tokenizer.json and tokenizer_config.json as a GGUF file's metadata say them.
 * @throws bad-tokenizer naming the kind of tokenizer, or of words, that is not known here
 */
export function tokenizerFiles(file: string, { metadata }: Gguf): Record<string, unknown> {
  const value = (key: string): GgufValue | undefined => metadata.get(`tokenizer.ggml.${key}`);
  const model = value('model');
  const kind = typeof model === 'string' ? own(KINDS, model) : undefined;
  if (!kind) {
    refuse(
      `${file} has tokenizer.ggml.model ${JSON.stringify(model) ?? 'missing'}; Nibble reads ${Object.keys(KINDS).join(' and ')}.`,
    );
  }
  const tokens = texts(file, 'tokens', value('tokens'));
  const types = value('token_type');
  const vocabulary: Vocabulary = {
    tokens,
    types:
      types === undefined
        ? tokens.map(() => TOKEN_TYPES.normal)
        : numbers(file, 'token_type', types, tokens.length),
    scores:
      value('scores') === undefined ? undefined : numbers(file, 'scores', value('scores'), tokens.length),
    merges: value('merges') === undefined ? undefined : texts(file, 'merges', value('merges')),
    special(key) {
      const id = value(`${key}_token_id`);
      const text = typeof id === 'number' ? tokens[id] : undefined;
      return text === undefined ? undefined : { id: id as number, text };
    },
    flag(key, missing) {
      const flag = value(key);
      return typeof flag === 'boolean' ? flag : missing;
    },
  };
  const pre = value('pre');
  const template = metadata.get('tokenizer.chat_template');
  const named = (['bos', 'eos', 'unknown', 'padding'] as const).flatMap((key) => {
    const token = vocabulary.special(key);
    const name = { bos: 'bos_token', eos: 'eos_token', unknown: 'unk_token', padding: 'pad_token' }[key];
    return token ? [[name, token.text] as const] : [];
  });
  return {
    'tokenizer.json': kind(file, vocabulary, typeof pre === 'string' ? pre : 'default'),
    'tokenizer_config.json': {
      tokenizer_class: 'PreTrainedTokenizerFast',
      clean_up_tokenization_spaces: false,
      ...Object.fromEntries(named),
      ...(typeof template === 'string' ? { chat_template: template } : {}),
    },
  };
}

function refuse(message: string): never {
  throw new LabError('bad-tokenizer', message);
}

function texts(file: string, key: string, value: GgufValue | undefined): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  return refuse(`${file} has no list of texts for tokenizer.ggml.${key}.`);
}

function numbers(file: string, key: string, value: GgufValue | undefined, length: number): readonly number[] {
  if (Array.isArray(value) && value.length === length && value.every((each) => typeof each === 'number'))
    return value;
  return refuse(`${file} has no list of ${length} numbers for tokenizer.ggml.${key}, one a token.`);
}

/** Bytes as characters, words by the pattern that `pre` names, and merges as the file lists them. */
function byteLevel(file: string, vocabulary: Vocabulary, pre: string): Json {
  const row = own(PRE_TOKENIZERS, pre);
  if (!row) {
    refuse(
      `${file} has tokenizer.ggml.pre ${JSON.stringify(pre)}; Nibble reads ${Object.keys(PRE_TOKENIZERS).join(', ')}.`,
    );
  }
  const { merges } = vocabulary;
  if (!merges) refuse(`${file} has no tokenizer.ggml.merges.`);
  const bos = vocabulary.flag('add_bos_token', row.adds_bos === true) ? vocabulary.special('bos') : undefined;
  const eos = vocabulary.flag('add_eos_token', false) ? vocabulary.special('eos') : undefined;
  return {
    ...partsOf(vocabulary, bos, eos),
    normalizer: row.normalizer ?? null,
    pre_tokenizer: row.pre_tokenizer,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      byte_fallback: false,
      ignore_merges: row.ignore_merges === true,
      vocab: idsOf(vocabulary),
      merges: [...merges],
    },
  };
}

/** Spaces as ▁, merges by the scores of pieces, and bytes where no piece has a character. */
function sentencePiece(file: string, vocabulary: Vocabulary): Json {
  const { tokens, types, scores, merges } = vocabulary;
  if (!scores) refuse(`${file} has no tokenizer.ggml.scores.`);
  const isPiece = (id: number): boolean =>
    types[id] === TOKEN_TYPES.normal || types[id] === TOKEN_TYPES.user_defined;
  const pieces = tokens.flatMap((token, id) => (isPiece(id) ? [[token, scores[id]!] as const] : []));
  if (!merges && pieces.length > 1 && pieces.every(([, score]) => score === pieces[0]![1])) {
    refuse(`${file} has one score for all of its tokens; what merges first cannot be told.`);
  }
  const vocab = idsOf(vocabulary);
  const ids = new Map(Object.entries(vocab).filter(([, id]) => isPiece(id)));
  const bos = vocabulary.flag('add_bos_token', true) ? vocabulary.special('bos') : undefined;
  const eos = vocabulary.flag('add_eos_token', false) ? vocabulary.special('eos') : undefined;
  const marked = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const prefixed = vocabulary.flag('add_space_prefix', true);
  const unknown = vocabulary.special('unknown')?.text ?? tokens[types.indexOf(TOKEN_TYPES.unknown)] ?? null;
  return {
    ...partsOf(vocabulary, bos, eos),
    normalizer: prefixed
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, marked] }
      : marked,
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefixed ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: types.includes(TOKEN_TYPES.byte),
      ignore_merges: false,
      vocab,
      merges: merges ? [...merges] : mergesOf(new Map(pieces), ids),
    },
  };
}

/** Every token that a text can become, with its id. */
const idsOf = ({ tokens, types }: Vocabulary): Record<string, number> =>
  Object.fromEntries(
    tokens.flatMap((token, id) => (types[id] === TOKEN_TYPES.unused ? [] : [[token, id] as const])),
  );

/** What both kinds have: tokens found before words are, and the tokens put around a text. */
function partsOf(
  { tokens, types }: Vocabulary,
  bos: { id: number; text: string } | undefined,
  eos: { id: number; text: string } | undefined,
): Json {
  const added = tokens.flatMap((content, id) => {
    const special = types[id] === TOKEN_TYPES.control || types[id] === TOKEN_TYPES.unknown;
    if (!special && types[id] !== TOKEN_TYPES.user_defined) return [];
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
  const around = [bos, eos].filter((token) => token !== undefined);
  const frame = (sequence: 'A' | 'B') => [
    ...(bos ? [{ SpecialToken: { id: bos.text, type_id: 0 } }] : []),
    { Sequence: { id: sequence, type_id: 0 } },
    ...(eos ? [{ SpecialToken: { id: eos.text, type_id: 0 } }] : []),
  ];
  return {
    version: '1.0',
    added_tokens: added,
    post_processor:
      around.length === 0
        ? null
        : {
            type: 'TemplateProcessing',
            single: frame('A'),
            pair: [...frame('A'), ...frame('B')],
            special_tokens: Object.fromEntries(
              around.map(({ id, text }) => [text, { id: text, ids: [id], tokens: [text] }]),
            ),
          },
  };
}
