import { seededRandom, type Random } from '../../../tensor/random.ts';
import { decode } from '../../../tensor/dtype.ts';
import { LabError } from '../../../errors.ts';
import type { Tensor } from '../../../tensor/tensor.ts';

/** The number of weights on the screen: all are quantized again, three times over, while a slider moves. */
export const VALUES = 16_384;

/** The number of weights a strip shows beside each other: a bar needs a pixel or more. */
export const SHOWN = 256;

/** Weights a computer draws, by the name of their distribution; each with the standard deviation 1. */
export const DRAWS = {
  normal: {
    title: 'drawn: normal',
    from: 'a normal distribution',
    draw: (random: Random) => random.normal(),
  },
  uniform: {
    title: 'drawn: uniform',
    from: 'a uniform distribution',
    draw: (random: Random) => Math.sqrt(3) * (2 * random.uniform() - 1),
  },
  laplace: {
    title: 'drawn: Laplace, heavier tails',
    from: 'a Laplace distribution',
    draw: (random: Random) => (exponential(random) - exponential(random)) / Math.SQRT2,
  },
  student: {
    title: 'drawn: Student-t, heaviest tails',
    from: 'Student’s t with 3 degrees of freedom',
    draw: (random: Random) => random.normal() / Math.sqrt(chiSquared3(random)),
  },
} as const;

export type DrawName = keyof typeof DRAWS;

/** [VALUES] weights of a distribution, the same every time. */
export function drawWeights(name: DrawName): Tensor {
  const random = seededRandom(7);
  return { shape: [VALUES], data: Float32Array.from({ length: VALUES }, () => DRAWS[name].draw(random)) };
}

const exponential = (random: Random): number => -Math.log(1 - random.uniform());

/** The sum of three squared normals; divided by 3 it would make a t of variance 3, so it stays undivided. */
const chiSquared3 = (random: Random): number =>
  random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2;

/** Root of the mean square: the standard deviation of weights whose mean is near 0. */
export function standardDeviation({ data }: Tensor): number {
  const mean = data.reduce((sum, w) => sum + w, 0) / data.length;
  return Math.sqrt(data.reduce((sum, w) => sum + (w - mean) ** 2, 0) / data.length);
}

/** The place of a planted outlier, in standard deviations. */
export const OUTLIER_DEVIATIONS = 10;

/** The farthest an outlier planted by hand may be pulled, in standard deviations. */
export const MOST_DEVIATIONS = 12;

/** The tensor with `count` of its weights, at places drawn once, set to plus or minus ten standard deviations. */
export function plantOutliers(tensor: Tensor, count: number, deviation: number): Tensor {
  if (count === 0) return tensor;
  const data = tensor.data.slice();
  const random = seededRandom(11);
  for (let i = 0; i < count; i++) {
    const place = random.integer(data.length);
    data[place] = (random.uniform() < 0.5 ? -1 : 1) * OUTLIER_DEVIATIONS * deviation;
  }
  return { shape: tensor.shape, data };
}

/** Real weights to begin with, and the layer they are from. */
export interface WeightSample {
  model: string;
  tensor: string;
  shape: readonly number[];
  weights: Tensor;
}

/** Fetches the sample that comes with the page. */
export async function fetchSample(): Promise<WeightSample> {
  const get = async (name: string) => {
    const response = await fetch(new URL(`samples/${name}`, document.baseURI)).catch(() => undefined);
    if (!response?.ok)
      throw new LabError('network', `The sample of real weights (samples/${name}) did not arrive.`);
    return response;
  };
  const [about, stored] = await Promise.all([get('weights.json'), get('weights.bf16')]);
  const { model, tensor, shape } = (await about.json()) as Omit<WeightSample, 'weights'>;
  const data = decode('BF16', new Uint8Array(await stored.arrayBuffer()));
  return { model, tensor, shape, weights: { shape: [data.length], data } };
}
