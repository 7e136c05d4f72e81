import { isObject, shown, type Json } from './config_fields.ts';
import { HARMLESS } from './harmless_fields.ts';

/**
 * What transformers 4.57 does otherwise than 5.24, whose rules hold here, with a config.json and the weights beside it:
 * a sentence each.
 * @param config.untied whether embedding and head differ though config.json says that they are one
 */
export function version4Notes(json: Json, { untied }: { untied: boolean }): string[] {
  return [
    ...(untied
      ? [
          'transformers 4.57 computes logits by the embedding, as tie_word_embeddings says, and leaves out lm_head.weight, which differs.',
        ]
      : []),
    ...ropeNote(json),
    ...(json.is_causal === false ? ['transformers 4.57 does not read is_causal: false.'] : []),
    ...generationNote(json),
  ];
}

/** Version 4 knows `rope_theta` and `rope_scaling` alone (modeling_rope_utils.py). */
function ropeNote({ rope_parameters, rope_theta, rope_scaling }: Json): string[] {
  if (!isObject(rope_parameters)) return [];
  const { rope_theta: theta = 10000, rope_type = 'default' } = rope_parameters;
  const said = theta === (rope_theta ?? 10000) && (rope_type === 'default' || isObject(rope_scaling));
  if (said) return [];
  return [
    `transformers 4.57 does not read rope_parameters, ${shown(rope_parameters)}, but rope_theta and rope_scaling, ${shown(rope_theta ?? null)} and ${shown(rope_scaling ?? null)}.`,
  ];
}

/** Settings of greedy generation that version 4 takes from config.json, too, and what they say where they do nothing. */
const GREEDY: Readonly<Record<string, unknown>> = {
  repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  encoder_no_repeat_ngram_size: 0,
  min_length: 0,
  num_beams: 1,
  num_beam_groups: 1,
  suppress_tokens: undefined,
  begin_suppress_tokens: undefined,
  bad_words_ids: undefined,
  forced_bos_token_id: undefined,
  forced_eos_token_id: undefined,
  exponential_decay_length_penalty: undefined,
};

function generationNote(json: Json): string[] {
  const said = Object.entries(json).filter(
    ([key, value]) =>
      Object.hasOwn(GREEDY, key) && Object.hasOwn(HARMLESS, key) && value !== null && value !== GREEDY[key],
  );
  if (said.length === 0) return [];
  const listed = said.map(([key, value]) => `${key}: ${shown(value)}`).join(', ');
  return [`transformers 4.57 generates by config.json's ${listed}, too.`];
}
