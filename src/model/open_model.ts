import { LabError } from '../errors.ts';
import { openCheckpoint, type Checkpoint } from '../tensor/checkpoint.ts';
import type { FileSet } from '../tensor/source.ts';
import { parseConfig, type ModelConfig } from './config.ts';
import { storedQuantOf, type StoredQuant } from './stored_quant.ts';
import { makeTokenizer, type Tokenizer } from './tokenizer.ts';

/** A model's files, read as far as needed before any weight: headers, config and tokenizer. */
export interface ModelFiles {
  checkpoint: Checkpoint;
  config: ModelConfig;
  tokenizer: Tokenizer;
  /** How the checkpoint was quantized before it came here. */
  stored_quant: StoredQuant | undefined;
}

/** No published config or tokenizer is near it; JSON of this size still parses in a second. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * Opens a model in the Hub's layout: config.json, tokenizer.json, tokenizer_config.json, safetensors.
 * @throws missing-file, bad-config, bad-tokenizer, unsupported-architecture, and all of openCheckpoint's.
 */
export async function openModel(files: FileSet): Promise<ModelFiles> {
  const json = await readJson(files, 'config.json');
  const config = parseConfig(json);
  const checkpoint = await openCheckpoint(files);
  const settings = files.names.includes('tokenizer_config.json')
    ? await readJson(files, 'tokenizer_config.json')
    : {};
  const tokenizer = makeTokenizer(await readJson(files, 'tokenizer.json'), settings, config.vocab_size);
  return { checkpoint, config, tokenizer, stored_quant: await storedQuantOf(checkpoint, config, json) };
}

async function readJson(files: FileSet, name: string): Promise<unknown> {
  if (!files.names.includes(name)) {
    throw new LabError(
      'missing-file',
      `${name} is missing; a model needs config.json, tokenizer.json and safetensors.`,
    );
  }
  const source = await files.open(name);
  if (source.byteLength > MAX_JSON_BYTES) {
    throw new LabError('bad-config', `${name} has ${source.byteLength} bytes; allowed: ${MAX_JSON_BYTES}.`);
  }
  const text = new TextDecoder().decode(await source.slice(0, source.byteLength));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LabError('bad-config', `${name} is not JSON: ${(error as Error).message}.`, { cause: error });
  }
}
