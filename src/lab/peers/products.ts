import type { FileLayer, Grid } from '../../quant/saved/file_layer.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Beginning } from '../../study/peer_audit.ts';
import { relativeError } from './other_weights.ts';
import type { Peer } from './peer.ts';

/** Tokens whose products are computed anew, in float64. */
const ROWS = 4;

/** What a product may be off by: kernels that round inputs to 8 bits or 16 lose that much. */
const ALLOWED: Record<Grid['kind'], number> = {
  ...{ int8: 0.05, ggml: 0.05, integers: 0.02, codebook: 0.005, float: 0.005 },
};

/**
 * The first layer of an engine whose output is not its input times its own weights; each is held against what went into
 * it there, so that what an earlier one got wrong is not blamed on it. Undefined where all are right, or none can be told.
 */
export async function firstWrongProduct(
  { values }: Peer,
  layers: readonly FileLayer[],
  ids: readonly number[],
): Promise<Beginning | undefined> {
  if (!values) return undefined;
  const places = layers.flatMap(({ input, output }) => [input, output]).filter((name) => name !== undefined);
  const told = await values(ids, [...new Set(places)]);
  for (const layer of layers) {
    const [x, y] = [told.get(layer.input ?? ''), told.get(layer.output ?? '')];
    const [N, K] = layer.shape;
    if (!x || !y || x.length !== ids.length * K || y.length !== ids.length * N) continue;
    const { path, op_type, grid } = layer;
    const begin = { layer: path, op_type, allowed: ALLOWED[grid.kind] };
    if (!x.every(Number.isFinite)) return { what: 'not a number', ...begin, error: 0 };
    const first = Math.max(0, ids.length - ROWS);
    const error = y.every(Number.isFinite)
      ? relativeError(
          y.subarray(first * N),
          product(x.subarray(first * K), layer.shape, await layer.dequantize()),
        )
      : Infinity;
    if (error > begin.allowed)
      return { what: 'product', ...begin, error: Number.isFinite(error) ? error : 1e9 };
  }
  return undefined;
}

/** x [rows, K] times the transposed weight [N, K]. */
function product(x: Float32Array, [N, K]: readonly [number, number], { data }: Tensor): Float64Array {
  const rows = x.length / K;
  const y = new Float64Array(rows * N);
  for (let row = 0; row < rows; row++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += x[row * K + k]! * data[n * K + k]!;
      y[row * N + n] = sum;
    }
  }
  return y;
}
