import { LabError } from '../errors.ts';
import { checkKernel } from '../gpu/check.ts';
import type { Gpu } from '../gpu/device/device.ts';
import type { Kernel } from '../gpu/device/kernel.ts';
import { passingBytes } from '../gpu/matrix/matrix.ts';
import {
  measureMatrix,
  measureOn,
  measureOnCpu,
  MEASURING,
  type MatrixReport,
} from '../gpu/matrix/measure_matrix.ts';
import { isQuantizable } from '../tensor/dtype.ts';
import { readHeader, readRows } from '../tensor/safetensors.ts';
import { blobSource } from '../tensor/source.ts';
import { elements } from '../tensor/tensor.ts';
import type { MeasureRequest } from './protocol.ts';

/** As much as the CPU measures in a fraction of a second, so that a newer question is heard. */
const CPU_BYTES = 512 * 1024;

/** Measures tensors one after the other: a new one ends the one before. */
export function tensorMeasurer(open: () => Promise<Gpu>): (request: MeasureRequest) => Promise<MatrixReport> {
  const trusted = new WeakMap<Gpu, Promise<boolean>>();
  let measuring = new AbortController();
  return async ({ file, tensor, ...wanted }) => {
    measuring.abort(new LabError('cancelled', `${tensor} was being measured when another question came.`));
    const { signal } = (measuring = new AbortController());
    const source = blobSource(file, file.name);
    const header = await readHeader(source);
    const info = header.tensors.find(({ name }) => name === tensor);
    if (!info || !isQuantizable(info.dtype)) {
      throw new LabError('missing-tensor', `${file.name} has no tensor ${tensor} in F32, F16 or BF16.`);
    }
    const { shape, dtype } = info;
    const stored = {
      name: tensor,
      rows: shape[0]!,
      columns: elements(shape) / shape[0]!,
      dtype,
      read: (first: number, end: number) => readRows(source, header, info, first, end),
    };
    const gpu = await open().catch(() => undefined);
    if (gpu && !trusted.has(gpu))
      trusted.set(
        gpu,
        measuresRight(gpu).catch(() => false),
      );
    return gpu && (await trusted.get(gpu))
      ? measureMatrix(stored, wanted, measureOn(gpu), passingBytes(gpu), signal)
      : measureMatrix(stored, wanted, measureOnCpu, CPU_BYTES, signal);
  };
}

/** Whether the kernels pass their first check on this adapter. */
async function measuresRight(gpu: Gpu): Promise<boolean> {
  for (const kernel of MEASURING as unknown as readonly Kernel[]) {
    const { pass } = await checkKernel(gpu, kernel, kernel.cases()[0]!);
    if (!pass) return false;
  }
  return true;
}
