import type { TypedValue } from '../../tensor/write_gguf.ts';
import { addingCalls } from '../tokenizer/special_tokens.ts';
import { isObject, quoted, refuse, type Json } from '../tokenizer/fields.ts';
import { modelType } from '../tokenizer/models.ts';
import { readPostProcessor } from '../tokenizer/post_processors.ts';
import { addedTokensOf, textOf, type Name, type TokenizerFiles } from '../tokenizer/settings.ts';
import { makeTokenizer, preparedTokenizer } from '../tokenizer/tokenizer.ts';
import type { Gguf } from '../../tensor/gguf.ts';
import { PRE_TOKENIZERS } from './pre_tokenizers.ts';
import { TOKEN_TYPES, tokenizerFiles } from './tokenizer.ts';

/** Keys of a GGUF file's metadata behind "tokenizer.", in order. */
type Entries = [key: string, value: TypedValue][];

/** A tokenizer's names of special tokens, as a GGUF file has them. */
const NAMED: readonly (readonly [Name, string])[] = [
  ['bos_token', 'bos'],
  ['eos_token', 'eos'],
  ['unk_token', 'unknown'],
  ['pad_token', 'padding'],
];

/** A byte that no piece has, as SentencePiece names it. */
const BYTE = /^<0x[0-9A-F]{2}>$/;

/** A vocabulary as it goes into a file. */
interface Vocabulary {
  model: Json;
  ids: ReadonlyMap<string, number>;
  merges: readonly (readonly [string, string])[];
}

/**
 * The metadata that says a model's tokenizer, as tokenizerFiles reads it.
 * @param rows of the embedding: ids that no token has are written as unused ones
 * @throws bad-tokenizer naming the part that a GGUF file has no words for
 */
export function tokenizerEntries(files: TokenizerFiles, rows: number): Entries {
  const { name, settings, file, json, special } = preparedTokenizer(files);
  const model = json.model as Json;
  if (modelType(model) !== 'BPE')
    refuse(`tokenizer.json: model is ${quoted(modelType(model))}; ${WRITES} BPE.`);
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix', 'dropout']) {
    if (model[key]) refuse(`tokenizer.json: model has ${key} ${quoted(model[key])}; ${WRITES} none.`);
  }
  const vocabulary = { model, ids: idsOf(model, json), merges: mergesIn(model) };
  const pieces = model.byte_fallback === true || hasMark(json);
  const kind = pieces ? pieceEntries(json, vocabulary) : wordEntries(json, vocabulary);

  const added = new Map(
    addingCalls(name, json, settings, special)
      .flat()
      .map((token) => [token.content, token]),
  );
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(rows).fill(TOKEN_TYPES.unused);
  const unknown = typeof model.unk_token === 'string' ? model.unk_token : undefined;
  for (const [text, id] of vocabulary.ids) {
    const token = added.get(text);
    const flag = token && (['lstrip', 'rstrip', 'single_word'] as const).find((each) => token[each]);
    if (flag) refuse(`The token ${quoted(text)} has ${flag}, which a GGUF file does not say.`);
    tokens[id] = text;
    if (pieces && text === unknown) types[id] = TOKEN_TYPES.unknown;
    else if (token) types[id] = token.special ? TOKEN_TYPES.control : TOKEN_TYPES.user_defined;
    else types[id] = pieces && BYTE.test(text) ? TOKEN_TYPES.byte : TOKEN_TYPES.normal;
  }
  const named = NAMED.flatMap(([which, key]) => {
    const token = special.named.get(which);
    const id = token === undefined ? undefined : vocabulary.ids.get(textOf(token));
    return id === undefined ? [] : [[key, id] as const];
  });
  return [
    ...kind.head,
    ['ggml.tokens', { texts: tokens }],
    ...kind.pieces(tokens),
    ['ggml.token_type', { i32s: types }],
    ...named.map(([key, id]): Entries[number] => [`ggml.${key}_token_id`, { u32: id }]),
    ...frameEntries(name === 'GPTNeoXTokenizer' ? null : file.post_processor, new Map(named)),
    ...kind.tail,
  ];
}

const WRITES = 'in a GGUF file Nibble writes';

interface Kind {
  head: Entries;
  /** What stands beside the tokens, one a token. */
  pieces: (tokens: readonly string[]) => Entries;
  tail: Entries;
}

/** Bytes as characters: words by a pattern that has a name. */
function wordEntries(json: Json, { model, merges }: Vocabulary): Kind {
  const wanted = JSON.stringify({ ...partsOf(json), ignore_merges: model.ignore_merges === true });
  const row = Object.entries(PRE_TOKENIZERS).find(
    ([, { pre_tokenizer, normalizer = null, ignore_merges = false }]) =>
      JSON.stringify({ ...partsOf({ pre_tokenizer, normalizer }), ignore_merges }) === wanted,
  );
  if (!row) {
    refuse(
      `tokenizer.json cuts words by ${quoted(json.pre_tokenizer)}, with the normalizer ${quoted(json.normalizer ?? null)}; ${WRITES} the ways that are called ${Object.keys(PRE_TOKENIZERS).join(', ')}.`,
    );
  }
  return {
    head: [
      ['ggml.model', { text: 'gpt2' }],
      ['ggml.pre', { text: row[0] }],
    ],
    pieces: () => [],
    tail: [['ggml.merges', { texts: merges.map((merge) => merge.join(' ')) }]],
  };
}

/** Spaces as ▁, merges by scores: each piece's is its place in the order in which merges make them. */
function pieceEntries(json: Json, { merges, model }: Vocabulary): Kind {
  const scores = new Map<string, number>();
  for (const [left, right] of merges) {
    if (!scores.has(left + right)) scores.set(left + right, -scores.size);
  }
  const last = -scores.size;
  const scoreOf = (text: string) => scores.get(text) ?? last;
  if (model.byte_fallback !== true || model.fuse_unk !== true) {
    refuse(`tokenizer.json has pieces without byte_fallback or fuse_unk; ${WRITES} those that have both.`);
  }
  return {
    head: [
      ['ggml.model', { text: 'llama' }],
      ['ggml.pre', { text: 'default' }],
    ],
    pieces: (tokens) => [['ggml.scores', { f32s: tokens.map(scoreOf) }]],
    tail: [['ggml.add_space_prefix', { bool: prefixes(json) }]],
  };
}

const MARK = '▁';
const MARKED = { type: 'Replace', pattern: { String: ' ' }, content: MARK };

const hasMark = ({ normalizer, pre_tokenizer }: Json): boolean =>
  JSON.stringify([normalizer, pre_tokenizer]).includes(MARK);

/** Whether a ▁ is put in front of a text. */
function prefixes(json: Json): boolean {
  const { normalizer, pre_tokenizer } = partsOf(json);
  const is = (part: unknown, like: unknown) => JSON.stringify(part) === JSON.stringify(plain(like));
  // Behind the normalizer no space is left to cut at.
  const uncut =
    pre_tokenizer === null || (isObject(pre_tokenizer) && is(pre_tokenizer.pattern, { String: ' ' }));
  if (uncut && is(normalizer, MARKED)) return false;
  if (
    uncut &&
    is(normalizer, { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: MARK }, MARKED] })
  ) {
    return true;
  }
  if (
    normalizer === null &&
    isObject(pre_tokenizer) &&
    pre_tokenizer.type === 'Metaspace' &&
    pre_tokenizer.split === false
  ) {
    return pre_tokenizer.prepend_scheme !== 'never';
  }
  return refuse(
    `tokenizer.json has pieces by ${quoted(json.pre_tokenizer ?? json.normalizer)}, which a GGUF file does not say.`,
  );
}

/** Normalizer and pre-tokenizer as far as they change ids, so that two that are alike read alike. */
function partsOf({ normalizer, pre_tokenizer }: Json): { normalizer: unknown; pre_tokenizer: unknown } {
  return { normalizer: plain(normalizer ?? null), pre_tokenizer: plain(pre_tokenizer ?? null) };
}

function plain(part: unknown): unknown {
  if (!isObject(part)) return part;
  const parts = part.pretokenizers ?? part.normalizers;
  if (part.type === 'Sequence' && Array.isArray(parts)) {
    const rest = parts.map(plain);
    const key = part.pretokenizers ? 'pretokenizers' : 'normalizers';
    return rest.length === 1 ? rest[0] : { type: 'Sequence', [key]: rest };
  }
  if (part.type === 'ByteLevel') {
    const { add_prefix_space = true, use_regex = true } = part;
    return { type: 'ByteLevel', add_prefix_space, use_regex };
  }
  return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Every token with its id, those that are found before words are among them. */
function idsOf({ vocab }: Json, json: Json): Map<string, number> {
  if (!isObject(vocab)) refuse(`tokenizer.json: model.vocab is ${quoted(vocab)}; it must be an object.`);
  const ids = new Map(Object.entries(vocab as Record<string, number>));
  for (const { id, token } of addedTokensOf(json)) ids.set(token.content, id);
  return ids;
}

/** Merges as pairs; older files have them as texts with a space between. */
function mergesIn({ merges }: Json): [string, string][] {
  if (!Array.isArray(merges)) refuse(`tokenizer.json: model.merges is ${quoted(merges)}; it must be a list.`);
  return merges.map((merge: unknown) =>
    typeof merge === 'string' ? (merge.split(' ') as [string, string]) : (merge as [string, string]),
  );
}

/** Whether a BOS stands in front of a text and an EOS behind it; nothing else can be said. */
function frameEntries(post_processor: unknown, named: ReadonlyMap<string, number>): Entries {
  const { before, after } =
    post_processor === null || post_processor === undefined
      ? { before: [], after: [] }
      : readPostProcessor(post_processor);
  const flag = (ids: readonly number[], id: number | undefined, where: string): boolean => {
    if (ids.length === 0) return false;
    if (ids.length === 1 && ids[0] === id) return true;
    return refuse(
      `tokenizer.json puts the tokens ${ids.join(', ')} ${where} a text, which a GGUF file does not say.`,
    );
  };
  return [
    ['ggml.add_bos_token', { bool: flag(before, named.get('bos'), 'in front of') }],
    ['ggml.add_eos_token', { bool: flag(after, named.get('eos'), 'behind') }],
  ];
}

/** Texts whose ids show how words are cut, spaces marked and bytes written. */
const PROBES = [
  "The quick brown fox doesn't jump over 12345 lazy dogs.",
  "  two spaces\n\nand\ttabs,\r\n l'été déjà vu: naïve café 東京 🙂 \u0000",
  "I'LL We've 'tis x=1;\r\ny += 0x1F  // a_b-c  {[(<...>)]}",
  'é e\u0301 ﬁ Ⅷ ½ \u00a0 \u3000 ١٢٣ हिन्दी العربية',
  'a',
  ' ',
  '',
];

/**
 * Holds the tokenizer that a file says against the model's own.
 * @throws bad-tokenizer naming a merge that has another place, or a text that has other ids
 */
export function requireToldTokenizer(files: TokenizerFiles, name: string, gguf: Gguf, rows: number): void {
  const { 'tokenizer.json': tokenizer, 'tokenizer_config.json': tokenizer_config } = tokenizerFiles(
    name,
    gguf,
  );
  const [own, told] = [preparedTokenizer(files).json, tokenizer].map((json) =>
    mergesIn((json as Json).model as Json),
  );
  const wrong = own!.findIndex((merge, i) => merge.join(' ') !== told![i]?.join(' '));
  if (wrong >= 0 || own!.length !== told!.length) {
    refuse(
      `tokenizer.json has the merge ${quoted(own![Math.max(wrong, 0)])} in a place that no scores of pieces put it in; a GGUF file has scores instead.`,
    );
  }
  const [a, b] = [files, { tokenizer, tokenizer_config, config: files.config }].map((each) =>
    makeTokenizer(each, rows),
  );
  for (const text of PROBES) {
    const [ids, others] = [a!.encode(text), b!.encode(text)];
    if (ids.join() === others.join() && a!.decode(ids) === b!.decode(ids)) continue;
    refuse(
      `The text ${quoted(text)} has the ids ${ids.join(', ')}, and by a GGUF file ${others.join(', ')}.`,
    );
  }
}
