import { LabError } from '../../errors.ts';
import { fieldsOf, number, optionalInteger, requireOnly, shown, type Fields } from '../config_fields.ts';
import type { ModelConfig, Rope } from '../model_config.ts';
import { frequenciesOf, type Around } from './parse_frequencies.ts';

/** What transformers' class of a family has for its rope: defaults, names of fields, the pairs that it turns. */
export interface RopeOptions extends Pick<Around, 'aliases' | 'alpha' | 'recomputed'> {
  /** Absent: 10000. */
  default_theta?: number | undefined;
  /** The part of a head that is turned where config.json names none; absent: the class turns whole heads. */
  partial_rotary_factor?: number;
  /** Absent: false. */
  interleaved?: boolean;
  /** Fields of its own in rope_parameters that change nothing here: `mrope_section`, by which images turn. */
  harmless?: readonly string[];
  /** Of original_max_position_embeddings beside rope_parameters, where the class has a default of its own. */
  original?: number;
  /** The names outside of rope_parameters, where they are not rope_theta and partial_rotary_factor. */
  theta_field?: string;
  partial_field?: string;
}

/** The sizes of a model that its rope depends on. */
export type RopeSizes = Pick<ModelConfig, 'max_position_embeddings' | 'head_dim'>;

/**
 * Reads how a model turns positions: v5 of transformers puts all of it into rope_parameters, v4 keeps rope_theta
 * and partial_rotary_factor beside an optional rope_scaling. Where both are there, transformers takes rope_scaling.
 * @throws bad-config, also where both say different things; unsupported-architecture for a rope_type that is not
 * computed here.
 */
export function parseRope(fields: Fields, sizes: RopeSizes, options: RopeOptions = {}): Rope {
  const { partial_field = 'partial_rotary_factor' } = options;
  const outer = {
    theta: outerTheta(fields, { theta_field: 'rope_theta', ...options }),
    rotary_dim: rotaryDim(fields, partial_field, sizes, options.partial_rotary_factor),
    // Beside the rope's own fields it goes before theirs, as in Phi-3's configs.
    original: optionalInteger(fields, 'original_max_position_embeddings', options.original),
  };
  const [scaling, parameters] = ['rope_scaling', 'rope_parameters'].map((field) => {
    const inner = fields.within(field);
    return inner && ropeOf(inner, outer, sizes, options);
  });
  requireAlike(fields, scaling, parameters);
  const plain = { rope_type: 'default', rope_theta: outer.theta } as const;
  return scaling ?? parameters ?? { ...plain, ...turnedBy(outer.rotary_dim, options) };
}

/** The rope of each type of layer. */
export type LayerRopes = Readonly<Record<'full_attention' | 'sliding_attention', Rope>>;

/**
 * Reads the two ropes of a model whose layers with a window turn otherwise: v5 of transformers nests rope_parameters
 * by the layer's type, v4 keeps two thetas beside a rope_scaling that holds for the layers without a window.
 * @param sliding the same options for layers with a window; `theta_field` is where v4 has their own theta, if anywhere
 * @throws as parseRope.
 */
export function parseLayerRopes(
  fields: Fields,
  sizes: RopeSizes,
  full: RopeOptions,
  sliding: RopeOptions,
): LayerRopes {
  const outer = (options: RopeOptions): Outer => ({
    theta: outerTheta(fields, options),
    rotary_dim: rotaryDim(fields, 'partial_rotary_factor', sizes, options.partial_rotary_factor),
    original: undefined,
    always_truncates: true,
  });
  const [ofFull, ofSliding] = [outer({ theta_field: 'rope_theta', ...full }), outer(sliding)];
  const nested = fields.within('rope_parameters');
  const scaling = fields.within('rope_scaling');
  const inFull = nested?.within('full_attention');
  const inSliding = nested?.within('sliding_attention');
  const stated = scaling && ropeOf(scaling, ofFull, sizes, full);
  const parameters = inFull && ropeOf(inFull, ofFull, sizes, full);
  requireAlike(fields, stated, parameters);
  return {
    full_attention: stated ?? parameters ?? ropeOf(fieldsOf({}), ofFull, sizes, full),
    sliding_attention: ropeOf(inSliding ?? fieldsOf({}), ofSliding, sizes, sliding),
  };
}

const outerTheta = (fields: Fields, { theta_field, default_theta = 10000 }: RopeOptions): number =>
  theta_field === undefined ? default_theta : number(fields, theta_field, 1, 1e12, default_theta);

/** What stands beside rope_scaling and rope_parameters, and holds where they say nothing. */
interface Outer extends Pick<Around, 'theta' | 'original' | 'always_truncates'> {
  rotary_dim: number;
}

function ropeOf(inner: Fields, outer: Outer, sizes: RopeSizes, options: RopeOptions): Rope {
  options.harmless?.forEach((field) => inner.get(field));
  const { partial_rotary_factor } = options;
  const rotary_dim = rotaryDim(
    inner,
    'partial_rotary_factor',
    sizes,
    partial_rotary_factor,
    outer.rotary_dim,
  );
  const { max_position_embeddings } = sizes;
  const { aliases, alpha, recomputed } = options;
  const around = { ...outer, rotary_dim, max_position_embeddings, aliases, alpha, recomputed };
  return { ...frequenciesOf(inner, around), ...turnedBy(rotary_dim, options) };
}

function requireAlike(fields: Fields, scaling: Rope | undefined, parameters: Rope | undefined): void {
  if (!scaling || !parameters || JSON.stringify(scaling) === JSON.stringify(parameters)) return;
  throw new LabError(
    'bad-config',
    `config.json: rope_scaling is ${shown(fields.get('rope_scaling'))}, but rope_parameters is ${shown(fields.get('rope_parameters'))}; allowed: one of them, or both alike.`,
  );
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
