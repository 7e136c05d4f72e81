import { openCheckpoint, type Checkpoint } from '../tensor/checkpoint.ts';
import type { FileSet } from '../tensor/source.ts';
import { parseConfig } from './config.ts';
import { parseGenerationConfig, type GenerationConfig } from './generation_config.ts';
import type { Json } from './config_fields.ts';
import type { ModelConfig } from './model_config.ts';
import { openAdapter, type Adapter } from './lora.ts';
import { quantizationConfig } from './quantization_config.ts';
import { configName } from '../quant/config.ts';
import type { SavedLayout } from '../quant/saved/layout.ts';
import { linearModules } from './modules.ts';
import { readJson, readOptionalJson, readOptionalText } from './read_json.ts';
import { storedQuantOf, type StoredQuant } from './stored_quant.ts';
import { hasOwnHead } from './tensors.ts';
import type { TokenizerFiles } from './tokenizer/settings.ts';
import { makeTokenizer, type Tokenizer } from './tokenizer/tokenizer.ts';
import { unexpectedTensors } from './unexpected_tensors.ts';
import { version4Notes } from './version_4.ts';

/** A model's config and weights, read as far as needed before any weight. */
export interface ModelWeights {
  checkpoint: Checkpoint;
  config: ModelConfig;
  /** The quantization that the checkpoint came with; undefined where its weights are floats. */
  stored_quant: StoredQuant | undefined;
  /** Sentences about what was odd and changes no number: tensors that nothing reads, an index that is not exact. */
  warnings: readonly string[];
  /** What transformers 4.57 does otherwise than 5.24, whose rules hold here, a sentence each. */
  version_4_notes: readonly string[];
}

/** A model's files, read as far as needed before any weight: headers, config and tokenizer. */
export interface ModelFiles extends ModelWeights {
  tokenizer: Tokenizer;
  generation: GenerationConfig;
  /** A LoRA adapter to put on top. */
  adapter: Adapter | undefined;
}

/**
 * Opens a model in the Hub's layout: config.json, tokenizer.json (or vocab.json and merges.txt) with the settings beside
 * it, safetensors, and generation_config.json if there is one.
 * @throws missing-file, bad-config, bad-tokenizer, and all of openWeights' and openAdapter's.
 */
export async function openModel(files: FileSet, adapterFiles?: FileSet): Promise<ModelFiles> {
  const weights = await openWeights(files);
  const tokenizer = makeTokenizer(await readTokenizerFiles(files), weights.config.vocab_size);
  const adapter = adapterFiles && (await openAdapter(adapterFiles));
  const generation = parseGenerationConfig(
    await readOptionalJson(files, 'generation_config.json'),
    weights.config.eos_token_ids,
  );
  const { not_computed } = generation;
  const warnings = [
    ...weights.warnings,
    ...tokenizer.warnings,
    ...(not_computed === undefined ? [] : [not_computed]),
  ];
  const version_4_notes = [...tokenizer.version_4_notes, ...weights.version_4_notes];
  return { ...weights, tokenizer, generation, adapter, warnings, version_4_notes };
}

/** What a checkpoint's layers are stored in, where they differ. */
function mixWarning({ storage, others, float_modules }: StoredQuant, config: ModelConfig): string[] {
  if (others.length === 0) return [];
  const all = linearModules(config).length - float_modules.length;
  const rest = all - others.reduce((sum, { modules }) => sum + modules.length, 0);
  const kinds = [
    { storage, count: rest },
    ...others.map(({ storage: other, modules }) => ({ storage: other, count: modules.length })),
  ].map(({ storage: kind, count }) => {
    const name = configName({ ...kind, compute_dtype: 'float32' });
    return `${name} (${count} layer${count === 1 ? '' : 's'})`;
  });
  return [`the Linear layers are stored in several formats: ${kinds.join(', ')}`];
}

/** The JSON files that a model's tokenizer is made of. @throws missing-file, bad-config */
export const readTokenizerFiles = async (files: FileSet): Promise<TokenizerFiles> => ({
  ...(await readTokenizer(files)),
  tokenizer_config: await readOptionalJson(files, 'tokenizer_config.json'),
  special_tokens_map: await readOptionalJson(files, 'special_tokens_map.json'),
  added_tokens: await readOptionalJson(files, 'added_tokens.json'),
  config: await readJson(files, 'config.json'),
});

/** tokenizer.json, or what stands for it in folders from before it. */
async function readTokenizer(
  files: FileSet,
): Promise<Pick<TokenizerFiles, 'tokenizer' | 'vocab' | 'merges'>> {
  if (files.names.includes('tokenizer.json') || !files.names.includes('vocab.json')) {
    return { tokenizer: await readJson(files, 'tokenizer.json') };
  }
  const vocab = await readJson(files, 'vocab.json');
  return { tokenizer: undefined, vocab, merges: await readOptionalText(files, 'merges.txt') };
}

/**
 * Opens a model's config.json and safetensors, and checks what they say of each other.
 * @throws unsupported-quantization before all else; bad-config, unsupported-architecture, bad-quant-state, and all of
 * openCheckpoint's.
 */
export async function openWeights(files: FileSet): Promise<ModelWeights> {
  const json = await readJson(files, 'config.json');
  const layout = quantizationConfig(json);
  const checkpoint = await openCheckpoint(files);
  const { warnings, ...fitted } = await fitWeights(json, layout, checkpoint);
  return { checkpoint, ...fitted, warnings: [...checkpoint.warnings, ...warnings] };
}

/** Checks what a config.json and a checkpoint say of each other. */
export async function fitWeights(
  json: Json,
  layout: SavedLayout | undefined,
  checkpoint: Checkpoint,
): Promise<Omit<ModelWeights, 'checkpoint'>> {
  const stated = parseConfig(json);
  const untied = stated.tie_word_embeddings && (await hasOwnHead(stated, checkpoint));
  const config = untied ? { ...stated, tie_word_embeddings: false } : stated;
  const stored_quant = await storedQuantOf(checkpoint, config, layout);
  const warnings = unexpectedTensors(config, checkpoint, layout);
  if (stored_quant) warnings.push(...layout!.warnings, ...mixWarning(stored_quant, config));
  if (layout && !stored_quant) {
    warnings.push(
      `config.json says that ${layout.tool} quantized the checkpoint, but no Linear layer is: it runs as unquantized`,
    );
  }
  return { config, stored_quant, warnings, version_4_notes: version4Notes(json, { untied }) };
}
