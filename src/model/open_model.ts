import { openCheckpoint, type Checkpoint } from '../tensor/checkpoint.ts';
import type { FileSet } from '../tensor/source.ts';
import { parseConfig } from './config.ts';
import type { ModelConfig } from './model_config.ts';
import { openAdapter, type Adapter } from './lora.ts';
import { readJson } from './read_json.ts';
import { storedQuantOf, type StoredQuant } from './stored_quant.ts';
import { hasOwnHead } from './tensors.ts';
import { makeTokenizer, type Tokenizer } from './tokenizer/tokenizer.ts';

/** A model's files, read as far as needed before any weight: headers, config and tokenizer. */
export interface ModelFiles {
  checkpoint: Checkpoint;
  config: ModelConfig;
  tokenizer: Tokenizer;
  /** The quantization that the checkpoint came with; undefined where its weights are floats. */
  stored_quant: StoredQuant | undefined;
  /** A LoRA adapter to put on top. */
  adapter: Adapter | undefined;
}

/**
 * Opens a model in the Hub's layout: config.json, tokenizer.json with the settings beside it, safetensors.
 * @throws missing-file, bad-config, bad-tokenizer, unsupported-architecture, and all of openCheckpoint's.
 */
export async function openModel(files: FileSet, adapterFiles?: FileSet): Promise<ModelFiles> {
  const json = await readJson(files, 'config.json');
  const stated = parseConfig(json);
  const checkpoint = await openCheckpoint(files);
  const untied = stated.tie_word_embeddings && (await hasOwnHead(stated, checkpoint));
  const config = untied ? { ...stated, tie_word_embeddings: false } : stated;
  const optional = (name: string) => (files.names.includes(name) ? readJson(files, name) : undefined);
  const tokenizer = makeTokenizer(
    {
      tokenizer: await readJson(files, 'tokenizer.json'),
      tokenizer_config: await optional('tokenizer_config.json'),
      special_tokens_map: await optional('special_tokens_map.json'),
      added_tokens: await optional('added_tokens.json'),
      config: json,
    },
    config.vocab_size,
  );
  const adapter = adapterFiles && (await openAdapter(adapterFiles));
  return {
    checkpoint,
    config,
    tokenizer,
    stored_quant: await storedQuantOf(checkpoint, config, json),
    adapter,
  };
}
