import { expect, it } from 'vitest';
import { onnxModel } from './onnx_model.ts';

/** Fields of a message by number, as Protocol Buffers are read. */
function fieldsOf(bytes: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const fields = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const number = key >> 3;
    const length = varint();
    const value = key % 8 === 0 ? length : bytes.subarray(at, (at += length));
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

const text = (value: unknown): string => new TextDecoder().decode(value as Uint8Array);

it('writes a graph by the numbers of onnx.proto3', () => {
  const data = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
  const file = onnxModel({
    nodes: [
      {
        ...{ op: 'MatMulBnb4', domain: 'com.microsoft', inputs: ['x', 'w'], outputs: ['y'] },
        attributes: { K: 300 },
      },
    ],
    weights: [{ name: 'w', type: 'uint8', shape: [300], data }],
    inputs: [{ name: 'x', shape: [1, 600] }],
    outputs: [{ name: 'y', shape: [1, 1] }],
  });
  const model = fieldsOf(file);
  expect(model.get(1)).toEqual([8]);
  expect(model.get(8)!.map((set) => text(fieldsOf(set as Uint8Array).get(1)![0]))).toEqual([
    '',
    'com.microsoft',
  ]);
  const graph = fieldsOf(model.get(7)![0] as Uint8Array);
  const node = fieldsOf(graph.get(1)![0] as Uint8Array);
  expect([text(node.get(4)![0]), text(node.get(7)![0])]).toEqual(['MatMulBnb4', 'com.microsoft']);
  expect(node.get(1)!.map(text)).toEqual(['x', 'w']);
  const attribute = fieldsOf(node.get(5)![0] as Uint8Array);
  expect([text(attribute.get(1)![0]), attribute.get(3), attribute.get(20)]).toEqual(['K', [300], [2]]);
  const weight = fieldsOf(graph.get(5)![0] as Uint8Array);
  expect([weight.get(1), weight.get(2), text(weight.get(8)![0])]).toEqual([[300], [2], 'w']);
  expect(weight.get(9)).toEqual([data]);
});
