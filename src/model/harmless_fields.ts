import { LabError } from '../errors.ts';
import { shown, type Fields } from './config_fields.ts';
import type { Family } from './families/family.ts';
import { reasonIn, refusedOf, SAYS_NOTHING, type KeyFate } from './key_fates.ts';

const TRAINING = 'only training reads it';
const RETURNED = 'only adds to what transformers returns';
const GENERATION = 'transformers 5 takes it from generation_config.json alone';
const ELSEWHERE = 'read where tokenizers and checkpoints are opened';
const PROVENANCE = 'says who wrote the model, and by what';
const CLASSES = 'says something of the classes of a classifier, but not how many';
const OTHER_ROPE = 'transformers reads it for other rope types alone';

/** Fields of config.json that change no number computed here, in any family, each with the reason. */
export const HARMLESS: Readonly<Record<string, string>> = {
  dtype: 'tensors are read in the dtype that the checkpoint has',
  torch_dtype: 'tensors are read in the dtype that the checkpoint has',
  use_cache: 'a cache of keys and values changes time, not numbers',
  cache_implementation: 'a cache of keys and values changes time, not numbers',
  attn_implementation: 'all of them compute the same attention',
  _attn_implementation: 'all of them compute the same attention',
  _attn_implementation_autoset: 'all of them compute the same attention',
  _flash_attn_2_enabled: 'all of them compute the same attention',
  use_flash_attention: 'all of them compute the same attention',
  use_flash_attn: 'all of them compute the same attention',
  attention_dropout: TRAINING,
  attn_pdrop: TRAINING,
  embd_dropout: TRAINING,
  embd_pdrop: TRAINING,
  hidden_dropout: TRAINING,
  hidden_dropout_prob: TRAINING,
  resid_pdrop: TRAINING,
  residual_dropout: TRAINING,
  classifier_dropout: TRAINING,
  initializer_range: TRAINING,
  gradient_checkpointing: TRAINING,
  output_attentions: RETURNED,
  output_hidden_states: RETURNED,
  return_dict: RETURNED,
  torchscript: RETURNED,
  keys_to_ignore_at_inference: RETURNED,
  chunk_size_feed_forward: 'cuts an MLP into pieces with the same sums',
  bos_token_id: ELSEWHERE,
  pad_token_id: ELSEWHERE,
  sep_token_id: ELSEWHERE,
  unk_token_id: ELSEWHERE,
  is_decoder: 'every model here is one',
  decoder_start_token_id: 'encoder-decoder models alone start by it',
  tokenizer_class: ELSEWHERE,
  quantization_config: ELSEWHERE,
  _name_or_path: PROVENANCE,
  name_or_path: PROVENANCE,
  _commit_hash: PROVENANCE,
  transformers_version: PROVENANCE,
  auto_map: "names the repository's own code, which transformers runs only when it is told to trust it",
  finetuning_task: PROVENANCE,
  unsloth_version: PROVENANCE,
  unsloth_fixed: PROVENANCE,
  'transformers.js_config': PROVENANCE,
  id2label: CLASSES,
  label2id: CLASSES,
  num_labels: CLASSES,
  problem_type: CLASSES,
  task_specific_params: GENERATION,
  begin_suppress_tokens: GENERATION,
  bad_words_ids: GENERATION,
  diversity_penalty: GENERATION,
  do_sample: GENERATION,
  early_stopping: GENERATION,
  encoder_no_repeat_ngram_size: GENERATION,
  epsilon_cutoff: GENERATION,
  eta_cutoff: GENERATION,
  exponential_decay_length_penalty: GENERATION,
  forced_bos_token_id: GENERATION,
  forced_eos_token_id: GENERATION,
  length_penalty: GENERATION,
  max_length: GENERATION,
  min_length: GENERATION,
  no_repeat_ngram_size: GENERATION,
  num_beam_groups: GENERATION,
  num_beams: GENERATION,
  num_return_sequences: GENERATION,
  output_scores: GENERATION,
  remove_invalid_values: GENERATION,
  repetition_penalty: GENERATION,
  return_dict_in_generate: GENERATION,
  suppress_tokens: GENERATION,
  temperature: GENERATION,
  top_k: GENERATION,
  top_p: GENERATION,
  typical_p: GENERATION,
  // Beside a rope of another type, or beside none.
  original_max_position_embeddings: OTHER_ROPE,
  ...Object.fromEntries(
    ['rope_scaling', 'rope_parameters'].flatMap((outer) =>
      [
        'attention_factor',
        'beta_fast',
        'beta_slow',
        'factor',
        'high_freq_factor',
        'long_factor',
        'low_freq_factor',
        'mscale',
        'mscale_all_dim',
        'original_max_position_embeddings',
        'short_factor',
        'truncate',
        'type',
      ].map((inner) => [`${outer}.${inner}`, OTHER_ROPE]),
    ),
  ),
};

/**
 * What became of each field of a config.json, as one that nobody has read and no table knows may ask for arithmetic
 * that is not computed here. Null, false and empty ones ask for nothing.
 * @param reached false where config.json was refused before all of its fields could be read
 */
export function configFates(fields: Fields, harmless: Family['harmless'] = {}, reached = true): KeyFate[] {
  const reasonOf = reasonIn(harmless, HARMLESS);
  return fields.all().map(({ field: key, value, read }): KeyFate => {
    if (read) return { key, fate: 'read' };
    // Of a language model within one of images, the same fields lie in text_config.
    const reason = reasonOf(key.replace(/^text_config\./, '')) ?? (isEmpty(value) ? SAYS_NOTHING : undefined);
    if (reason !== undefined) return { key, fate: 'harmless', reason };
    return reached ? { key, fate: 'refused', value } : { key, fate: 'unreached' };
  });
}

/** @throws unsupported-architecture naming a field that is refused, and its value. */
export function requireAllRead(fates: readonly KeyFate[], { architectures: [name] }: Family): void {
  const [refused] = refusedOf(fates);
  if (!refused) return;
  throw new LabError(
    'unsupported-architecture',
    `config.json says ${refused.key}: ${shown(refused.value)}; Nibble knows no such field of a ${name}, nor whether it changes numbers.`,
  );
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
