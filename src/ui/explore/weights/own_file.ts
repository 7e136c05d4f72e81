import { LabError } from '../../../errors.ts';
import { decode, isQuantizable } from '../../../tensor/dtype.ts';
import { firstNonFinite } from '../../../tensor/finite.ts';
import { quote } from '../../../tensor/json.ts';
import { readHeader, readRows, type Header, type TensorInfo } from '../../../tensor/safetensors.ts';
import { blobSource, type ByteSource } from '../../../tensor/source.ts';
import { elements, type Tensor } from '../../../tensor/tensor.ts';
import { VALUES } from './weights.ts';

/** A safetensors file the reader chose, and those of its tensors that can be quantized. */
export interface OwnFile {
  file: File;
  source: ByteSource;
  header: Header;
  tensors: TensorInfo[];
}

/** Reads a file's header; throws a LabError that says what is wrong with it. */
export async function openOwnFile(file: File): Promise<OwnFile> {
  const source = blobSource(file, file.name);
  const header = await readHeader(source);
  // A vector is a norm or a bias: nobody quantizes those.
  const tensors = header.tensors.filter(
    ({ dtype, shape }) => isQuantizable(dtype) && shape.length >= 2 && elements(shape) > 0,
  );
  if (tensors.length === 0) {
    throw new LabError(
      'unsupported-dtype',
      `${file.name} has no matrix in F32, F16 or BF16 among its ${header.tensors.length} tensors.`,
    );
  }
  tensors.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  return { file, source, header, tensors };
}

/** The first rows of a tensor, as many as hold VALUES weights; a model's embedding is too large to read whole. */
export async function readFirstWeights({ source, header }: OwnFile, info: TensorInfo): Promise<Tensor> {
  const { name, dtype, shape } = info;
  if (!isQuantizable(dtype))
    throw new LabError('unsupported-dtype', `tensor ${quote(name)} has dtype ${dtype}`);
  const rows = shape[0]!;
  const rowLength = elements(shape) / rows;
  const bytes = await readRows(source, header, info, 0, Math.min(rows, Math.ceil(VALUES / rowLength)));
  const first = bytes.slice(0, VALUES * (dtype === 'F32' ? 4 : 2));
  const wrong = firstNonFinite(dtype, first);
  if (wrong >= 0) {
    throw new LabError(
      'non-finite-weights',
      `tensor ${quote(name)} of ${source.name} has a NaN or infinity at element ${wrong}.`,
    );
  }
  const data = decode(dtype, first);
  return { shape: [data.length], data };
}
