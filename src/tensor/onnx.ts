import { LabError } from '../errors.ts';
import { field, fieldsOf, numbersOf, type Field } from './protobuf.ts';
import { joinBytes } from './concatenate.ts';

/** A constant of a graph, its bytes little-endian and row-major. */
export interface OnnxTensor {
  name: string;
  shape: number[];
  dtype: OnnxDtype;
  bytes: Uint8Array;
}

/** A step of a graph, by the names of what it reads and writes; a missing input is an empty name. */
export interface OnnxNode {
  name: string;
  op_type: string;
  inputs: string[];
  outputs: string[];
  /** Its whole numbers. */
  attributes: ReadonlyMap<string, number>;
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  constants: ReadonlyMap<string, OnnxTensor>;
  outputs: string[];
}

/** The dtypes that weights come in, by their number in onnx.proto (TensorProto.DataType). */
const DTYPES = { 1: 'float32', 2: 'uint8', 3: 'int8', 7: 'int64', 10: 'float16', 16: 'bfloat16' } as const;

export type OnnxDtype = (typeof DTYPES)[keyof typeof DTYPES] | 'other';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/**
 * Reads the graph of an ONNX file: nodes, and constants as views of it. What lies in a file beside it is found by
 * `beside`.
 * @throws bad-onnx where it is none, and missing-file where `beside` has not what it names.
 */
export function parseOnnx(
  file: Uint8Array,
  beside: (name: string) => Uint8Array | undefined = () => undefined,
): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const constants = new Map<string, OnnxTensor>();
  const outputs: string[] = [];
  let found = false;
  for (const { number, bytes } of fieldsOf(file)) {
    if (number !== 7) continue;
    found = true;
    for (const part of fieldsOf(bytes)) {
      if (part.number === 1) nodes.push(nodeOf(part.bytes));
      if (part.number === 12) outputs.push(nameOf(part.bytes));
      if (part.number === 5) {
        const tensor = tensorOf(part.bytes, beside);
        constants.set(tensor.name, tensor);
      }
    }
  }
  if (!found) throw new LabError('bad-onnx', 'The file is no ONNX file: it holds no graph.');
  return { nodes, constants, outputs };
}

/** The same file with more outputs: protobuf joins two graphs of one file, so their names are put behind it. */
export function withOutputs(file: Uint8Array, names: readonly string[]): Uint8Array<ArrayBuffer> {
  const named = names.map((name) => field(12, field(1, new TextEncoder().encode(name))));
  const added = field(7, joinBytes(named));
  return joinBytes([file, added]);
}

const nameOf = (message: Uint8Array): string => {
  for (const { number, bytes } of fieldsOf(message)) if (number === 1) return text(bytes);
  return '';
};

function nodeOf(message: Uint8Array): OnnxNode {
  const attributes = new Map<string, number>();
  const node = { name: '', op_type: '', inputs: [] as string[], outputs: [] as string[], attributes };
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) node.inputs.push(text(bytes));
    if (number === 2) node.outputs.push(text(bytes));
    if (number === 3) node.name = text(bytes);
    if (number === 4) node.op_type = text(bytes);
    if (number === 5) {
      let [name, value] = ['', undefined as number | undefined];
      for (const part of fieldsOf(bytes)) {
        if (part.number === 1) name = text(part.bytes);
        if (part.number === 3) ({ value } = part);
      }
      if (value !== undefined) attributes.set(name, value);
    }
  }
  return node;
}

/** Values that were not written as bytes: a list of float32s, or of small whole numbers. */
function listed(fields: readonly Field[], dtype: OnnxDtype): Uint8Array {
  const floats = fields.filter(({ number }) => number === 4);
  if (floats.length > 0) {
    return joinBytes(floats.map(({ bytes }) => bytes));
  }
  const whole = fields.filter(({ number }) => number === 5).flatMap((one) => [...numbersOf(one)]);
  return dtype === 'float16' || dtype === 'bfloat16'
    ? new Uint8Array(Uint16Array.from(whole).buffer)
    : Uint8Array.from(whole);
}

function tensorOf(message: Uint8Array, beside: (name: string) => Uint8Array | undefined): OnnxTensor {
  const fields = [...fieldsOf(message)];
  const of = (wanted: number) => fields.filter(({ number }) => number === wanted);
  const name = text(of(8)[0]?.bytes ?? new Uint8Array(0));
  const shape = of(1).flatMap((one) => [...numbersOf(one)]);
  const dtype = DTYPES[of(2)[0]?.value as keyof typeof DTYPES] ?? 'other';
  const external = new Map(of(13).map(({ bytes }) => entryOf(bytes)));
  const location = external.get('location');
  if (location === undefined) return { name, shape, dtype, bytes: of(9)[0]?.bytes ?? listed(fields, dtype) };
  const file = beside(location);
  const begin = Number(external.get('offset') ?? 0);
  const end = begin + Number(external.get('length') ?? 0);
  if (!file || end > file.length) {
    throw new LabError(
      'missing-file',
      `The weights of ${name} are in ${location}, which is missing or too short.`,
    );
  }
  return { name, shape, dtype, bytes: file.subarray(begin, end) };
}

function entryOf(message: Uint8Array): readonly [string, string] {
  const [key, value] = [1, 2].map((wanted) => [...fieldsOf(message)].find(({ number }) => number === wanted));
  return [text(key?.bytes ?? new Uint8Array(0)), text(value?.bytes ?? new Uint8Array(0))];
}
