import type { ClassName } from './classes.ts';
import { isObject, quoted, refuse, type Json } from './fields.ts';
import type { TokenizerFiles } from './settings.ts';

/** Classes that transformers 5.24 makes of vocab.json and merges.txt alone, all byte-level BPE. */
const FROM_VOCAB: ReadonlySet<string> = new Set<ClassName>([
  'GPT2Tokenizer',
  'CodeGenTokenizer',
  'GPTNeoXTokenizer',
  'Qwen2Tokenizer',
]);

/**
 * vocab.json and merges.txt in the form of a tokenizer.json, which the class then gives its parts; without a
 * post-processor, since `add_bos_token` of tokenizer_config.json says what that puts around a text.
 * @throws bad-tokenizer where the class is not made of them, or a line of merges.txt is not two tokens
 */
export function fromVocabFiles({ vocab, merges }: TokenizerFiles, name: string): Json {
  if (!FROM_VOCAB.has(name)) {
    refuse(
      `tokenizer.json is missing; ${[...FROM_VOCAB].join(', ')} can do with vocab.json and merges.txt, and the tokenizer is a ${name}. AutoTokenizer.from_pretrained(folder).save_pretrained(folder) of transformers writes one.`,
    );
  }
  if (merges === undefined) refuse('merges.txt is missing; beside vocab.json it makes the tokenizer.');
  return { version: '1.0', added_tokens: [], model: { type: 'BPE', vocab, merges: mergesOf(merges) } };
}

/** The pairs of a merges.txt, one a line behind a line with its version: `Ġ t`. */
function mergesOf(text: string): string[][] {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  return lines.flatMap((line, i) => {
    if (line.startsWith('#version')) return [];
    const pair = line.split(' ');
    if (pair.length === 2) return [pair];
    return refuse(
      `merges.txt: line ${i + 1} is ${quoted(line)}; it must be two tokens with a blank between.`,
    );
  });
}

/** The ids that such a tokenizer puts around a text, as tokenizer_config.json says. */
export function frameBySettings(
  { tokenizer_config }: TokenizerFiles,
  bos: { id: number } | undefined,
  eos: { id: number } | undefined,
): { before: number[]; after: number[] } {
  const json = isObject(tokenizer_config) ? tokenizer_config : {};
  return {
    before: json.add_bos_token && bos ? [bos.id] : [],
    after: json.add_eos_token && eos ? [eos.id] : [],
  };
}
