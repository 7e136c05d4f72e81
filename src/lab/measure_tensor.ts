import { LabError } from '../errors.ts';
import { quickCheck } from '../gpu/check.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { DTYPE } from '../gpu/kernels/stored.ts';
import { partLimit } from '../gpu/matrix/stored_matrix.ts';
import {
  measureMatrix,
  measureOn,
  measureOnCpu,
  MEASURING,
  type MatrixReport,
} from '../gpu/matrix/measure_matrix.ts';
import { isQuantizable, type QuantizableDtype } from '../tensor/dtype.ts';
import { readHeader, readRows } from '../tensor/safetensors.ts';
import { blobSource } from '../tensor/source.ts';
import { elements } from '../tensor/tensor.ts';
import type { MeasureRequest } from './protocol.ts';

/** The amount the CPU measures in a fraction of a second; between two of them a newer request is noticed. */
const CPU_BYTES = 512 * 1024;

/** Measures tensors one after the other: a new one ends the one before. */
export function tensorMeasurer(open: () => Promise<Gpu>): (request: MeasureRequest) => Promise<MatrixReport> {
  const trusted = trust();
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
    return gpu && (await trusted(gpu, dtype))
      ? measureMatrix(stored, wanted, measureOn(gpu), partLimit(gpu), signal)
      : measureMatrix(stored, wanted, measureOnCpu, CPU_BYTES, signal);
  };
}

/** Asks once a device and dtype whether the measuring kernels pass their check there. */
function trust(): (gpu: Gpu, dtype: QuantizableDtype) => Promise<boolean> {
  const asked = new WeakMap<Gpu, Map<QuantizableDtype, Promise<boolean>>>();
  return (gpu, dtype) => {
    const own = asked.get(gpu) ?? new Map<QuantizableDtype, Promise<boolean>>();
    asked.set(gpu, own);
    const known = own.get(dtype) ?? measuresRight(gpu, dtype).catch(() => false);
    own.set(dtype, known);
    return known;
  };
}

async function measuresRight(gpu: Gpu, dtype: QuantizableDtype): Promise<boolean> {
  let right = true;
  const needs = [{ kernels: MEASURING, overrides: { DTYPE: DTYPE[dtype] } }];
  await quickCheck(gpu, needs, ({ pass }) => (right &&= pass));
  return right;
}
