import { DTYPES } from './dtype.ts';
import { elements } from './tensor.ts';

/** A tensor that will stand in a file: `{name: 'w', dtype: 'F32', shape: [2, 3]}`. */
export interface PlannedTensor {
  name: string;
  dtype: string;
  shape: readonly number[];
}

/** Bytes a planned tensor takes. */
export const plannedBytes = ({ dtype, shape }: PlannedTensor): number =>
  (elements(shape) * DTYPES.get(dtype)!) / 8;

/**
 * What stands in a safetensors file before its data, padded with spaces to a multiple of 8: the tensors' bytes follow
 * in the order planned, without gaps, so a file can be written while its tensors are still being made.
 */
export function headerOf(tensors: readonly PlannedTensor[]): Uint8Array<ArrayBuffer> {
  // A Map, so that no tensor's name can mean something to an object.
  const entries = new Map<string, unknown>([['__metadata__', { format: 'pt' }]]);
  let begin = 0;
  for (const tensor of tensors) {
    const end = begin + plannedBytes(tensor);
    entries.set(tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] });
    begin = end;
  }
  const text = [...entries]
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join(',');
  const json = new TextEncoder().encode(`{${text}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, 8);
  return header;
}
