import { LabError } from '../../errors.ts';
import { integer, isObject, number, shown, type Json } from '../config_fields.ts';
import type { Rope } from '../model_config.ts';

/**
 * Reads how a model turns positions: v5 of transformers puts all of it into rope_parameters, v4 keeps rope_theta
 * beside an optional rope_scaling.
 * @throws bad-config; unsupported-architecture for a rope_type that is not computed here.
 */
export function parseRope(json: Json): Rope {
  const parameters = isObject(json.rope_parameters) ? json.rope_parameters : json.rope_scaling;
  const scaling: Json = isObject(parameters) ? parameters : {};
  const rope_theta = number({ ...json, ...scaling }, 'rope_theta', 1, 1e12, 10000);
  const rope_type = shown(scaling.rope_type ?? scaling.type ?? 'default');
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
        original_max_position_embeddings: integer(scaling, 'original_max_position_embeddings', 2, 2 ** 24),
      };
    default:
      throw new LabError(
        'unsupported-architecture',
        `config.json: rope_type is ${rope_type}; supported: default, linear, llama3.`,
      );
  }
}
