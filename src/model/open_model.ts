import { openCheckpoint, type Checkpoint } from '../tensor/checkpoint.ts';
import type { FileSet } from '../tensor/source.ts';
import { parseConfig } from './config.ts';
import type { ModelConfig } from './model_config.ts';
import { openAdapter, type Adapter } from './lora.ts';
import { readJson } from './read_json.ts';
import { storedQuantOf, type StoredQuant } from './stored_quant.ts';
import { hasOwnHead } from './tensors.ts';
import { makeTokenizer, type Tokenizer } from './tokenizer.ts';

/** A model's files, read as far as needed before any weight: headers, config and tokenizer. */
export interface ModelFiles {
  checkpoint: Checkpoint;
  config: ModelConfig;
  tokenizer: Tokenizer;
  /** How the checkpoint was quantized before it came here. */
  stored_quant: StoredQuant | undefined;
  /** A LoRA adapter to put on top. */
  adapter: Adapter | undefined;
}

/**
 * Opens a model in the Hub's layout: config.json, tokenizer.json, tokenizer_config.json, safetensors.
 * @throws missing-file, bad-config, bad-tokenizer, unsupported-architecture, and all of openCheckpoint's.
 */
export async function openModel(files: FileSet, adapterFiles?: FileSet): Promise<ModelFiles> {
  const json = await readJson(files, 'config.json');
  const stated = parseConfig(json);
  const checkpoint = await openCheckpoint(files);
  const untied = stated.tie_word_embeddings && (await hasOwnHead(stated, checkpoint));
  const config = untied ? { ...stated, tie_word_embeddings: false } : stated;
  const settings = files.names.includes('tokenizer_config.json')
    ? await readJson(files, 'tokenizer_config.json')
    : {};
  const tokenizer = makeTokenizer(await readJson(files, 'tokenizer.json'), settings, config.vocab_size);
  const adapter = adapterFiles && (await openAdapter(adapterFiles));
  return {
    checkpoint,
    config,
    tokenizer,
    stored_quant: await storedQuantOf(checkpoint, config, json),
    adapter,
  };
}
