import { LabError } from '../../errors.ts';
import { decode } from '../../tensor/dtype.ts';
import { parseOnnx, type OnnxGraph, type OnnxNode, type OnnxTensor } from '../../tensor/onnx.ts';
import { elements, transposed, type Tensor } from '../../tensor/tensor.ts';
import { dequantizeBlockwise } from '../blockwise.ts';
import { CODEBOOKS } from '../config.ts';
import type { FileLayer, FloatConstant } from './file_layer.ts';

/** A product with a constant weight: a Linear layer, or the head. */
export interface OnnxLayer extends FileLayer {
  /** The names of the values it reads and writes. */
  input: string;
  output: string;
  dequantize: () => Tensor;
}

/** The layers and the float constants of an ONNX file. @throws bad-onnx; missing-file */
export function onnxWeights(
  bytes: Uint8Array,
  beside?: (name: string) => Uint8Array | undefined,
): { layers: OnnxLayer[]; constants: FloatConstant[] } {
  const graph = parseOnnx(bytes, beside);
  return { layers: onnxLayers(graph), constants: floatConstants(graph) };
}

/**
 * The layers of a graph, in its order, by the operators that exporters write: MatMul with a constant, MatMulNBits,
 * MatMulBnb4, and MatMulInteger with its scales behind it.
 */
export function onnxLayers(graph: OnnxGraph): OnnxLayer[] {
  const readers = readersOf(graph);
  return graph.nodes.flatMap((node) => {
    const read = LAYERS[node.op_type];
    const found = read?.(node, graph, readers);
    if (!found) return [];
    const path = node.name.replace(/^\//, '').split('/').slice(0, -1).join('.');
    return [{ path, op_type: node.op_type, input: node.inputs[0]!, output: node.outputs[0]!, ...found }];
  });
}

type Layer = Pick<OnnxLayer, 'shape' | 'grid' | 'bytes' | 'dequantize'> & Partial<OnnxLayer>;
type Readers = ReadonlyMap<string, readonly OnnxNode[]>;

/** The nodes that read each value. */
function readersOf({ nodes }: OnnxGraph): Readers {
  const readers = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  return readers;
}

const LAYERS: Record<string, (node: OnnxNode, graph: OnnxGraph, readers: Readers) => Layer | undefined> = {
  MatMul({ inputs }, { constants, nodes }) {
    const [constant, turned] = weightOf(inputs[1]!);
    if (constant?.shape.length !== 2) return undefined;
    const { dtype } = constant;
    if (dtype !== 'float32' && dtype !== 'float16' && dtype !== 'bfloat16') return undefined;
    const shape = (turned ? constant.shape : [...constant.shape].reverse()) as [number, number];
    const dequantize = () => {
      const weight = { shape: constant.shape, data: floats(constant) };
      return turned ? weight : transposed(weight);
    };
    return { shape, grid: { kind: 'float', dtype }, bytes: constant.bytes.length, dequantize };

    /** A constant, or one that is transposed first. */
    function weightOf(name: string): [OnnxTensor | undefined, boolean] {
      if (constants.has(name)) return [constants.get(name), false];
      const before = nodes.find(({ op_type, outputs }) => op_type === 'Transpose' && outputs.includes(name));
      return [before && constants.get(before.inputs[0]!), true];
    }
  },

  // github.com/microsoft/onnxruntime, docs/ContribOperators.md: com.microsoft.MatMulNBits.
  MatMulNBits({ inputs, attributes, name }, { constants }) {
    const [weight, scales, zeros] = [inputs[1]!, inputs[2]!, inputs[3] ?? ''].map((each) =>
      constants.get(each),
    );
    const [K, N, blocksize] = ['K', 'N', 'block_size'].map((each) => attributes.get(each) ?? 0) as [
      number,
      number,
      number,
    ];
    const bits = attributes.get('bits') ?? 4;
    if (!weight || !scales || (bits !== 4 && bits !== 8 && bits !== 2)) return undefined;
    const blocks = Math.ceil(K / blocksize);
    requireBytes(name, weight, (N * blocks * blocksize * bits) / 8);
    const codesOf = unpack(bits);
    const dequantize = () => {
      const [scale, data] = [floats(scales), new Float32Array(N * K)];
      const codes = codesOf(weight.bytes);
      // Zero points of a row fill whole bytes.
      const perRow = Math.ceil((blocks * bits) / 8) * (8 / bits);
      const zero = zeros && (zeros.dtype === 'uint8' ? codesOf(zeros.bytes) : undefined);
      for (let row = 0; row < N; row++) {
        for (let k = 0; k < K; k++) {
          const block = Math.floor(k / blocksize);
          const middle = zero ? zero[row * perRow + block]! : 2 ** (bits - 1);
          data[row * K + k] = (codes[row * blocks * blocksize + k]! - middle) * scale[row * blocks + block]!;
        }
      }
      return { shape: [N, K], data };
    };
    const grid = { kind: 'integers', bits, blocksize, symmetric: zeros === undefined } as const;
    return { shape: [N, K], grid, bytes: bytesOf(weight, scales, zeros), dequantize };
  },

  // The same document: com.microsoft.MatMulBnb4. Bytes are bitsandbytes' own.
  MatMulBnb4({ inputs, attributes, name }, { constants }) {
    const [weight, absmax] = [inputs[1]!, inputs[2]!].map((each) => constants.get(each));
    const [K, N, blocksize] = ['K', 'N', 'block_size'].map((each) => attributes.get(each) ?? 0) as [
      number,
      number,
      number,
    ];
    if (!weight || !absmax) return undefined;
    requireBytes(name, weight, Math.ceil((N * K) / 2));
    const codebook = attributes.get('quant_type') === 0 ? 'fp4' : 'nf4';
    const dequantize = () =>
      dequantizeBlockwise({
        ...{ quant_type: codebook, shape: [N, K], blocksize, code: CODEBOOKS[codebook].code },
        packed: weight.bytes.slice(),
        scales: { kind: 'absmax', absmax: floats(absmax), bits: 32 },
      });
    const grid = { kind: 'codebook', codebook, blocksize } as const;
    return { shape: [N, K], grid, bytes: bytesOf(weight, absmax), dequantize };
  },

  /** onnxruntime's quantize_dynamic: integers, a cast, and a product with the scale of the input times the weight's. */
  MatMulInteger({ inputs, outputs }, { constants, nodes }, readers) {
    const [weight, zeros] = [inputs[1]!, inputs[3] ?? ''].map((each) => constants.get(each));
    const product = readers.get(readers.get(outputs[0]!)?.[0]?.outputs[0] ?? '')?.[0];
    const scaling = nodes.find(
      ({ op_type, outputs: made }) => op_type === 'Mul' && product?.inputs.includes(made[0]!),
    );
    const scales = scaling?.inputs.map((each) => constants.get(each)).find((each) => each !== undefined);
    const quantized = nodes.find(
      ({ op_type, outputs: made }) => op_type === 'DynamicQuantizeLinear' && made[0] === inputs[0],
    );
    if (weight?.shape.length !== 2 || !scales || !product || !quantized) return undefined;
    const [K, N] = weight.shape as [number, number];
    const dequantize = () => {
      const scale = floats(scales);
      const codes = wholes(weight);
      const zero = zeros ? wholes(zeros) : [0];
      const data = Float32Array.from(codes, (code, i) => {
        const column = scale.length > 1 ? i % N : 0;
        return (code - (zero[zero.length > 1 ? column : 0] ?? 0)) * scale[column]!;
      });
      return transposed({ shape: [K, N], data });
    };
    const granularity = elements(scales.shape) > 1 ? 'row' : 'tensor';
    return {
      ...{
        shape: [N, K],
        grid: { kind: 'int8', granularity },
        bytes: bytesOf(weight, scales, zeros),
        dequantize,
      },
      ...{ input: quantized.inputs[0]!, output: product.outputs[0]! },
    };
  },
};

/** The constants of a graph that are floats. */
const floatConstants = ({ constants }: OnnxGraph): FloatConstant[] =>
  [...constants.values()].flatMap((tensor) => {
    const { name, shape, dtype } = tensor;
    return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16'
      ? [{ name, shape, dtype, decode: () => floats(tensor) }]
      : [];
  });

const bytesOf = (...tensors: (OnnxTensor | undefined)[]): number =>
  tensors.reduce((sum, tensor) => sum + (tensor?.bytes.length ?? 0), 0);

function requireBytes(name: string, { bytes }: OnnxTensor, expected: number): void {
  if (bytes.length === expected) return;
  throw new LabError(
    'bad-onnx',
    `The weight of ${name} has ${bytes.length} bytes; allowed: ${expected}, by its shape.`,
  );
}

const FLOATS = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const;

function floats({ name, dtype, bytes }: OnnxTensor): Float32Array<ArrayBuffer> {
  if (dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16')
    return decode(FLOATS[dtype], bytes.slice());
  throw new LabError('bad-onnx', `${name} is of ${dtype}; allowed: float32, float16, bfloat16.`);
}

const wholes = ({ dtype, bytes }: OnnxTensor): Int8Array | Uint8Array =>
  dtype === 'int8' ? new Int8Array(bytes.slice().buffer) : bytes;

/** Codes of so many bits, the low ones of a byte first. */
const unpack =
  (bits: number) =>
  (bytes: Uint8Array): Uint8Array => {
    const each = 8 / bits;
    return Uint8Array.from(
      { length: bytes.length * each },
      (_, i) => (bytes[Math.floor(i / each)]! >> (bits * (i % each))) & (2 ** bits - 1),
    );
  };
