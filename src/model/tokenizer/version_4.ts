import { own } from '../../tensor/own.ts';
import { isObject } from './fields.ts';
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

/**
 * What transformers 4.57 does otherwise about the BOS, in one sentence, or nothing.
 * @param bos whether tokenizer.json's own post-processor puts one in front, and whether version 5 does
 */
export function version4Note(
  { tokenizer_config, config }: TokenizerFiles,
  bos: { by_file: boolean; now: boolean },
): string | undefined {
  const model_type = isObject(config) && typeof config.model_type === 'string' ? config.model_type : '';
  const name = namedClass(tokenizer_config, config) ?? own(BY_TYPE, model_type) ?? 'PreTrainedTokenizer';
  const asked = isObject(tokenizer_config) ? tokenizer_config.add_bos_token : undefined;
  const makes = Object.hasOwn(ADDS_BOS, name);
  const then = makes ? Boolean(asked ?? ADDS_BOS[name]) : bos.by_file;
  if (then === bos.now) return undefined;
  const why = makes
    ? `its ${name}Fast goes by add_bos_token (${typeof asked === 'boolean' ? asked : `${ADDS_BOS[name]} by default`})`
    : "it goes by tokenizer.json's post_processor";
  return `transformers 4.57 puts ${then ? 'a' : 'no'} BOS in front of a text: ${why}.`;
}
