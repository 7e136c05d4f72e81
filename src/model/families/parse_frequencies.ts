import { LabError } from '../../errors.ts';
import { integer, number, shown, type Fields } from '../config_fields.ts';
import type { Frequencies, ModelConfig } from '../model_config.ts';

/** What a rope's frequencies depend on beside the fields of its own object. */
export interface Around {
  theta: number;
  rotary_dim: number;
  /** Of `original_max_position_embeddings` where it goes before the object's own. */
  original: number | undefined;
  max_position_embeddings: ModelConfig['max_position_embeddings'];
  /** Other names of rope types, by what they stand for in this class. */
  aliases?: Readonly<Record<string, string>> | undefined;
  /** Whether `alpha` of a dynamic rope makes it a static one, as in Hunyuan. */
  alpha?: boolean | undefined;
  /** Whether the class never reads `truncate`, as those whose objects lie one in another. */
  always_truncates?: boolean | undefined;
  /** Whether a generation that outgrows its longrope computes its keys anew. */
  recomputed?: boolean | undefined;
}

/**
 * Reads how a model's frequencies are scaled, from rope_scaling or rope_parameters.
 * @throws unsupported-architecture for a rope_type that is not computed here; bad-config.
 */
export function frequenciesOf(fields: Fields, around: Around): Frequencies {
  const rope_theta = number(fields, 'rope_theta', 1, 1e12, around.theta);
  const stated = shown(fields.get('rope_type') ?? fields.get('type') ?? 'default');
  const rope_type = around.aliases?.[stated] ?? stated;
  const read = Object.hasOwn(TYPES, rope_type) ? TYPES[rope_type] : undefined;
  if (read) return read(fields, { ...around, theta: rope_theta });
  throw new LabError(
    'unsupported-architecture',
    `config.json: rope_type is ${rope_type}; supported: ${Object.keys(TYPES).join(', ')}.`,
  );
}

/** The rope types there are, as transformers reads them (modeling_rope_utils.py). */
const TYPES: Readonly<Record<string, (fields: Fields, around: Around) => Frequencies>> = {
  default: (_, { theta }) => ({ rope_type: 'default', rope_theta: theta }),
  linear: (fields, { theta }) => ({
    rope_type: 'linear',
    rope_theta: theta,
    factor: number(fields, 'factor', 1, 1e4),
  }),
  llama3: (fields, around) => ({
    rope_type: 'llama3',
    rope_theta: around.theta,
    factor: number(fields, 'factor', 1, 1e4),
    low_freq_factor: number(fields, 'low_freq_factor', 1e-3, 1e4),
    high_freq_factor: number(fields, 'high_freq_factor', 1e-3, 1e4),
    original_max_position_embeddings: originalOf(fields, around),
  }),
  dynamic(fields, { theta, rotary_dim, alpha }) {
    const stretch = alpha ? optionalNumber(fields, 'alpha') : undefined;
    if (stretch) {
      return { rope_type: 'default', rope_theta: theta * stretch ** (rotary_dim / (rotary_dim - 2)) };
    }
    // It changes beyond max_position_embeddings alone, which no sequence here exceeds.
    number(fields, 'factor', 1, 1e4);
    return { rope_type: 'default', rope_theta: theta };
  },
  yarn(fields, around) {
    const original = originalOf(fields, around);
    const factor = factorOf(fields, around, original);
    const [mscale, mscale_all_dim] = [
      optionalNumber(fields, 'mscale'),
      optionalNumber(fields, 'mscale_all_dim'),
    ];
    const size = (scale = 1) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
    return {
      rope_type: 'yarn',
      rope_theta: around.theta,
      factor,
      attention_factor:
        optionalNumber(fields, 'attention_factor') ??
        (mscale && mscale_all_dim ? size(mscale) / size(mscale_all_dim) : size()),
      beta_fast: optionalNumber(fields, 'beta_fast') || 32,
      beta_slow: optionalNumber(fields, 'beta_slow') || 1,
      truncate: around.always_truncates || isTrue(fields.get('truncate')),
      original_max_position_embeddings: original,
    };
  },
  longrope(fields, around) {
    const original = originalOf(fields, around);
    const factor = optionalNumber(fields, 'factor') ?? around.max_position_embeddings / original;
    return {
      rope_type: 'longrope',
      rope_theta: around.theta,
      attention_factor:
        optionalNumber(fields, 'attention_factor') ??
        (factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original))),
      short_factor: factors(fields, 'short_factor', around),
      long_factor: factors(fields, 'long_factor', around),
      original_max_position_embeddings: original,
      recomputed: around.recomputed ?? false,
    };
  },
};

const originalOf = (fields: Fields, { original, max_position_embeddings }: Around): number =>
  original ?? integer(fields, 'original_max_position_embeddings', 2, 2 ** 24, max_position_embeddings);

/** Of yarn: it must be there, though null stands for the ratio of the two lengths. */
function factorOf(fields: Fields, { max_position_embeddings }: Around, original: number): number {
  if (fields.get('factor') === null) return max_position_embeddings / original;
  return number(fields, 'factor', 1e-3, 1e4);
}

const optionalNumber = (fields: Fields, field: string): number | undefined =>
  (fields.get(field) ?? undefined) === undefined ? undefined : number(fields, field, 0, 1e4);

/** As Python takes a value that is absent where it is true: null is false. */
const isTrue = (value: unknown): boolean => value === undefined || Boolean(value);

/** A number for each pair. */
function factors(fields: Fields, field: string, { rotary_dim }: Around): number[] {
  const value = fields.get(field);
  const pairs = rotary_dim / 2;
  if (
    Array.isArray(value) &&
    value.length === pairs &&
    value.every((factor): factor is number => typeof factor === 'number' && factor > 0)
  ) {
    return value;
  }
  throw new LabError(
    'bad-config',
    `config.json: ${field} is ${Array.isArray(value) ? `a list of ${value.length}` : shown(value)}; allowed: ${pairs} numbers, one for each pair of a head that is turned.`,
  );
}
