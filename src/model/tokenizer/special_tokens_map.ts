import { prepare } from './classes.ts';
import { objectOf } from './fields.ts';
import { readSettings, textOf, type TokenizerFiles } from './settings.ts';
import { specialTokensOf } from './special_tokens.ts';
import { classOf, isComputed } from './which_class.ts';

/**
 * The special tokens' texts by their names, as transformers' special_tokens_map: `{bos_token: '<s>', eos_token: '</s>'}`.
 * @throws bad-tokenizer as makeTokenizer does
 */
export function specialTokensMap(files: TokenizerFiles): Record<string, string> {
  const name = classOf(files.tokenizer, files.tokenizer_config, files.config);
  // makeTokenizer refuses such a class by its name.
  if (!isComputed(name)) return {};
  const settings = readSettings(files);
  const json = prepare(objectOf(files.tokenizer, 'tokenizer.json'), name, settings);
  const { named } = specialTokensOf(name, settings, json);
  return Object.fromEntries([...named].map(([which, token]) => [which, textOf(token)]));
}
