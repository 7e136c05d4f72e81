import { LabError } from '../errors.ts';
import { elements } from '../tensor/tensor.ts';
import type { PlannedTensor } from '../tensor/write_safetensors.ts';
import { CODEBOOK_ROWS, formatOf, type NamedCodebook, type QuantConfig, type QuantType } from './config.ts';
import type { FORMATS } from './formats.ts';
import { NESTED_BLOCKSIZE, type NestedAbsmax } from './double_quant.ts';
import type { Blockwise4bit, Int8Tensor, QuantizedTensor } from './quantized.ts';
import { layerRules } from './layers.ts';
import { requireBytes, type SavedReader } from './saved/layout.ts';
import type { Scales } from './scales.ts';

/** The formats bitsandbytes has a checkpoint format for. */
export type SavedQuantType = {
  [Q in QuantType]: (typeof FORMATS)[Q]['saved'] extends 'bitsandbytes' ? Q : never;
}[QuantType];

/** The configurations of those formats. */
export type SavableConfig = Extract<QuantConfig, { quant_type: SavedQuantType }>;

/** The codebooks bitsandbytes has. */
type SavedCodebook = Extract<SavedQuantType, NamedCodebook>;

/** True if bitsandbytes has a format for it that transformers can load: block size 64, all layers in the one format. */
export const isSavable = (config: QuantConfig): config is SavableConfig =>
  formatOf(config).saved === 'bitsandbytes' &&
  !('blocksize' in config && config.blocksize !== 64) &&
  layerRules(config).length === 0;

/** The dtype of the weights that were quantized, as torch names it: what they dequantize to. */
export type TorchDtype = 'float32' | 'float16' | 'bfloat16';

/** The formats of a saved layer that bitsandbytes has. */
export type SavedFormat =
  { quant_type: SavedCodebook; blocksize: number; double_quant: boolean } | { quant_type: 'llm_int8' };

/**
 * The tensors of a quantized Linear [rows, columns] as bitsandbytes stores them (functional.py, QuantState.as_dict;
 * nn/modules.py, Linear8bitLt): of NF4 with double quantization `name.weight`, `.absmax`, `.nested_absmax`,
 * `.nested_quant_map`, `.quant_map` and `.quant_state.bitsandbytes__nf4`.
 */
export function planQuantized(
  name: string,
  shape: readonly [number, number],
  format: SavedFormat,
  dtype: TorchDtype,
): PlannedTensor[] {
  const [rows, columns] = shape;
  const weight = `${name}.weight`;
  if (format.quant_type === 'llm_int8') {
    return [
      { name: weight, dtype: 'I8', shape },
      { name: `${name}.SCB`, dtype: 'F32', shape: [rows] },
      { name: `${name}.weight_format`, dtype: 'U8', shape: [] },
    ];
  }
  const { quant_type, blocksize, double_quant } = format;
  const blocks = Math.ceil((rows * columns) / blocksize);
  const state = stateText({ quant_type, blocksize, dtype, shape }, double_quant ? 0 : undefined);
  return [
    { name: weight, dtype: 'U8', shape: [Math.ceil((rows * columns) / 2), 1] },
    { name: `${weight}.absmax`, dtype: double_quant ? 'U8' : 'F32', shape: [blocks] },
    ...(double_quant
      ? [
          { name: `${weight}.nested_absmax`, dtype: 'F32', shape: [Math.ceil(blocks / NESTED_BLOCKSIZE)] },
          { name: `${weight}.nested_quant_map`, dtype: 'F32', shape: [256] },
        ]
      : []),
    { name: `${weight}.quant_map`, dtype: 'F32', shape: [16] },
    { name: `${weight}.quant_state.bitsandbytes__${quant_type}`, dtype: 'U8', shape: [state.length] },
  ];
}

/** The bytes of those tensors, in their order. */
export function quantizedBytes(quantized: QuantizedTensor, dtype: TorchDtype): Uint8Array<ArrayBuffer>[] {
  if ('CB' in quantized) {
    // Format 0 is "row", the only one its reader takes.
    return [bytesOf(quantized.CB), bytesOf(quantized.SCB), Uint8Array.of(0)];
  }
  if ('codes' in quantized || quantized.scales.kind === 'e8m0' || quantized.scales.kind === 'e4m3') {
    throw new LabError('internal', `bitsandbytes has no ${quantized.quant_type}`);
  }
  const { quant_type, shape, blocksize, code, packed, scales } = quantized;
  const nested = scales.kind === 'nested' ? scales : undefined;
  const state = stateText({ quant_type, blocksize, dtype, shape }, nested?.offset);
  return [
    packed,
    ...(scales.kind === 'nested'
      ? [scales.codes, bytesOf(scales.nested_absmax), bytesOf(scales.code)]
      : [bytesOf(scales.absmax)]),
    bytesOf(code),
    new TextEncoder().encode(state),
  ];
}

/** quant_state as JSON, padded with spaces where it ends in a number: so its length is known before the number is. */
function stateText(state: object, nested_offset: number | undefined): string {
  if (nested_offset === undefined) return JSON.stringify(state);
  const nested = { nested_blocksize: NESTED_BLOCKSIZE, nested_dtype: 'float32' };
  const text = (offset: number) => JSON.stringify({ ...state, ...nested, nested_offset: offset });
  // A float64 has at most 24 characters in JSON.
  return text(nested_offset).padEnd(text(0).length + 24);
}

const bytesOf = (view: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** The format that module `name` of a checkpoint is already quantized in; undefined if it is not. */
export function savedQuantType(reader: SavedReader, name: string): SavedQuantType | undefined {
  const dtype = reader.dtypeOf(`${name}.weight`);
  if (dtype === 'I8') return 'llm_int8';
  return CODEBOOK_ROWS.filter(({ saved }) => saved === 'bitsandbytes')
    .map(({ quant_type }) => quant_type as SavedCodebook)
    .find((type) => reader.dtypeOf(`${name}.weight.quant_state.bitsandbytes__${type}`) !== undefined);
}

/**
 * Reads module `name` [rows, columns] as it was quantized; nothing is recomputed, and the code is the file's own.
 * @throws bad-quant-state naming the tensor that is missing or contradicts another.
 */
export async function readQuantized(
  reader: SavedReader,
  name: string,
  shape: readonly [number, number],
): Promise<QuantizedTensor> {
  const quant_type = savedQuantType(reader, name);
  if (quant_type === 'llm_int8') return readInt8(reader, name, shape);
  if (quant_type) return readBlockwise(reader, name, shape, quant_type);
  throw new LabError('bad-quant-state', `${name} has no quant_state; it is not quantized.`);
}

async function readInt8(
  reader: SavedReader,
  name: string,
  shape: readonly [number, number],
): Promise<Int8Tensor> {
  const CB = await requireBytes(reader, `${name}.weight`, shape[0] * shape[1]);
  const SCB = await requireBytes(reader, `${name}.SCB`, 4 * shape[0]);
  const format = await reader.read(`${name}.weight_format`);
  if (format && format[0] !== 0) {
    throw new LabError('bad-quant-state', `${name}.weight_format is ${format[0]}; supported: 0, rows.`);
  }
  return {
    quant_type: 'int8',
    shape,
    CB: new Int8Array(CB.buffer, CB.byteOffset, CB.length),
    SCB: floatsOf(SCB),
  };
}

/** The JSON of quant_state. */
interface State {
  quant_type: string;
  blocksize: number;
  shape: number[];
  nested_blocksize?: number;
  nested_offset?: number;
}

async function readBlockwise(
  reader: SavedReader,
  name: string,
  shape: readonly [number, number],
  quant_type: SavedCodebook,
): Promise<Blockwise4bit> {
  const weight = `${name}.weight`;
  const state = await readState(reader, `${weight}.quant_state.bitsandbytes__${quant_type}`);
  if (state.shape.join() !== shape.join()) {
    throw new LabError(
      'bad-quant-state',
      `${weight} was quantized from [${state.shape.join(', ')}]; config.json makes it [${shape.join(', ')}].`,
    );
  }
  const n = elements(shape);
  const blocks = Math.ceil(n / state.blocksize);
  const packed = await requireBytes(reader, weight, Math.ceil(n / 2));
  const code = floatsOf(await requireBytes(reader, `${weight}.quant_map`, 64));
  const nested = reader.dtypeOf(`${weight}.absmax`) === 'U8';
  const scales: Scales = nested
    ? { kind: 'nested', ...(await readNested(reader, weight, blocks, state)) }
    : { kind: 'absmax', absmax: floatsOf(await requireBytes(reader, `${weight}.absmax`, 4 * blocks)) };
  return { quant_type, shape, blocksize: state.blocksize, code, packed, scales };
}

async function readNested(
  reader: SavedReader,
  weight: string,
  blocks: number,
  state: State,
): Promise<NestedAbsmax> {
  const { nested_blocksize, nested_offset } = state;
  if (nested_blocksize !== NESTED_BLOCKSIZE || typeof nested_offset !== 'number') {
    throw new LabError(
      'bad-quant-state',
      `${weight}: nested_blocksize is ${nested_blocksize} and nested_offset ${nested_offset}; supported: ${NESTED_BLOCKSIZE} and a number.`,
    );
  }
  return {
    codes: await requireBytes(reader, `${weight}.absmax`, blocks),
    nested_absmax: floatsOf(
      await requireBytes(reader, `${weight}.nested_absmax`, 4 * Math.ceil(blocks / NESTED_BLOCKSIZE)),
    ),
    code: floatsOf(await requireBytes(reader, `${weight}.nested_quant_map`, 1024)),
    offset: nested_offset,
  };
}

async function readState(reader: SavedReader, name: string): Promise<State> {
  const bytes = await reader.read(name);
  let state: Partial<State> | null;
  try {
    state = JSON.parse(new TextDecoder().decode(bytes)) as Partial<State> | null;
  } catch {
    throw new LabError('bad-quant-state', `${name} is not JSON.`);
  }
  const { blocksize, shape } = state ?? {};
  if (!(Number.isInteger(blocksize) && blocksize! >= 32 && blocksize! % 32 === 0)) {
    throw new LabError('bad-quant-state', `${name} has blocksize ${blocksize}; allowed: a multiple of 32.`);
  }
  if (!Array.isArray(shape)) {
    throw new LabError('bad-quant-state', `${name} has shape ${shape}; allowed: rows and columns.`);
  }
  return state as State;
}

/** A copy, because the bytes of a file need not be aligned. */
const floatsOf = (bytes: Uint8Array): Float32Array<ArrayBuffer> => new Float32Array(bytes.slice().buffer);
