import type { OpenPeer, Peer, PeerWork } from '../../gpu/bench/peer.ts';
import { onnxModel, type OnnxNode, type OnnxTensor } from './onnx_model.ts';

/** What is used of onnxruntime-web; it is loaded from an address, so that no build of the page carries it. */
interface Ort {
  env: {
    wasm: { wasmPaths?: string; numThreads?: number };
    webgpu: { device: Promise<GPUDevice> | GPUDevice };
    logLevel: string;
    versions: { web?: string };
  };
  Tensor: {
    new (type: 'float32', data: Float32Array, dims: readonly number[]): OrtTensor;
    fromGpuBuffer(buffer: GPUBuffer, options: { dataType: 'float32'; dims: readonly number[] }): OrtTensor;
  };
  InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtSession>;
  };
}

interface OrtTensor {
  getData(): Promise<Float32Array>;
  dispose(): void;
}

interface OrtSession {
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/** Attributes of onnxruntime's kernels for quantized weights (contrib_ops, com.microsoft). */
const BNB4_TYPE = { fp4: 0, nf4: 1 } as Record<string, number>;

/**
 * Kernels of onnxruntime-web's WebGPU backend on the same weights: MatMulBnb4 on bitsandbytes' codes and absmax,
 * MatMulNBits on int4 and int8, MatMul on float32. Each run is one session of as many nodes as there are copies.
 * @param folder the address of onnxruntime-web's dist/
 */
export async function onnxPeers(folder: string): Promise<OpenPeer> {
  const ort = (await import(/* @vite-ignore */ `${folder}ort.webgpu.min.mjs`)) as Ort;
  ort.env.wasm.wasmPaths = folder;
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  return (work) => openPeer(ort, work);
}

async function openPeer(ort: Ort, work: PeerWork): Promise<Peer | undefined> {
  const { M, N, K, x, copies } = work;
  const product = productOf(work);
  if (!product) return undefined;
  const { name, op, domain, attributes, weights } = product;
  const nodes: OnnxNode[] = [];
  const tensors: OnnxTensor[] = [];
  for (let i = 0; i < copies; i++) {
    const own = weights.map((weight) => ({ ...weight, name: `${weight.name}${i}` }));
    tensors.push(...own);
    const inputs = ['x', ...own.map(({ name }) => name)];
    nodes.push({ op, domain, inputs, outputs: [`y${i}`], ...(attributes && { attributes }) });
  }
  const model = onnxModel({
    nodes,
    weights: tensors,
    inputs: [{ name: 'x', shape: [M, K] }],
    outputs: nodes.map(({ outputs: [y] }) => ({ name: y!, shape: [M, N] })),
  });
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['webgpu'],
    preferredOutputLocation: 'gpu-buffer',
    graphOptimizationLevel: 'disabled',
  });
  const device = await ort.env.webgpu.device;
  const buffer = device.createBuffer({
    size: x.byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
  });
  device.queue.writeBuffer(buffer, 0, x);
  const feeds = { x: ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: [M, K] }) };
  return {
    name: `onnxruntime-web ${ort.env.versions.web ?? ''} ${name}`,
    async run() {
      const made = await session.run(feeds);
      await device.queue.onSubmittedWorkDone();
      for (const tensor of Object.values(made)) tensor.dispose();
    },
    async output() {
      const made = await session.run(feeds);
      const y = Float32Array.from(await made.y0!.getData());
      for (const tensor of Object.values(made)) tensor.dispose();
      return y;
    },
    async close() {
      feeds.x.dispose();
      buffer.destroy();
      await session.release();
    },
  };
}

interface Product extends Pick<OnnxNode, 'op' | 'domain' | 'attributes'> {
  name: string;
  weights: readonly OnnxTensor[];
}

/** The operator for some weights, and the weights as it takes them; undefined where it has none. */
function productOf({ weights, N, K }: PeerWork): Product | undefined {
  switch (weights.kind) {
    case 'none':
      return undefined;
    case 'float32':
      return {
        ...{ name: 'MatMul', op: 'MatMul', domain: '' },
        // x · w, so w is [K, N].
        weights: [{ name: 'w', type: 'float32', shape: [K, N], data: transposed(weights.data, N, K) }],
      };
    case 'codes': {
      const { codes, absmax } = weights;
      const { packed, blocksize, quant_type } = codes;
      if (quant_type in BNB4_TYPE) {
        return {
          ...{ name: 'MatMulBnb4', op: 'MatMulBnb4', domain: 'com.microsoft' },
          attributes: { K, N, block_size: blocksize, quant_type: BNB4_TYPE[quant_type]! },
          weights: [
            { name: 'w', type: 'uint8', shape: [packed.length], data: packed },
            { name: 'absmax', type: 'float32', shape: [absmax.length], data: absmax },
          ],
        };
      }
      // Its codes are unsigned around 8, the even one low; a scale is the step from one to the next.
      const swapped = packed.map((byte) => ((byte & 15) << 4) | (byte >> 4));
      return nBits({
        N,
        K,
        bits: 4,
        block: blocksize,
        codes: swapped,
        scales: absmax.map((most) => most / 8),
        level: 0,
      });
    }
    case 'int8': {
      const { codes, int8_activations } = weights;
      const block = 32;
      const scales = new Float32Array((N * K) / block);
      for (let i = 0; i < scales.length; i++) scales[i] = codes.SCB[Math.floor((i * block) / K)]! / 127;
      const shifted = Uint8Array.from(codes.CB, (code) => code + 128);
      return nBits({ N, K, bits: 8, block, codes: shifted, scales, level: int8_activations ? 4 : 0 });
    }
  }
}

/** MatMulNBits: whole numbers around the middle of their range, times a scale a block. */
function nBits({
  N,
  K,
  bits,
  block,
  codes,
  scales,
  level,
}: {
  N: number;
  K: number;
  bits: 4 | 8;
  block: number;
  codes: Uint8Array<ArrayBuffer>;
  scales: Float32Array<ArrayBuffer>;
  level: 0 | 4;
}): Product {
  const blocks = K / block;
  return {
    name: `MatMulNBits ${bits} bits${level === 4 ? ', accuracy level 4' : ''}`,
    ...{ op: 'MatMulNBits', domain: 'com.microsoft' },
    attributes: { K, N, bits, block_size: block, accuracy_level: level },
    weights: [
      { name: 'w', type: 'uint8', shape: [N, blocks, (block * bits) / 8], data: codes },
      { name: 'scales', type: 'float32', shape: [N * blocks], data: scales },
    ],
  };
}

function transposed(data: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = data[row * columns + column]!;
  }
  return out;
}
