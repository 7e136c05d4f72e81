import { LabError } from '../errors.ts';
import { elements } from '../tensor/tensor.ts';
import type { PlannedTensor } from '../tensor/write_safetensors.ts';
import type { NestedAbsmax } from './double_quant.ts';
import { NESTED_BLOCKSIZE } from './double_quant.ts';
import type { Blockwise4bit, Int8Tensor, QuantizedTensor } from './quantized.ts';

/**
 * A quantized Linear as bitsandbytes stores it beside the other tensors of a checkpoint (functional.py,
 * QuantState.as_dict; nn/modules.py, Linear8bitLt): the tensors' entries and their bytes, in the same order.
 */
export interface SavedTensors {
  planned: PlannedTensor[];
  bytes: Uint8Array<ArrayBuffer>[];
}

/** The dtype of the weights that were quantized, as torch names it: what they dequantize to. */
export type TorchDtype = 'float32' | 'float16' | 'bfloat16';

/**
 * The tensors of module `name` (its weight is `name.weight`): of NF4 with double quantization `name.weight`,
 * `.absmax`, `.quant_map`, `.nested_absmax`, `.nested_quant_map` and `.quant_state.bitsandbytes__nf4`.
 */
export function saveQuantized(name: string, quantized: QuantizedTensor, dtype: TorchDtype): SavedTensors {
  return quantized.quant_type === 'int8' ? saveInt8(name, quantized) : saveBlockwise(name, quantized, dtype);
}

function saveInt8(name: string, { shape, CB, SCB }: Int8Tensor): SavedTensors {
  return {
    planned: [
      { name: `${name}.weight`, dtype: 'I8', shape },
      { name: `${name}.SCB`, dtype: 'F32', shape: [SCB.length] },
      { name: `${name}.weight_format`, dtype: 'U8', shape: [] },
    ],
    // Format 0 is "row", the only one its reader takes.
    bytes: [bytesOf(CB), bytesOf(SCB), Uint8Array.of(0)],
  };
}

function saveBlockwise(name: string, quantized: Blockwise4bit, dtype: TorchDtype): SavedTensors {
  const { quant_type, shape, blocksize, code, packed, absmax } = quantized;
  if (quant_type !== 'nf4' && quant_type !== 'fp4') {
    throw new LabError(
      'bad-spec',
      `quant_type is ${quant_type}; bitsandbytes knows only nf4, fp4 and llm_int8.`,
    );
  }
  const weight = `${name}.weight`;
  const nested = 'codes' in absmax ? absmax : undefined;
  const state = {
    quant_type,
    blocksize,
    dtype,
    shape,
    ...(nested
      ? { nested_blocksize: NESTED_BLOCKSIZE, nested_dtype: 'float32', nested_offset: nested.offset }
      : {}),
  };
  const json = new TextEncoder().encode(JSON.stringify(state));
  const saved: SavedTensors = { planned: [], bytes: [] };
  const put = (entry: string, dtype: string, shape: number[], bytes: Uint8Array<ArrayBuffer>): void => {
    saved.planned.push({ name: entry, dtype, shape });
    saved.bytes.push(bytes);
  };
  put(weight, 'U8', [packed.length, 1], packed);
  if (nested) {
    put(`${weight}.absmax`, 'U8', [nested.codes.length], nested.codes);
    put(`${weight}.nested_absmax`, 'F32', [nested.nested_absmax.length], bytesOf(nested.nested_absmax));
    put(`${weight}.nested_quant_map`, 'F32', [256], bytesOf(nested.code));
  } else {
    const plain = absmax as Float32Array<ArrayBuffer>;
    put(`${weight}.absmax`, 'F32', [plain.length], bytesOf(plain));
  }
  put(`${weight}.quant_map`, 'F32', [16], bytesOf(code));
  put(`${weight}.quant_state.bitsandbytes__${quant_type}`, 'U8', [json.length], json);
  return saved;
}

const bytesOf = (view: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** How the readers below get at a checkpoint: the bytes of a tensor that is there, undefined of one that is not. */
export interface SavedReader {
  dtypeOf(name: string): string | undefined;
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** Whether module `name` of a checkpoint is already quantized, and how. */
export function savedQuantType(reader: SavedReader, name: string): 'nf4' | 'fp4' | 'llm_int8' | undefined {
  const dtype = reader.dtypeOf(`${name}.weight`);
  if (dtype === 'I8') return 'llm_int8';
  const state = (type: string) =>
    reader.dtypeOf(`${name}.weight.quant_state.bitsandbytes__${type}`) !== undefined;
  return state('nf4') ? 'nf4' : state('fp4') ? 'fp4' : undefined;
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

/** What quant_state's JSON says. */
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
  quant_type: 'nf4' | 'fp4',
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
  const absmax = nested
    ? await readNested(reader, weight, blocks, state)
    : floatsOf(await requireBytes(reader, `${weight}.absmax`, 4 * blocks));
  return { quant_type, shape, blocksize: state.blocksize, code, packed, absmax };
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
  let state: Partial<State>;
  try {
    state = JSON.parse(new TextDecoder().decode(bytes)) as Partial<State>;
  } catch {
    throw new LabError('bad-quant-state', `${name} is not JSON.`);
  }
  const { blocksize, shape } = state;
  const sound =
    Number.isInteger(blocksize) && blocksize! >= 32 && blocksize! % 32 === 0 && Array.isArray(shape);
  if (sound) return state as State;
  throw new LabError('bad-quant-state', `${name} has blocksize ${blocksize}; allowed: a multiple of 32.`);
}

async function requireBytes(
  reader: SavedReader,
  name: string,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await reader.read(name);
  if (!bytes) throw new LabError('bad-quant-state', `${name} is missing; a quantized layer needs it.`);
  if (bytes.length === length) return bytes;
  throw new LabError(
    'bad-quant-state',
    `${name} has ${bytes.length} bytes; its layer's shape makes it ${length}.`,
  );
}

/** A copy, because the bytes of a file need not be aligned. */
const floatsOf = (bytes: Uint8Array): Float32Array<ArrayBuffer> => new Float32Array(bytes.slice().buffer);
