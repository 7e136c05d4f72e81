import { fatesByTable, reasonIn, refusedOf, sharing, type KeyFate } from '../key_fates.ts';
import { addTokens } from './added_tokens.ts';
import { ownParts, prepare } from './classes.ts';
import { cleanUp, partsOf, readDecoder } from './decoders.ts';
import { fieldsOf, isObject, objectOf, quoted, refuse, type Json } from './fields.ts';
import { modelType, readModel } from './models.ts';
import { readNormalizer } from './normalizers.ts';
import { readPostProcessor, type Frame } from './post_processors.ts';
import { readPreTokenizer } from './pre_tokenizers.ts';
import { readSettings, textOf, type Name, type TokenizerFiles } from './settings.ts';
import { addingCalls, specialTokensOf } from './special_tokens.ts';
import { version4Notes } from './version_4.ts';
import { frameBySettings, fromVocabFiles } from './vocab_files.ts';
import { classOf, isComputed } from './which_class.ts';

/** Text to ids and back, and the special ids an evaluation needs. */
export interface Tokenizer {
  /**
   * Ids of a text. `add_special_tokens` left out is the tokenizer's own default, which may put a BOS in front; as in
   * the harness, nothing is added to a text that begins with the prefix token itself.
   */
  encode(text: string, options?: { add_special_tokens: boolean }): number[];
  /** Text of ids, special tokens left out. */
  decode(ids: readonly number[]): string;
  /**
   * Whether the text of all ids falls in two between two of them, whatever stands before and behind: what lies in front
   * never changes by what follows, and what follows only in how its first token begins.
   */
  parts(before: number, after: number): boolean;
  /** Begins every rolling window and stands for an empty context: BOS, else EOS. */
  prefix_token_id: number;
  /** The end-of-text token's id and text, where the tokenizer has one. */
  eos: { id: number; text: string } | undefined;
  /** Whether a text whose special tokens are asked for begins with the BOS. */
  bos_in_front: boolean;
  /** Sentences about what was odd in the files and changes no id. */
  warnings: readonly string[];
  /** What transformers 4.57 does otherwise, a sentence each. */
  version_4_notes: readonly string[];
}

/** Keys of tokenizer.json that are read. */
const READ: readonly string[] = [
  'version',
  'padding',
  'added_tokens',
  'normalizer',
  'pre_tokenizer',
  'post_processor',
  'decoder',
  'model',
];

const HARMLESS = { truncation: 'transformers takes it off before every text' };

/** What becomes of each key of a tokenizer.json; the parts a class makes itself are not read. */
export function tokenizerFates(json: Json, name: string): KeyFate[] {
  const own = isComputed(name) ? ownParts(name) : [];
  const made = sharing(`${name} of transformers 5 makes its own`, own.join(' '));
  return fatesByTable(
    json,
    (key) => READ.includes(key) && !own.includes(key),
    reasonIn(HARMLESS, made),
    (value) => value === null,
  );
}

/**
 * A tokenizer's files as the class takes them that AutoTokenizer of transformers 5.24 makes: settings, tokenizer.json as it
 * is and with the parts that the class makes itself, and the special tokens by name.
 * @throws bad-tokenizer as makeTokenizer
 */
export function preparedTokenizer(files: TokenizerFiles) {
  const name = classOf(files.tokenizer, files.tokenizer_config, files.config);
  if (!isComputed(name)) {
    refuse(`tokenizer_class is ${quoted(name)}; that class is not computed here.`);
  }
  const settings = readSettings(files);
  const file = objectOf(files.tokenizer ?? fromVocabFiles(files, name), 'tokenizer.json');
  const fields = fieldsOf(file, 'tokenizer.json');
  if (fields.text('version', '1.0') !== '1.0') refuse(`tokenizer.json: version is ${quoted(file.version)}.`);
  const [unknown] = refusedOf(tokenizerFates(file, name));
  if (unknown) refuse(`tokenizer.json: ${unknown.key} is ${quoted(unknown.value)}; this is not known here.`);
  const json = prepare(file, name, settings);
  return { name, settings, file, json, special: specialTokensOf(name, settings, json) };
}

/**
 * The tokenizer that AutoTokenizer of transformers 5.24 (tokenizers 0.23) makes of a checkpoint's files.
 * @param vocab_size rows of the embedding: an id at or above it would read another row's numbers
 * @throws bad-tokenizer when the files cannot be understood, say what is not computed here, or an id has no embedding
 */
export function makeTokenizer(files: TokenizerFiles, vocab_size: number): Tokenizer {
  const { name, settings, file, json, special } = preparedTokenizer(files);

  const model = readModel(json.model);
  const normalizer = optional(json.normalizer, readNormalizer);
  const preTokenizer = optional(json.pre_tokenizer, readPreTokenizer);
  const decoder = optional(json.decoder, readDecoder);
  if (preTokenizer?.wants_start && normalizer?.keeps_start === false) {
    refuse(
      'tokenizer.json: pre_tokenizer Metaspace with prepend_scheme "first" is not computed behind a normalizer that takes characters away.',
    );
  }
  const cleans = settings.clean_up && (modelType(json.model) !== 'BPE' || settings.clean_up_bpe);
  const calls = addingCalls(name, json, settings, special);
  const added = addTokens(calls, model, normalizer, settings.split_special_tokens);

  function idsOf(text: string): number[] {
    const ids: number[] = [];
    for (const section of added.sections(text)) {
      if ('id' in section) {
        ids.push(section.id);
        continue;
      }
      for (const word of preTokenizer ? preTokenizer.split(section) : [section.text]) {
        for (const id of model.tokenize(word)) ids.push(id);
      }
    }
    return ids;
  }
  function textOfIds(ids: readonly number[], skip_special_tokens: boolean): string {
    const tokens = ids
      .map((id) => added.token(id) ?? model.token(id))
      .filter(
        (token): token is string => token !== undefined && !(skip_special_tokens && added.isSpecial(token)),
      );
    const text = decoder ? decoder(tokens).join('') : tokens.join(' ');
    return cleans ? cleanUp(text) : text;
  }
  const seen = (id: number): string | undefined => {
    const token = added.token(id) ?? model.token(id);
    return token === undefined || added.isSpecial(token) ? undefined : token;
  };
  const partsTokens = cleans ? () => false : partsOf(json.decoder);
  const named = (which: Name): { id: number; text: string } | undefined => {
    const token = special.named.get(which);
    if (!token) return undefined;
    const id = added.id(textOf(token)) ?? model.id(textOf(token))!;
    return { id, text: textOfIds([id], false) };
  };
  const own = { bos: named('bos_token'), eos: named('eos_token') };
  const nameless = !own.bos && !own.eos;
  const byConfig = (key: string) => {
    const id = nameless && isObject(files.config) ? files.config[key] : undefined;
    const known = typeof id === 'number' && (added.token(id) ?? model.token(id)) !== undefined;
    return known ? { id, text: textOfIds([id], false) } : undefined;
  };
  const bos = own.bos ?? byConfig('bos_token_id');
  const eos = own.eos ?? byConfig('eos_token_id');
  const prefix = bos ?? eos;
  if (!prefix) {
    refuse(
      "neither the tokenizer's files nor its class name a bos_token or an eos_token, nor does config.json have the id of one; one is needed.",
    );
  }
  const checked = (ids: number[]): number[] => {
    const wrong = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocab_size));
    if (wrong === undefined) return ids;
    return refuse(
      `tokenizer.json gives the id ${wrong}; the model has embeddings for 0 to ${vocab_size - 1}.`,
    );
  };
  checked([prefix.id]);
  const fileFrame =
    files.tokenizer === undefined
      ? frameBySettings(files, bos, eos)
      : (optional(file.post_processor, readPostProcessor) ?? NO_FRAME);
  const frame = json.post_processor === null && files.tokenizer !== undefined ? NO_FRAME : fileFrame;
  const hasBos = ({ before }: Frame) => bos !== undefined && before.includes(bos.id);
  const bos_in_front = hasBos(frame);
  return {
    encode(text, options) {
      const adds = options?.add_special_tokens ?? !text.startsWith(prefix.text);
      const ids = idsOf(text);
      return checked(adds ? [...frame.before, ...ids, ...frame.after] : ids);
    },
    decode: (ids) => (ids.length === 0 ? '' : textOfIds(ids, true)),
    parts(before, after) {
      const [a, b] = [seen(before), seen(after)];
      return a !== undefined && b !== undefined && partsTokens(a, b);
    },
    prefix_token_id: prefix.id,
    eos,
    bos_in_front,
    warnings: nameless
      ? [
          `no file of the tokenizer names a BOS or an EOS, and transformers has none; texts begin with the ${bos ? 'bos' : 'eos'}_token_id of config.json, ${prefix.id}`,
        ]
      : [],
    version_4_notes: version4Notes(files, {
      bos: bos && { by_file: hasBos(fileFrame), now: bos_in_front },
      prepared: json,
      clean_up: { asked: settings.clean_up, now: cleans },
    }),
  };
}

const NO_FRAME: Frame = { before: [], after: [] };

const optional = <T>(json: unknown, read: (json: unknown) => T): T | undefined =>
  json === null || json === undefined ? undefined : read(json);
