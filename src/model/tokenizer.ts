import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { LabError } from '../errors.ts';

/** Text to ids and back, and the special ids an evaluation needs. */
export interface Tokenizer {
  /**
   * Ids of a text. `add_special_tokens` left out is the tokenizer's own default, which may put a BOS in front; as in
   * the harness, nothing is added to a text that begins with the prefix token itself.
   */
  encode(text: string, options?: { add_special_tokens: boolean }): number[];
  /** Text of ids, special tokens left out. */
  decode(ids: readonly number[]): string;
  /** Begins every rolling window and stands for an empty context: BOS, else EOS. */
  prefix_token_id: number;
  /** The end-of-text token's id and text, where the tokenizer has one. */
  eos: { id: number; text: string } | undefined;
}

/** A token as tokenizer_config.json writes it. */
type TokenSetting = string | { content: string } | null | undefined;

/**
 * The Hugging Face tokenizer of a checkpoint.
 * @param vocab_size rows of the embedding: an id at or above it would read another row's numbers
 * @throws bad-tokenizer when the files cannot be understood or an id has no embedding
 */
export function makeTokenizer(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
  vocab_size: number,
): Tokenizer {
  const settings = (tokenizerConfig ?? {}) as Record<string, TokenSetting>;
  const tokenizer = construct(tokenizerJson, settings);
  const idOf = (token: TokenSetting): { id: number; text: string } | undefined => {
    const text = typeof token === 'string' ? token : token?.content;
    if (text === undefined) return undefined;
    const id = tokenizer.token_to_id(text);
    return id === undefined ? undefined : { id, text };
  };
  const eos = idOf(settings.eos_token);
  const prefix = idOf(settings.bos_token) ?? eos;
  if (!prefix) {
    throw new LabError(
      'bad-tokenizer',
      'tokenizer_config.json names neither a bos_token nor an eos_token of the vocabulary; one is needed.',
    );
  }
  return {
    encode(text, options) {
      const begun = prefix.text !== '' && text.startsWith(prefix.text);
      const { ids } = tokenizer.encode(text, options ?? (begun ? { add_special_tokens: false } : undefined));
      const wrong = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocab_size));
      if (wrong !== undefined) {
        throw new LabError(
          'bad-tokenizer',
          `tokenizer.json gives the id ${wrong}; the model has embeddings for 0 to ${vocab_size - 1}.`,
        );
      }
      return ids;
    },
    decode: (ids) => (ids.length === 0 ? '' : tokenizer.decode([...ids], { skip_special_tokens: true })),
    prefix_token_id: prefix.id,
    eos,
  };
}

function construct(json: unknown, settings: Record<string, TokenSetting>): HuggingFaceTokenizer {
  try {
    // Some tokenizers read the list without asking whether it is there.
    return new HuggingFaceTokenizer({ added_tokens: [], ...(json as object) }, settings);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LabError('bad-tokenizer', `tokenizer.json could not be read: ${reason}.`, { cause: error });
  }
}
