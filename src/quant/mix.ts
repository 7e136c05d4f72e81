import type { LayerFormat, QuantConfig } from './config.ts';
import type { LayerRule } from './layers.ts';
import { sum } from '../tensor/sum.ts';

/** A way to store one layer: what it takes, and what it costs the whole model. */
export interface LayerChoice {
  /** The format, by its place in the list of formats. */
  format: number;
  bytes: number;
  /** What the model's answers lose by this layer alone; losses of several layers are taken to add up. */
  loss: number;
}

/** A Linear layer, by its path, and the ways it may be stored. */
export interface MixedLayer {
  name: string;
  choices: readonly LayerChoice[];
}

/** One mix: no other of these sizes or smaller loses less. */
export interface Mix {
  bytes: number;
  loss: number;
  /** The format of each layer, by its place in the list of formats. */
  formats: number[];
}

/** One layer goes from one choice to a larger one. */
interface Step {
  layer: number;
  to: LayerChoice;
  bytes: number;
  loss: number;
}

/**
 * The mixes worth having, the smallest first: each layer begins with its smallest choice, and the byte that mends most is
 * spent next. A layer's choices that lie above the lower hull of its bytes and losses are never taken, so what a byte
 * mends only falls, and each mix is the best of its size (the knapsack's relaxation: Everett 1963, Lagrange multipliers).
 */
export function mixFrontier(layers: readonly MixedLayer[]): Mix[] {
  const hulls = layers.map(({ choices }) => lowerHull(choices));
  const steps = hulls.flatMap((hull, layer) =>
    hull.slice(1).map((to, i): Step => {
      const { bytes, loss } = hull[i]!;
      return { layer, to, bytes: to.bytes - bytes, loss: to.loss - loss };
    }),
  );
  // Equal ones keep their order, so that a layer's steps follow each other.
  steps.sort((a, b) => a.loss / a.bytes - b.loss / b.bytes);
  const starts = hulls.map(([first]) => first!);
  let mix: Mix = {
    bytes: sum(starts.map(({ bytes }) => bytes)),
    loss: sum(starts.map(({ loss }) => loss)),
    formats: starts.map(({ format }) => format),
  };
  return [
    mix,
    ...steps.map(({ layer, to, bytes, loss }) => {
      mix = {
        bytes: mix.bytes + bytes,
        // Added up in floats, nothing may come out as less than nothing.
        loss: Math.max(0, mix.loss + loss),
        formats: mix.formats.with(layer, to.format),
      };
      return mix;
    }),
  ];
}

/** The choices that some price of a byte makes the best, from the smallest on. */
function lowerHull(choices: readonly LayerChoice[]): LayerChoice[] {
  const hull: LayerChoice[] = [];
  for (const choice of [...choices].sort((a, b) => a.bytes - b.bytes || a.loss - b.loss)) {
    if (hull.length > 0 && choice.loss >= hull.at(-1)!.loss) continue;
    while (hull.length > 1 && slope(hull.at(-2)!, hull.at(-1)!) >= slope(hull.at(-2)!, choice)) hull.pop();
    hull.push(choice);
  }
  return hull;
}

const slope = (a: LayerChoice, b: LayerChoice): number => (b.loss - a.loss) / (b.bytes - a.bytes);

/**
 * A mix as a configuration: the format that most layers have, and the others' layers by name. A name that ends alike in
 * every block (`down_proj`) stands for all of them where they are stored alike.
 * @param names the layers' paths, in the order of `formats`
 * @param formats the format of each
 */
export function mixConfig(
  names: readonly string[],
  formats: readonly LayerFormat[],
  compute_dtype: QuantConfig['compute_dtype'],
): QuantConfig {
  const keys = formats.map((format) => JSON.stringify(format));
  const distinct = [...new Map(keys.map((key, i) => [key, formats[i]!]))];
  const countOf = ([key]: readonly [string, LayerFormat]) => keys.filter((other) => other === key).length;
  const quantized = distinct.filter(([, { quant_type }]) => quant_type !== 'none');
  const [most] = quantized.sort((a, b) => countOf(b) - countOf(a));
  if (!most) return { quant_type: 'none', compute_dtype };
  const by_layer = distinct
    .filter((entry) => entry[0] !== most[0])
    .map(([key, as]): LayerRule => ({ modules: shortNames(names, (i) => keys[i] === key), as }));
  return {
    ...most[1],
    compute_dtype,
    ...(by_layer.length > 0 && { by_layer }),
  };
}

/** Paths of layers, by their last part where all that end so are among them. */
export function shortNames(names: readonly string[], isAmong: (i: number) => boolean): string[] {
  const end = (name: string) => name.split('.').at(-1)!;
  const others = new Set(names.filter((_, i) => !isAmong(i)).map(end));
  return [
    ...new Set(names.filter((_, i) => isAmong(i)).map((name) => (others.has(end(name)) ? name : end(name)))),
  ];
}
