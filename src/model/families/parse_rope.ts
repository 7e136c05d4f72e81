import { LabError } from '../../errors.ts';
import { integer, number, optionalInteger, requireOnly, shown, type Fields } from '../config_fields.ts';
import type { ModelConfig, Rope } from '../model_config.ts';

/**
 * Reads how a model turns positions: v5 of transformers puts all of it into rope_parameters, v4 keeps rope_theta
 * beside an optional rope_scaling. Where both are there, transformers takes rope_scaling.
 * @throws bad-config, also where both say different things; unsupported-architecture for a rope_type that is not
 * computed here.
 */
export function parseRope(
  fields: Fields,
  { max_position_embeddings }: Pick<ModelConfig, 'max_position_embeddings'>,
  default_theta = 10000,
): Rope {
  const theta = number(fields, 'rope_theta', 1, 1e12, default_theta);
  // Only whole heads are turned.
  requireOnly(fields, 'partial_rotary_factor', 1);
  // Beside the rope's own fields it goes before theirs, as in Phi-3's configs.
  const original = optionalInteger(fields, 'original_max_position_embeddings');
  const [scaling, parameters] = ['rope_scaling', 'rope_parameters'].map((field) => {
    const inner = fields.within(field);
    return inner && ropeOf(inner, theta, original, max_position_embeddings);
  });
  if (scaling && parameters && JSON.stringify(scaling) !== JSON.stringify(parameters)) {
    throw new LabError(
      'bad-config',
      `config.json: rope_scaling is ${shown(fields.get('rope_scaling'))}, but rope_parameters is ${shown(fields.get('rope_parameters'))}; allowed: one of them, or both alike.`,
    );
  }
  return scaling ?? parameters ?? { rope_type: 'default', rope_theta: theta };
}

function ropeOf(
  scaling: Fields,
  theta: number,
  original: number | undefined,
  max_position_embeddings: number,
): Rope {
  const rope_theta = number(scaling, 'rope_theta', 1, 1e12, theta);
  requireOnly(scaling, 'partial_rotary_factor', 1);
  const rope_type = shown(scaling.get('rope_type') ?? scaling.get('type') ?? 'default');
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
