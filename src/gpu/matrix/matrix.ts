import { BLOCKWISE_4BIT, type BlockwisePart } from './blockwise.ts';
import { BYTE_CODES, type BytesPart } from './byte_codes.ts';
import { FLOAT, type FloatPart } from './float.ts';
import { INT8, type Int8Part } from './int8.ts';
import { LLM_INT8, type LlmInt8Part } from './llm_int8.ts';
import type { Int8Input } from './int8_input.ts';
import type { Matrix } from './parts.ts';
import type { Bound, Storage } from './storage.ts';

/** The parts of matrices by their storage. */
interface Parts {
  float: FloatPart;
  blockwise: BlockwisePart;
  bytes: BytesPart;
  int8: Int8Part;
  llm_int8: LlmInt8Part;
}

export type StorageName = keyof Parts;
export type MatrixPart = Parts[StorageName];

/** A matrix on the device, in any storage. */
export type DeviceMatrix = Matrix<MatrixPart>;

/** Every storage. */
export const STORAGES: { readonly [S in StorageName]: Storage<Parts[S]> } = {
  float: FLOAT,
  blockwise: BLOCKWISE_4BIT,
  bytes: BYTE_CODES,
  int8: INT8,
  llm_int8: LLM_INT8,
};

/** Numbers, buffers and constants of a part for the kernel that multiplies it. */
export function bindPart<S extends StorageName>(
  part: Parts[S] & { storage: S },
  int8: Int8Input | undefined,
): Bound {
  const storage: Storage<Parts[S]> = STORAGES[part.storage];
  return storage.bind(part, int8);
}
