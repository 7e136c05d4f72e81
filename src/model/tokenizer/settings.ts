import { readAddedToken, type AddedToken } from './added_tokens.ts';
import { fatesByTable, reasonIn, refusedOf, sharing, type KeyFate } from '../key_fates.ts';
import { fieldsOf, isObject, objectOf, quoted, refuse, words, type Json } from './fields.ts';

/** A special token as a file names it: its text alone, or with flags of its own. */
export type NamedToken = string | AddedToken;

export const textOf = (token: NamedToken): string => (typeof token === 'string' ? token : token.content);

/** The special tokens that every tokenizer may have, in transformers' order. */
export const NAMES = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;
export type Name = (typeof NAMES)[number];

/** The JSON files of a tokenizer, parsed; those that a folder lacks are undefined. */
export interface TokenizerFiles {
  /** tokenizer.json */
  tokenizer: unknown;
  /** vocab.json and the text of merges.txt, which stand for it in older folders */
  vocab?: unknown;
  merges?: string | undefined;
  /** tokenizer_config.json */
  tokenizer_config?: unknown;
  /** special_tokens_map.json and added_tokens.json, from before version 5 */
  special_tokens_map?: unknown;
  added_tokens?: unknown;
  /** config.json, for its model_type and tokenizer_class */
  config?: unknown;
}

/** What transformers 5 passes to the tokenizer's class. */
export interface Settings {
  /** Names that a file sets; null says that there is none, whatever the class has by default. */
  named: ReadonlyMap<Name, NamedToken | null>;
  /** Special tokens by names of the model's own, such as image_token. */
  own: readonly NamedToken[];
  /** Special tokens without names. */
  extra: readonly NamedToken[];
  /** Tokens to add, by ascending id. */
  added: readonly AddedToken[];
  add_prefix_space: unknown;
  /** Whether Llama's class marks a space before every piece, not before the first alone. */
  legacy: boolean;
  split_special_tokens: boolean;
  clean_up: boolean;
  clean_up_bpe: boolean;
}

/** Keys of tokenizer_config.json that change neither ids nor texts here, and why. */
const HARMLESS: Readonly<Record<string, string>> = {
  // Read elsewhere.
  chat_template: 'a task reads it',
  add_bos_token: 'version 5 drops it where there is a tokenizer.json; read elsewhere where there is none',
  add_eos_token: 'version 5 drops it where there is a tokenizer.json; read elsewhere where there is none',
  // Lengths and padding: nothing is padded or cut to a length that a tokenizer names.
  ...sharing(
    'no text is padded or cut by the tokenizer',
    `model_max_length max_len max_length padding padding_side pad_to_multiple_of pad_token_type_id
     truncation truncation_side truncation_strategy stride model_input_names return_token_type_ids`,
  ),
  // Of classes in Python alone, or of files that are not there.
  ...sharing(
    'the classes built on tokenizer.json do not read it',
    `errors sp_model_kwargs spaces_between_special_tokens use_default_system_prompt use_fast fast vocab_size
     do_lower_case do_basic_tokenize never_split strip_accents tokenize_chinese_chars keep_accents
     remove_space from_slow trim_offsets device_map torch_dtype add_special_tokens verbose
     grounded_generation_template tool_use_template chat_control_tokens response_template response_schema
     default_chat_template trust_remote_code revision backend is_local local_files_only bos_token_id
     eos_token_id pad_token_id unk_token_id unk_id`,
  ),
  ...sharing(
    'names only',
    `name_or_path _name_or_path _commit_hash special_tokens_map_file tokenizer_file vocab_file merges_file
     processor_class image_processor_type feature_extractor_type transformers_version tokenizer_type
     model_type`,
  ),
};

/** Keys of tokenizer_config.json that are read, beside the special tokens by name. */
const READ: readonly string[] = words(
  `tokenizer_class auto_map fast_tokenizer_files fix_mistral_regex init_inputs model_specific_special_tokens
   extra_special_tokens additional_special_tokens added_tokens_decoder add_prefix_space legacy
   split_special_tokens clean_up_tokenization_spaces
   clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output`,
);

const CONFIG = 'tokenizer_config.json';
const MAP = 'special_tokens_map.json';

/**
 * Settings in the order of transformers 5.24 (`_from_pretrained` of tokenization_utils_base.py): tokenizer_config.json;
 * where that has no added_tokens_decoder, special_tokens_map.json over it, and the added tokens of added_tokens.json
 * and tokenizer.json.
 * @throws bad-tokenizer for a key it does not know that says anything, or a value transformers could not read
 */
export function readSettings(files: TokenizerFiles): Settings {
  const json = objectOf(files.tokenizer_config ?? {}, CONFIG);
  const fields = fieldsOf(json, CONFIG);
  if (isObject(json.auto_map) ? json.auto_map.AutoTokenizer != null : json.auto_map != null) {
    refuse(`${CONFIG}: auto_map brings a tokenizer of its own code, which is not run here.`);
  }
  const versions = json.fast_tokenizer_files ?? ['tokenizer.json'];
  if (!Array.isArray(versions) || versions.some((name) => name !== 'tokenizer.json')) {
    refuse(`${CONFIG}: fast_tokenizer_files is ${quoted(versions)}; only tokenizer.json is read.`);
  }
  if (json.fix_mistral_regex === true)
    refuse(`${CONFIG}: fix_mistral_regex is true; this is not computed here.`);
  if (quoted(json.init_inputs ?? []) !== '[]')
    refuse(`${CONFIG}: init_inputs is ${quoted(json.init_inputs)}.`);

  const lists = listsOf(json);
  const again = objectOf(
    json.model_specific_special_tokens ?? {},
    `${CONFIG}: model_specific_special_tokens`,
  );

  const named = new Map<string, NamedToken | null>();
  for (const key of Object.keys(json).filter(isTokenName)) {
    named.set(key, namedToken(json[key], CONFIG, key, false));
  }
  const settings = {
    add_prefix_space: fields.value('add_prefix_space'),
    legacy: fields.boolean('legacy', false),
    split_special_tokens: fields.boolean('split_special_tokens', false),
    clean_up: fields.boolean('clean_up_tokenization_spaces', false),
    clean_up_bpe: fields.boolean(
      'clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output',
      false,
    ),
  };
  const [unknown] = refusedOf(settingsFates(json));
  if (unknown) refuse(`${CONFIG}: ${unknown.key} is ${quoted(unknown.value)}; this is not known here.`);

  // Version 5 writes the model's own names twice; the second time counts only where the first is missing.
  const once =
    lists.own.length > 0 || [...named].some(([key, token]) => !isName(key) && typeof token === 'string');
  if (!once) lists.own.push(...ownTokens(again, CONFIG));

  const added = new Map<number, AddedToken>();
  if (json.added_tokens_decoder !== undefined) {
    for (const [id, token] of Object.entries(
      objectOf(json.added_tokens_decoder, `${CONFIG}: added_tokens_decoder`),
    )) {
      added.set(Number(id), readAddedToken(token, `${CONFIG}: added_tokens_decoder ${id}`));
    }
  } else {
    readMap(files.special_tokens_map, named, lists);
    const special = new Set([...named.values()].flatMap((token) => (token === null ? [] : [textOf(token)])));
    for (const token of Array.isArray(lists.newer) ? lists.newer : []) special.add(String(token));
    for (const [content, id] of Object.entries(objectOf(files.added_tokens ?? {}, 'added_tokens.json'))) {
      const is_special = special.has(content);
      added.set(Number(id), readAddedToken({ content, special: is_special }, 'added_tokens.json'));
    }
    if (files.tokenizer !== undefined)
      for (const token of addedTokensOf(files.tokenizer)) added.set(token.id, token.token);
  }

  const flagged = new Map(Array.from(added.values(), (token) => [token.content, token]));
  const withFlags = (token: NamedToken | null) =>
    token === null ? null : (flagged.get(textOf(token)) ?? token);
  const own = [...named].filter(([key]) => !isName(key)).flatMap(([, token]) => token ?? []);
  return {
    ...settings,
    named: new Map(
      [...named].flatMap(([key, token]) => (isName(key) ? [[key, withFlags(token)] as const] : [])),
    ),
    own: [...own, ...lists.own],
    extra: readExtra(lists.newer === undefined ? lists.legacy : lists.newer),
    added: [...added].sort(([a], [b]) => a - b).map(([, token]) => token),
  };
}

/** What becomes of each key of a tokenizer_config.json. */
export function settingsFates(json: Json): KeyFate[] {
  const again = isObject(json.model_specific_special_tokens) ? json.model_specific_special_tokens : {};
  return fatesByTable(
    json,
    (key) => READ.includes(key) || isTokenName(key) || Object.hasOwn(again, key),
    reasonIn(HARMLESS),
    (value) => value === null,
  );
}

/** What becomes of each key of a special_tokens_map.json, beside a tokenizer_config.json that may leave it unread. */
export function mapFates(json: Json, config: unknown): KeyFate[] {
  const unread = isObject(config) && config.added_tokens_decoder !== undefined;
  return fatesByTable(
    json,
    (key) => !unread && isMapKey(key),
    () => (unread ? UNREAD_MAP : undefined),
    (value) => value === null,
  );
}

/** What becomes of an added_tokens.json, all of whose keys are tokens. */
export const addedFates = (json: Json, config: unknown): KeyFate[] =>
  isObject(config) && config.added_tokens_decoder !== undefined
    ? Object.keys(json).map((key) => ({ key, fate: 'harmless', reason: UNREAD_MAP }))
    : Object.keys(json).map((key) => ({ key, fate: 'read' }));

const UNREAD_MAP = 'transformers does not read it where tokenizer_config.json has added_tokens_decoder';

const isMapKey = (key: string): boolean =>
  key === 'additional_special_tokens' || key === 'extra_special_tokens' || isTokenName(key);

/** The tokens that tokenizer.json itself adds, with the ids it says they have. */
export function addedTokensOf(tokenizer: unknown): { id: number; token: AddedToken }[] {
  const fields = fieldsOf(tokenizer, 'tokenizer.json');
  if ((fields.value('added_tokens') ?? null) === null) return [];
  return fields.list('added_tokens').map((entry, i) => {
    const where = `tokenizer.json: added_tokens ${i}`;
    return { id: fieldsOf(entry, where).count('id'), token: readAddedToken(entry, where) };
  });
}

const isName = (key: string): key is Name => (NAMES as readonly string[]).includes(key);
/** Keys such as bos_token and image_token; add_bos_token is none. */
const isTokenName = (key: string): boolean => key.endsWith('_token') && !/^add_(?:bos|eos)_token$/.test(key);

/** A value under a token's name; only special_tokens_map.json may give flags without saying that they are an AddedToken's. */
function namedToken(value: unknown, where: string, key: string, flags: boolean): NamedToken | null {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (isObject(value) && (flags || value.__type === 'AddedToken')) {
    return readAddedToken(value, `${where}: ${key}`, flags ? true : undefined);
  }
  return refuse(`${where}: ${key} is ${quoted(value)}; it must be a text or an AddedToken.`);
}

const tokenOf = (value: unknown, where: string, key: string): NamedToken =>
  namedToken(value, where, key, false) ?? refuse(`${where}: ${key} is null among the special tokens.`);

/** Special tokens without a standard name, under the two keys they have had, and those under names of the model's own. */
interface Lists {
  newer: unknown;
  legacy: unknown;
  own: NamedToken[];
}

/** The legacy list counts where the newer one says nothing; an object holds names with tokens. */
function listsOf(json: Json): Lists {
  const { extra_special_tokens: newer, additional_special_tokens: legacy } = json;
  const says = isObject(newer) ? Object.keys(newer).length > 0 : Array.isArray(newer) && newer.length > 0;
  const lists: Lists =
    says || legacy === undefined ? { newer, legacy, own: [] } : { newer: legacy, legacy: undefined, own: [] };
  return isObject(lists.newer) ? { ...lists, newer: undefined, own: ownTokens(lists.newer, CONFIG) } : lists;
}

const ownTokens = (json: Json, where: string): NamedToken[] =>
  Object.entries(json).map(([key, token]) => tokenOf(token, where, key));

/** Puts what special_tokens_map.json says over what is there. */
function readMap(json: unknown, named: Map<string, NamedToken | null>, lists: Lists): void {
  for (const [key, value] of Object.entries(objectOf(json ?? {}, MAP))) {
    if (key === 'additional_special_tokens') lists.legacy = value;
    else if (key === 'extra_special_tokens' && Array.isArray(value)) {
      const tokens: unknown[] = [...(Array.isArray(lists.newer) ? (lists.newer as unknown[]) : [])];
      for (const entry of value) {
        const token: unknown = isObject(entry) ? { ...entry, __type: 'AddedToken', special: true } : entry;
        if (!tokens.some((other) => quoted(other) === quoted(token))) tokens.push(token);
      }
      lists.newer = tokens;
    } else if (key === 'extra_special_tokens' && isObject(value)) {
      lists.own.push(...ownTokens(value, MAP));
    } else if (isTokenName(key)) {
      named.set(key, namedToken(value, MAP, key, true));
    } else if (value !== null) {
      refuse(`${MAP}: ${key} is ${quoted(value)}; this is not known here.`);
    }
  }
}

function readExtra(extra: unknown): NamedToken[] {
  if (extra === undefined || extra === null) return [];
  if (!Array.isArray(extra))
    refuse(`${CONFIG}: extra_special_tokens is ${quoted(extra)}; it must be a list, or names with tokens.`);
  return extra.map((token) => tokenOf(token, CONFIG, 'extra_special_tokens'));
}
