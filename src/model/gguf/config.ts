import { LabError } from '../../errors.ts';
import type { Gguf } from '../../tensor/gguf.ts';
import { own } from '../../tensor/own.ts';
import { ARCHITECTURES, HARMLESS_KEYS, type Architecture, type RopeFactors } from './architectures.ts';
import { metadataOf } from './metadata.ts';

/** The names of llama.cpp's tensors outside of the blocks. */
export const EMBEDDING = 'token_embd.weight';
export const HEAD = 'output.weight';

/** The row of a file's architecture. @throws unsupported-architecture naming it and those that are read */
export function architectureOf(file: string, gguf: Gguf): Architecture {
  const { architecture } = metadataOf(file, gguf);
  const row = own(ARCHITECTURES, architecture);
  if (row) return row;
  throw new LabError(
    'unsupported-architecture',
    `${file} is of the architecture ${JSON.stringify(architecture)}; of GGUF files Nibble reads ${Object.keys(ARCHITECTURES).join(', ')}.`,
  );
}

/**
 * The config.json that a GGUF file stands for. `quantized` says whether a Linear layer in it is.
 * @throws unsupported-architecture for an architecture, or a key of one, that is not computed here; bad-gguf
 */
export function ggufConfig(
  file: string,
  gguf: Gguf,
  rope: RopeFactors,
  quantized: boolean,
): Record<string, unknown> {
  const metadata = metadataOf(file, gguf);
  const row = architectureOf(file, gguf);
  const embedding = metadata.shapeOf(EMBEDDING);
  if (!embedding) throw new LabError('missing-tensor', `tensor ${EMBEDDING} is not in ${file}.`);
  const fields = row.fields(metadata, rope);
  const [strange] = metadata.unread().filter((key) => !HARMLESS_KEYS.includes(key));
  if (strange !== undefined) {
    throw new LabError(
      'unsupported-architecture',
      `${file} has ${metadata.architecture}.${strange}, which Nibble does not compute.`,
    );
  }
  const id = (key: string) => {
    const value = gguf.metadata.get(`tokenizer.ggml.${key}`);
    return typeof value === 'number' ? { [key]: value } : {};
  };
  return {
    architectures: [row.class],
    model_type: row.model_type,
    ...fields,
    vocab_size: embedding[0],
    tie_word_embeddings: metadata.shapeOf(HEAD) === undefined,
    ...id('bos_token_id'),
    ...id('eos_token_id'),
    ...(quantized ? { quantization_config: { quant_method: 'gguf' } } : {}),
  };
}
