import { LabError } from '../errors.ts';
import { joinBytes } from './concatenate.ts';
import { GGML_TYPES, type GgmlType } from './ggml_types.ts';
import { elements } from './tensor.ts';

/** A value of a GGUF file's metadata with the type it is written in; `texts`, `i32s` and `f32s` are lists. */
export type TypedValue =
  | { u32: number }
  | { f32: number }
  | { bool: boolean }
  | { text: string }
  | { texts: readonly string[] }
  | { i32s: readonly number[] }
  | { f32s: readonly number[] };

/** A tensor that will stand in a GGUF file: `{name: 'output.weight', type: 'Q8_0', shape: [64, 32]}`, rows first. */
export interface PlannedGgufTensor {
  name: string;
  type: string;
  shape: readonly number[];
}

const VERSION = 3;

/** What every tensor begins at a multiple of. */
const ALIGNMENT = 32;

/** Numbers of the types of values (gguf.h, enum gguf_type). */
const TYPE = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, list: 9 } as const;

const NUMBERS: ReadonlyMap<string, readonly [number, GgmlType]> = new Map(
  [...GGML_TYPES].map(([number, type]) => [type.name, [number, type]]),
);

const typeOf = (name: string): readonly [number, GgmlType] => {
  const found = NUMBERS.get(name);
  if (found) return found;
  throw new LabError('internal', `${name} is no type of ggml`);
};

/** Bytes a planned tensor takes, without those that fill up to the next one. */
export function ggufBytes({ type, shape }: PlannedGgufTensor): number {
  const [, { weights, bytes }] = typeOf(type);
  return (elements(shape) / weights) * bytes;
}

/** Zero bytes that fill up what a tensor takes, before the next one begins. */
export const fillOf = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(-bytes & (ALIGNMENT - 1));

/**
 * What stands in a GGUF file before its data: the tensors' bytes follow in the order planned, each with what fills it up,
 * so a file can be written while its tensors are still being made. Source: ggml's docs/gguf.md.
 */
export function ggufHead(
  metadata: ReadonlyMap<string, TypedValue>,
  tensors: readonly PlannedGgufTensor[],
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const of = (values: ArrayBufferView<ArrayBuffer>) =>
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  const u32 = (value: number) => of(Uint32Array.of(value));
  const u64 = (value: number) => of(BigUint64Array.of(BigInt(value)));
  const text = (value: string) => {
    const bytes = new TextEncoder().encode(value);
    u64(bytes.length);
    parts.push(bytes);
  };
  const list = (type: number, { length }: readonly unknown[]) => {
    u32(TYPE.list);
    u32(type);
    u64(length);
  };

  parts.push(new TextEncoder().encode('GGUF'));
  u32(VERSION);
  u64(tensors.length);
  u64(metadata.size);
  for (const [key, value] of metadata) {
    text(key);
    if ('u32' in value) {
      u32(TYPE.u32);
      u32(value.u32);
    } else if ('f32' in value) {
      u32(TYPE.f32);
      of(Float32Array.of(value.f32));
    } else if ('bool' in value) {
      u32(TYPE.bool);
      of(Uint8Array.of(Number(value.bool)));
    } else if ('text' in value) {
      u32(TYPE.text);
      text(value.text);
    } else if ('texts' in value) {
      list(TYPE.text, value.texts);
      value.texts.forEach(text);
    } else if ('i32s' in value) {
      list(TYPE.i32, value.i32s);
      of(Int32Array.from(value.i32s));
    } else {
      list(TYPE.f32, value.f32s);
      of(Float32Array.from(value.f32s));
    }
  }
  let offset = 0;
  for (const tensor of tensors) {
    text(tensor.name);
    u32(tensor.shape.length);
    [...tensor.shape].reverse().forEach(u64);
    u32(typeOf(tensor.type)[0]);
    u64(offset);
    const bytes = ggufBytes(tensor);
    offset += bytes + fillOf(bytes).length;
  }
  parts.push(fillOf(parts.reduce((sum, { length }) => sum + length, 0)));
  return joinBytes(parts);
}
