import { own } from '../../tensor/own.ts';
import { isObject, type Json } from './fields.ts';
import type { TokenizerFiles } from './settings.ts';
import { namedClass } from './which_class.ts';

/** Classes of transformers 4.57 that make the post-processor themselves, by `add_bos_token` or, where it is missing, this. */
const ADDS_BOS: Readonly<Record<string, boolean>> = {
  LlamaTokenizer: true,
  CodeLlamaTokenizer: true,
  GemmaTokenizer: true,
  CohereTokenizer: true,
  GPTNeoXTokenizer: false,
};

/** The class of a model type in transformers 4.57 where no file names one, of those classes. */
const BY_TYPE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['llama', 'mistral', 'mixtral', 'phi3'].map((type) => [type, 'LlamaTokenizer'])),
  ...Object.fromEntries(['gemma', 'gemma2', 'gemma3', 'gemma3_text'].map((type) => [type, 'GemmaTokenizer'])),
  ...Object.fromEntries(['cohere', 'cohere2'].map((type) => [type, 'CohereTokenizer'])),
  ...Object.fromEntries(['gpt_neox', 'olmo', 'olmo2', 'stablelm'].map((type) => [type, 'GPTNeoXTokenizer'])),
};

/** What version 5 makes of a tokenizer's files, for a comparison with version 4. */
export interface Version5 {
  /** Whether a BOS stands in front, by tokenizer.json's own post-processor and by the class; undefined without one. */
  bos: { by_file: boolean; now: boolean } | undefined;
  /** tokenizer.json as the class takes it. */
  prepared: Json;
  /** Whether generated text is cleaned up though it is a BPE's. */
  clean_up: { asked: boolean; now: boolean };
}

/** What transformers 4.57 does otherwise with a tokenizer's files than 5.24, a sentence each. */
export function version4Notes(files: TokenizerFiles, now: Version5): string[] {
  // Of vocab.json and merges.txt version 4 made the parts by the class, too.
  const parts = files.tokenizer === undefined ? [] : partsNote(files.tokenizer as Json, now);
  return [...bosNote(files, now.bos), ...parts, ...cleanUpNote(now)];
}

function bosNote({ tokenizer_config, config }: TokenizerFiles, bos: Version5['bos']): string[] {
  if (!bos) return [];
  const model_type = isObject(config) && typeof config.model_type === 'string' ? config.model_type : '';
  const name = namedClass(tokenizer_config, config) ?? own(BY_TYPE, model_type) ?? 'PreTrainedTokenizer';
  const asked = isObject(tokenizer_config) ? tokenizer_config.add_bos_token : undefined;
  const makes = Object.hasOwn(ADDS_BOS, name);
  const then = makes ? Boolean(asked ?? ADDS_BOS[name]) : bos.by_file;
  if (then === bos.now) return [];
  const why = makes
    ? `its ${name}Fast goes by add_bos_token (${typeof asked === 'boolean' ? asked : `${ADDS_BOS[name]} by default`})`
    : "it goes by tokenizer.json's post_processor";
  return [`transformers 4.57 puts ${then ? 'a' : 'no'} BOS in front of a text: ${why}.`];
}

/** Version 4 takes the parts of tokenizer.json as they are, where some classes of version 5 make them. */
function partsNote(file: Json, { prepared }: Version5): string[] {
  const differ = ['normalizer', 'pre_tokenizer'].filter(
    (part) => canonical(file[part]) !== canonical(prepared[part]),
  );
  if (differ.length === 0) return [];
  return [
    `transformers 4.57 takes ${differ.join(' and ')} as tokenizer.json has it, where 5.24's class makes its own.`,
  ];
}

/** A part as text, without what it may leave unsaid. */
const canonical = (part: unknown): string => JSON.stringify(simplified(part ?? null));

function simplified(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(simplified);
  if (!isObject(part)) return part;
  const parts = part.normalizers ?? part.pretokenizers;
  if (Array.isArray(parts) && parts.length === 1) return simplified(parts[0]);
  return Object.fromEntries(
    Object.entries(part)
      .filter(([key, said]) => key !== 'trim_offsets' && UNSAID[key] !== said)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, said]) => [key, simplified(said)]),
  );
}

/** Values that the Rust library takes for absent ones, of all parts. */
const UNSAID: Readonly<Record<string, unknown>> = { use_regex: true, split: true, invert: false };

const cleanUpNote = ({ clean_up: { asked, now } }: Version5): string[] =>
  asked && !now
    ? [
        'transformers 4.57 takes spaces before punctuation out of generated text, by clean_up_tokenization_spaces.',
      ]
    : [];
