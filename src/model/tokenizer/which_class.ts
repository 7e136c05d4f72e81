import { own } from '../../tensor/own.ts';
import { isObject, words } from './fields.ts';
import { CLASSES, type ClassName } from './classes.ts';

/**
 * The class that transformers 5.24 has registered for a model type (TOKENIZER_MAPPING_NAMES of
 * models/auto/tokenization_auto.py); of the types here that it lists, every one. `TokenizersBackend` stands also for
 * MistralCommonBackend, which becomes that where mistral-common is not installed.
 */
const REGISTERED: Readonly<Record<string, ClassName>> = {
  ...types(
    'TokenizersBackend',
    `flex_olmo glm glm4 gpt_bigcode granite granitemoe granitemoehybrid granitemoeshared kimi_linear
     ministral ministral3 mistral mistral3 mixtral olmo2 olmo3 olmo_hybrid persimmon pixtral stablelm`,
  ),
  ...types('GPT2Tokenizer', `codegen dbrx gpt2 gpt_neo gptj jais2 opt phi starcoder2`),
  ...types('GPTNeoXTokenizer', `falcon_mamba gpt_neox mamba mamba2 mpt olmo olmoe rwkv xlstm`),
  ...types(
    'Qwen2Tokenizer',
    `internvl qwen2 qwen2_5_vl qwen2_moe qwen2_vl qwen3 qwen3_moe qwen3_next qwen3_vl qwen3_vl_moe`,
  ),
  ...types('Qwen3_5Tokenizer', `qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text`),
  ...types(
    'GemmaTokenizer',
    `gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text recurrent_gemma shieldgemma2 t5gemma zaya`,
  ),
  ...types('CohereTokenizer', `aya_vision cohere cohere2`),
};

/** Model types whose published tokenizer_class is not believed (MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS). */
const NOT_BELIEVED: ReadonlySet<string> = new Set(
  words(
    `arctic chatlm ernie4_5 ernie4_5_moe fuyu h2ovl_chat hyperclovax internlm2 internlm3 iquestcoder jamba
     llava llava_next minicpm3 minicpmv minimax_m2 molmo molmo2 nemotron nvfp4 opencua phi3 phi3_v phimoe
     qwen2 qwen3_5 qwen3_5_moe qwen3_5_moe_text smolvlm step3_vl vipllava`,
  ),
);

/** Names that are another class' by now. */
const SAME_CLASS: Readonly<Record<string, ClassName>> = {
  PreTrainedTokenizer: 'TokenizersBackend',
  PythonBackend: 'TokenizersBackend',
  BloomTokenizer: 'TokenizersBackend',
};

function types(name: ClassName, model_types: string): Record<string, ClassName> {
  return Object.fromEntries(words(model_types).map((type) => [type, name]));
}

const nameIn = (json: unknown): string | undefined =>
  isObject(json) && typeof json.tokenizer_class === 'string' && json.tokenizer_class !== ''
    ? json.tokenizer_class
    : undefined;

/** The class a model's files ask for: tokenizer_config.json before config.json, without the "Fast" of version 4. */
export const namedClass = (tokenizerConfig: unknown, config: unknown): string | undefined =>
  (nameIn(tokenizerConfig) ?? nameIn(config))?.replace(/Fast$/, '');

/**
 * Name of the class that AutoTokenizer of transformers 5.24 makes of a folder with a tokenizer.json, which may be one
 * that is not computed here.
 */
export function classOf(tokenizer: unknown, tokenizerConfig: unknown, config: unknown): string {
  const model_type = isObject(config) && typeof config.model_type === 'string' ? config.model_type : '';
  const named = namedClass(tokenizerConfig, config);
  const believed = !NOT_BELIEVED.has(model_type);
  const registered = Object.hasOwn(REGISTERED, model_type)
    ? REGISTERED[model_type]
    : believed
      ? undefined
      : 'TokenizersBackend';
  if (named === undefined) return registered ?? 'TokenizersBackend';
  // Byte-level vocabularies published under Llama's name, as Llama 3's.
  if (named === 'LlamaTokenizer' && believed && mentionsByteLevel(tokenizer)) return 'TokenizersBackend';
  const asked = own(SAME_CLASS, named) ?? named;
  if (registered === undefined || registered === asked) return asked;
  if (registered === 'TokenizersBackend') return registered;
  return believed ? asked : registered;
}

/** The library looks for the word in the file's text, be it a part or a token. */
const mentionsByteLevel = (tokenizer: unknown): boolean => JSON.stringify(tokenizer).includes('"ByteLevel"');

/** Whether `name` has a row of its own. */
export const isComputed = (name: string): name is ClassName => Object.hasOwn(CLASSES, name);
