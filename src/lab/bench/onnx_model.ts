import { bytes } from '../../tensor/words.ts';
import { joinBytes } from '../../tensor/concatenate.ts';

/** A tensor of an ONNX file. */
export interface OnnxTensor {
  name: string;
  type: 'float32' | 'uint8';
  shape: readonly number[];
  data: ArrayBufferView<ArrayBuffer>;
}

/** A call of an operator; the attributes are whole numbers. */
export interface OnnxNode {
  op: string;
  /** '' is ONNX' own set of operators. */
  domain: '' | 'com.microsoft';
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, number>>;
}

/** A graph with float32 inputs and outputs. */
export interface OnnxGraph {
  nodes: readonly OnnxNode[];
  weights: readonly OnnxTensor[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
}

interface OnnxValue {
  name: string;
  shape: readonly number[];
}

/** A field of a Protocol Buffers message: its number, and its value by wire type. */
type Field = readonly [number: number, value: number | string | Uint8Array<ArrayBuffer> | readonly Field[]];

const ELEMENT = { float32: 1, uint8: 2 } as const;
const INT = 2;

/** An ONNX file (onnx.proto3, IR version 8, operator set 17), with its weights in it. */
export function onnxModel({ nodes, weights, inputs, outputs }: OnnxGraph): Uint8Array<ArrayBuffer> {
  const graph: Field[] = [
    ...nodes.map(({ op, domain, inputs, outputs, attributes = {} }): Field => [
      1,
      [
        ...inputs.map((name): Field => [1, name]),
        ...outputs.map((name): Field => [2, name]),
        [4, op],
        ...Object.entries(attributes).map(([name, value]): Field => [
          5,
          [
            [1, name],
            [3, value],
            [20, INT],
          ],
        ]),
        [7, domain],
      ],
    ]),
    [2, 'graph'],
    ...weights.map(({ name, type, shape, data }): Field => [
      5,
      [...shape.map((size): Field => [1, size]), [2, ELEMENT[type]], [8, name], [9, bytes(data)]],
    ]),
    ...inputs.map((value): Field => [11, valueInfo(value)]),
    ...outputs.map((value): Field => [12, valueInfo(value)]),
  ];
  return message([
    [1, 8],
    [7, graph],
    [
      8,
      [
        [1, ''],
        [2, 17],
      ],
    ],
    [
      8,
      [
        [1, 'com.microsoft'],
        [2, 1],
      ],
    ],
  ]);
}

const valueInfo = ({ name, shape }: OnnxValue): readonly Field[] => [
  [1, name],
  [
    2,
    [
      [
        1,
        [
          [1, ELEMENT.float32],
          [2, shape.map((size): Field => [1, [[1, size]]])],
        ],
      ],
    ],
  ],
];

/** Encodes fields one behind the other; a message in a message has its length in front. */
function message(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const [number, value] of fields) {
    if (typeof value === 'number') {
      parts.push(varint(number * 8), varint(value));
      continue;
    }
    const inner =
      typeof value === 'string'
        ? new TextEncoder().encode(value)
        : value instanceof Uint8Array
          ? value
          : message(value);
    parts.push(varint(number * 8 + 2), varint(inner.length), inner);
  }
  return joinBytes(parts);
}

/** Seven bits a byte, the lowest first; the highest bit of each says that more follow. */
function varint(value: number): Uint8Array<ArrayBuffer> {
  const found: number[] = [];
  let rest = value;
  do {
    found.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Uint8Array.from(found);
}
