import { LabError } from '../../errors.ts';
import { boolean, eosIds, requireCausal, shown, type Fields } from '../config_fields.ts';
import type { Family } from './family.ts';

/** A model of images and text, of which only the text is read: what its row has besides that of its language model. */
export interface TextTower extends Pick<Family, 'architectures' | 'model_type' | 'harmless'> {
  /** The families that its `text_config` may be of, by model_type where there are several; the first where it names none. */
  texts: readonly [Family, ...Family[]];
  /** Whether older versions wrote the fields of the text beside those of the image, with no `text_config`. */
  flat?: boolean;
  /** The parts beside the language model, as transformers names these modules. */
  towers: readonly string[];
  /** Whether embedding and head are one: of an absent tie_word_embeddings, and whether that of `text_config` says so too. */
  tie: { missing: boolean; or_text: boolean };
}

/** Prefixes of the names of a language model within one of images: transformers' own, and those of its files. */
const PREFIXES = ['model.language_model.', 'language_model.model.', 'model.', ''] as const;

const IMAGES = 'only images reach it';

/** Fields of a model of images that change nothing where there are none. */
const VISION: Family['harmless'] = {
  vision_config: IMAGES,
  image_token_id: IMAGES,
  image_token_index: IMAGES,
  video_token_id: IMAGES,
  vision_token_id: IMAGES,
  vision_start_token_id: IMAGES,
  vision_end_token_id: IMAGES,
  vision_feature_layer: IMAGES,
  projector_hidden_act: IMAGES,
  multimodal_projector_bias: IMAGES,
  spatial_merge_size: IMAGES,
};

/**
 * The row of a family whose language model is a part of it: `text_config` is read by the language model's own row, no
 * field of it unread; its tensors are found under the prefixes that such files have.
 */
export function textTower({ texts, flat = false, towers, tie, harmless = {}, ...row }: TextTower): Family {
  return {
    ...row,
    harmless: texts.reduce((all, text) => ({ ...all, ...text.harmless }), { ...VISION, ...harmless }),
    parse(fields) {
      const inner = fields.within('text_config');
      const text = (inner ?? (flat ? fields : undefined)) && textFamily(texts, inner);
      if (!text) {
        throw new LabError(
          'bad-config',
          `config.json: text_config is ${shown(fields.get('text_config') ?? 'missing')}; allowed: an object.`,
        );
      }
      if (inner) requireCausal(inner);
      const model = text.parse(inner ?? fields);
      if (inner) readRepeated(fields, inner);
      const tied = boolean(fields, 'tie_word_embeddings', tie.missing);
      const own_eos = eosIds(fields);
      return {
        ...model,
        tie_word_embeddings: tied || (tie.or_text && model.tie_word_embeddings),
        eos_token_ids: own_eos.length > 0 ? own_eos : model.eos_token_ids,
        names: { ...model.names, prefixes: PREFIXES, heads: ['lm_head', 'language_model.lm_head'] },
        towers,
      };
    },
  };
}

/** transformers goes by text_config's model_type only where several classes are possible. */
function textFamily(texts: TextTower['texts'], inner: Fields | undefined): Family {
  const type = inner?.get('model_type');
  if (texts.length === 1 || type === undefined) return texts[0];
  const found = texts.find(({ model_type }) => model_type === type);
  if (found) return found;
  throw new LabError(
    'unsupported-architecture',
    `config.json: text_config has the model_type ${shown(type)}; supported: ${texts.map(({ model_type }) => model_type).join(', ')}.`,
  );
}

/** Some versions wrote the text's fields twice, beside text_config as well; what says the same has been read. */
function readRepeated(fields: Fields, inner: Fields): void {
  for (const { field, value } of fields.unread()) {
    if (field.includes('.')) continue;
    if (JSON.stringify(inner.get(field)) === JSON.stringify(value)) fields.get(field);
  }
}
