import { LabError } from '../../errors.ts';
import { floatsOf } from '../../quant/saved/gguf_blocks.ts';
import type { Checkpoint, CheckpointTensor } from '../../tensor/checkpoint.ts';
import { decode, isQuantizable, type QuantizableDtype } from '../../tensor/dtype.ts';
import type { GgufTensor } from '../../tensor/gguf.ts';
import type { TensorInfo } from '../../tensor/safetensors.ts';
import type { ByteSource } from '../../tensor/source.ts';
import { transposed } from '../../tensor/tensor.ts';

/** A tensor as whoever reads the checkpoint sees it; its bytes are made when they are asked for. */
export interface View {
  dtype: string;
  shape: readonly number[];
  /** Bytes [begin, end) of it. */
  read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes of a row, all but the first dimension. */
  row: number;
}

const rowsOf = ({ shape }: { shape: readonly number[] }): number => (shape.length > 1 ? shape[0]! : 1);

/** The blocks of a tensor as they are stored, a row of bytes a row. */
export function storedView(source: ByteSource, { shape, range: [begin, end] }: GgufTensor): View {
  const row = (end - begin) / rowsOf({ shape });
  return {
    dtype: 'U8',
    shape: [shape[0]!, row],
    row,
    read: (from, to) => source.slice(begin + from, begin + to),
  };
}

/** A tensor's weights: in their own dtype where they are floats, else as float32. */
export function floatView(source: ByteSource, tensor: GgufTensor): View {
  const { name, type, shape, range } = tensor;
  const stored = (range[1] - range[0]) / rowsOf(tensor);
  const one = isQuantizable(type.name);
  const columns = shape.at(-1)!;
  const rowed = shape.length > 1;
  const row = one ? (rowed ? stored : type.bytes) : 4 * (rowed ? columns : 1);
  const whole = one ? stored : 4 * columns;
  return {
    dtype: one ? type.name : 'F32',
    shape,
    row,
    async read(from, to) {
      if (one) return source.slice(range[0] + from, range[0] + to);
      const [first, last] = [Math.floor(from / whole), Math.ceil(to / whole)];
      const blocks = await source.slice(range[0] + first * stored, range[0] + last * stored);
      return bytesOf(floatsOf(name, type, blocks)).slice(from - first * whole, to - first * whole);
    },
  };
}

/** The rows of each head in halves where the file has them pairwise: row (half, i) is there row 2i + half of the head. */
export function inHalves(view: View, heads: number): View {
  const { shape, row } = view;
  const head = (shape[0]! / heads) * row;
  const half = shape[0]! / heads / 2;
  return {
    ...view,
    async read(from, to) {
      const [first, last] = [Math.floor(from / head), Math.ceil(to / head)];
      const pairs = await view.read(first * head, last * head);
      const halves = new Uint8Array(pairs.length);
      for (let base = 0; base < pairs.length; base += head) {
        for (let i = 0; i < 2 * half; i++) {
          const source = base + (2 * (i % half) + Math.floor(i / half)) * row;
          halves.set(pairs.subarray(source, source + row), base + i * row);
        }
      }
      return halves.slice(from - first * head, to - first * head);
    },
  };
}

/** The rows of each head pairwise, as llama.cpp has them, where they stand in halves: the other way round than inHalves. */
export function inPairs(
  data: Float32Array<ArrayBuffer>,
  [rows = 0, columns = 1]: readonly number[],
  heads: number,
): Float32Array<ArrayBuffer> {
  const head = rows / heads;
  const half = head / 2;
  const pairs = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const [base, i] = [row - (row % head), row % head];
    const to = base + 2 * (i % half) + Math.floor(i / half);
    pairs.set(data.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return pairs;
}

/** A matrix [rows, columns] as its transpose, in float32; all of it is read for any part. */
export function turned(view: View): View {
  const [rows, columns] = view.shape as [number, number];
  return {
    dtype: 'F32',
    shape: [columns, rows],
    row: 4 * rows,
    async read(from, to) {
      const data = decode(view.dtype as QuantizableDtype, await view.read(0, rows * view.row));
      return bytesOf(transposed({ shape: view.shape, data }).data).slice(from, to);
    },
  };
}

/** A vector less a number. */
export function less(view: View, by: number): View {
  if (by === 0) return view;
  const length = view.shape.reduce((product, dimension) => product * dimension, 1);
  return {
    dtype: 'F32',
    shape: view.shape,
    row: (4 * length) / (view.shape.length > 1 ? view.shape[0]! : length),
    async read(from, to) {
      const data = decode(view.dtype as QuantizableDtype, await view.read(0, bytesIn(view)));
      return bytesOf(data.map((value) => value - by)).slice(from, to);
    },
  };
}

/** Bytes of the whole of it. */
export const bytesIn = ({ shape, row }: View): number => row * (shape[0] ?? 1);

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A checkpoint of such tensors, by name, all of the one file. */
export function checkpointOfViews(
  file: string,
  views: ReadonlyMap<string, View>,
  metadata: ReadonlyMap<string, string>,
  warnings: readonly string[],
): Checkpoint {
  const infos: TensorInfo[] = [];
  const entries = [...views];
  let end = 0;
  for (const [name, view] of entries) {
    const begin = end;
    end += bytesIn(view);
    infos.push({ name, dtype: view.dtype, shape: view.shape, data_offsets: [begin, end] });
  }
  const source: ByteSource = {
    name: file,
    byteLength: end,
    slice(from, to) {
      const at = infos.findIndex(
        ({ data_offsets: [begin, end] }) => from >= begin && to <= end && from < end,
      );
      const found = infos[at];
      if (from === to) return Promise.resolve(new Uint8Array(0));
      if (!found) {
        return Promise.reject(
          new LabError('internal', `bytes ${from} to ${to} of ${file} are of no one tensor`),
        );
      }
      const [begin] = found.data_offsets;
      return entries[at]![1].read(from - begin, to - begin);
    },
  };
  const shard = {
    name: file,
    source,
    header: { metadata: new Map<string, string>(), tensors: infos, data_start: 0, warnings: [] },
  };
  const tensors = new Map(infos.map((info): [string, CheckpointTensor] => [info.name, { info, shard }]));
  return { tensors, metadata, warnings };
}
