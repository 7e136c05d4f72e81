import { LabError } from '../../errors.ts';
import { integer, number, optionalInteger, requireOnly, shown, type Fields } from '../config_fields.ts';
import type { Frequencies, ModelConfig, Rope } from '../model_config.ts';

/** What transformers' class of a family has for its rope: defaults, names of fields, the pairs that it turns. */
export interface RopeOptions {
  /** Absent: 10000. */
  default_theta?: number | undefined;
  /** The part of a head that is turned where config.json names none; absent: the class turns whole heads. */
  partial_rotary_factor?: number;
  /** Absent: false. */
  interleaved?: boolean;
  /** Whether images turn along several axes, as `mrope_section` cuts a head: all axes of a text are its positions. */
  axes?: boolean;
  /** The names outside of rope_parameters, where they are not rope_theta and partial_rotary_factor. */
  names?: { theta: string; partial: string };
}

/** The sizes of a model that its rope depends on. */
type RopeSizes = Pick<ModelConfig, 'max_position_embeddings' | 'head_dim'>;

/**
 * Reads how a model turns positions: v5 of transformers puts all of it into rope_parameters, v4 keeps rope_theta
 * and partial_rotary_factor beside an optional rope_scaling. Where both are there, transformers takes rope_scaling.
 * @throws bad-config, also where both say different things; unsupported-architecture for a rope_type that is not
 * computed here.
 */
export function parseRope(fields: Fields, sizes: RopeSizes, options: RopeOptions = {}): Rope {
  const { theta, partial } = options.names ?? { theta: 'rope_theta', partial: 'partial_rotary_factor' };
  const outer = {
    theta: number(fields, theta, 1, 1e12, options.default_theta ?? 10000),
    rotary_dim: rotaryDim(fields, partial, sizes, options.partial_rotary_factor),
    // Beside the rope's own fields it goes before theirs, as in Phi-3's configs.
    original: optionalInteger(fields, 'original_max_position_embeddings'),
  };
  const [scaling, parameters] = ['rope_scaling', 'rope_parameters'].map((field) => {
    const inner = fields.within(field);
    return inner && ropeOf(inner, outer, sizes, options);
  });
  if (scaling && parameters && JSON.stringify(scaling) !== JSON.stringify(parameters)) {
    throw new LabError(
      'bad-config',
      `config.json: rope_scaling is ${shown(fields.get('rope_scaling'))}, but rope_parameters is ${shown(fields.get('rope_parameters'))}; allowed: one of them, or both alike.`,
    );
  }
  const plain = { rope_type: 'default', rope_theta: outer.theta } as const;
  return scaling ?? parameters ?? { ...plain, ...turnedBy(outer.rotary_dim, options) };
}

/** What stands beside rope_scaling and rope_parameters, and holds where they say nothing. */
interface Outer {
  theta: number;
  rotary_dim: number;
  original: number | undefined;
}

function ropeOf(inner: Fields, outer: Outer, sizes: RopeSizes, options: RopeOptions): Rope {
  if (options.axes) ['mrope_section', 'mrope_interleaved'].forEach((field) => inner.get(field));
  const frequencies = frequenciesOf(inner, outer, sizes, options);
  const { partial_rotary_factor } = options;
  const rotary_dim = rotaryDim(
    inner,
    'partial_rotary_factor',
    sizes,
    partial_rotary_factor,
    outer.rotary_dim,
  );
  return { ...frequencies, ...turnedBy(rotary_dim, options) };
}

const turnedBy = (rotary_dim: number, { interleaved = false }: RopeOptions) => ({ rotary_dim, interleaved });

/** The components of a head that are turned, by a field that says which part of it they are; `missing` for an absent one. */
function rotaryDim(
  fields: Fields,
  field: string,
  { head_dim }: RopeSizes,
  default_factor: number | undefined,
  missing?: number,
): number {
  if (default_factor === undefined) {
    requireOnly(fields, field, 1);
    return head_dim;
  }
  if (missing !== undefined && (fields.get(field) ?? undefined) === undefined) return missing;
  const factor = number(fields, field, 0, 1, default_factor);
  const rotary_dim = Math.floor(head_dim * factor);
  if (rotary_dim > 0 && rotary_dim % 2 === 0) return rotary_dim;
  throw new LabError(
    'unsupported-architecture',
    `config.json: ${field} is ${factor}, which turns ${rotary_dim} of the ${head_dim} components of a head; supported: an even number from 2.`,
  );
}

function frequenciesOf(
  scaling: Fields,
  { theta, original }: Outer,
  { max_position_embeddings }: RopeSizes,
  { axes }: RopeOptions,
): Frequencies {
  const rope_theta = number(scaling, 'rope_theta', 1, 1e12, theta);
  const stated = shown(scaling.get('rope_type') ?? scaling.get('type') ?? 'default');
  const rope_type = axes && stated === 'mrope' ? 'default' : stated;
  switch (rope_type) {
    case 'default':
      return { rope_type, rope_theta };
    case 'linear':
      return { rope_type, rope_theta, factor: number(scaling, 'factor', 1, 1e4) };
    case 'llama3':
      return {
        rope_type,
        rope_theta,
        factor: number(scaling, 'factor', 1, 1e4),
        low_freq_factor: number(scaling, 'low_freq_factor', 1e-3, 1e4),
        high_freq_factor: number(scaling, 'high_freq_factor', 1e-3, 1e4),
        original_max_position_embeddings:
          original ??
          integer(scaling, 'original_max_position_embeddings', 2, 2 ** 24, max_position_embeddings),
      };
    default:
      throw new LabError(
        'unsupported-architecture',
        `config.json: rope_type is ${rope_type}; supported: default, linear, llama3.`,
      );
  }
}
