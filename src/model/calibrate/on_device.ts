import { isSoftware } from '../../gpu/adapter.ts';
import type { Gpu } from '../../gpu/device/device.ts';
import { product } from '../../gpu/matrix/product.ts';
import type { GptqArithmetic } from '../../quant/calibrated/gptq.ts';
import { mirror, type InputStatistics } from '../../quant/calibrated/statistics.ts';
import { transposed } from '../../tensor/tensor.ts';
import { inverseFactorOnDevice } from './inverse_factor.ts';

/** Inputs of a layer from which on the device computes what grows by their square and cube. */
export const WIDE = 2048;

/** True where the device is faster: not where it is the CPU itself. */
export const fasterOnDevice = ({ adapter }: Pick<Gpu, 'adapter'>, columns: number): boolean =>
  columns >= WIDE && !isSoftware(adapter);

/** GPTQ's long steps in float32 on the device, as gptqmodel computes them; sums across blocks stay in float64. */
export const onDevice = (gpu: Gpu): GptqArithmetic => ({
  inverseFactor(n, fill) {
    const H = new Float32Array(n * n);
    fill(H);
    return inverseFactorOnDevice(gpu, H, n);
  },
  async passOn({ W, errors, U, columns, begin, end }) {
    const [width, behind] = [end - begin, columns - end];
    const block = new Float32Array(behind * width);
    for (let j = 0; j < behind; j++) {
      for (let i = 0; i < width; i++) block[j * width + i] = U[(begin + i) * columns + end + j]!;
    }
    const moved = await product(gpu, Float32Array.from(errors), block, width);
    for (let at = 0, row = 0; at < moved.length; row++) {
      for (let j = end; j < columns; j++) W[row * columns + j]! -= moved[at++]!;
    }
  },
});

/** Columns whose products with all before them are computed at once. */
const STRIP = 1024;

/** Adds inputs [tokens, columns] to the statistics of all columns: products in float32, added up in float64. */
export async function addInputsOnDevice(
  gpu: Gpu,
  statistics: InputStatistics,
  x: Float32Array<ArrayBuffer>,
): Promise<void> {
  const { columns, gram, sum_abs } = statistics;
  const tokens = x.length / columns;
  const { data } = transposed({ shape: [tokens, columns], data: x });
  for (let begin = 0; begin < columns; begin += STRIP) {
    const end = Math.min(begin + STRIP, columns);
    const products = await product(
      gpu,
      data.subarray(begin * tokens, end * tokens),
      data.subarray(0, end * tokens),
      tokens,
    );
    for (let i = begin; i < end; i++) {
      for (let j = 0; j <= i; j++) gram[i * columns + j]! += products[(i - begin) * end + j]!;
    }
  }
  x.forEach((value, at) => (sum_abs[at % columns]! += Math.abs(value)));
  mirror(statistics);
  statistics.tokens += tokens;
}
