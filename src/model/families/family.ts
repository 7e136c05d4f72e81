import type { Fields } from '../config_fields.ts';
import type { LinearSpec, ModelConfig, Role } from '../model_config.ts';

/** A model family: the one row that reading, loading, computing, counting and naming its models follow from. */
export interface Family {
  /** The names of its language models under `architectures` in config.json, each with a vocabulary for a head. */
  architectures: readonly [string, ...string[]];
  /** Those of its sequence classifiers, which have a `score` of `num_labels` rows instead. */
  classifiers?: readonly string[];
  /** Its `model_type` in config.json, which decides, as in transformers, also where the architecture has an older name. */
  model_type?: string;
  /** Common names of fields and the class's own, as in transformers: `{ hidden_size: 'n_embd' }`. */
  attribute_map?: Readonly<Record<string, string>>;
  /** Fields of its own that change no number computed here, each with the reason; HARMLESS has those of all families. */
  harmless?: Readonly<Record<string, string>>;
  /**
   * Reads a config.json into a model as data; a field that is absent has the default of transformers' class.
   * @throws bad-config naming a field, its value and what is allowed; unsupported-architecture for other arithmetic.
   */
  parse(fields: Fields): ParsedModel;
}

/** All of a model but what its architecture's name says. */
export type ParsedModel = Omit<ModelConfig, 'architecture' | 'num_labels'>;

/** A Linear layer in a block's list: `linear('self_attn.q_proj', ['q'], false)`. */
export const linear = (path: string, roles: readonly Role[], bias: boolean): LinearSpec => ({
  path,
  roles,
  bias,
  conv1d: false,
});

/** A Linear layer with a bias and a transposed weight, as OpenAI's Conv1D stores it. */
export const conv1d = (path: string, roles: readonly Role[]): LinearSpec => ({
  path,
  roles,
  bias: true,
  conv1d: true,
});
