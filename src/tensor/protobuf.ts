import { LabError } from '../errors.ts';

/** One field of a protobuf message: its number, and a whole number, four or eight bytes, or bytes of a known length. */
export interface Field {
  number: number;
  /** Of a whole number. */
  value: number;
  /** Of anything else: a view of the message. */
  bytes: Uint8Array;
}

const NONE = new Uint8Array(0);

/**
 * The fields of a message in their order (protobuf's wire format, without groups): `08 96 01` is field 1 with 150.
 * @throws bad-onnx where a field ends behind the message, or is of a kind there is not.
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  /** Whole numbers up to 2^53; what is above is negative, and read as such from its low 32 bits. */
  const varint = (): number => {
    let [low, high, shift] = [0, 0, 0];
    for (; at < message.length; shift += 7) {
      const byte = message[at++]!;
      if (shift < 28) low += (byte & 127) * 2 ** shift;
      else high += (byte & 127) * 2 ** (shift - 28);
      if (byte < 128) return shift === 63 ? ((low + high * 2 ** 28) % 2 ** 32) | 0 : low + high * 2 ** 28;
      if (shift === 63) break;
    }
    throw damaged(at);
  };
  while (at < message.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    switch (key % 8) {
      case 0:
        yield { number, value: varint(), bytes: NONE };
        break;
      case 1:
        yield { number, value: 0, bytes: part(8) };
        break;
      case 2:
        yield { number, value: 0, bytes: part(varint()) };
        break;
      case 5: {
        const bytes = part(4);
        yield { number, value: view.getFloat32(at - 4, true), bytes };
        break;
      }
      default:
        throw damaged(at);
    }
  }

  function part(length: number): Uint8Array {
    if (length > message.length - at) throw damaged(at);
    at += length;
    return message.subarray(at - length, at);
  }
}

const damaged = (at: number): LabError =>
  new LabError(
    'bad-onnx',
    `The file is no ONNX file, or damaged: a field at byte ${at} of a message ends behind it.`,
  );

/** Whole numbers that stand one after the other, or a single one. */
export function* numbersOf({ value, bytes }: Field): Generator<number> {
  if (bytes.length === 0) {
    yield value;
    return;
  }
  let [number, factor] = [0, 1];
  for (const byte of bytes) {
    number += (byte & 127) * factor;
    factor *= 128;
    if (byte >= 128) continue;
    yield number;
    [number, factor] = [0, 1];
  }
}

/** A field of bytes, ready to be put behind others. */
export function field(number: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = [...varintOf(8 * number + 2), ...varintOf(bytes.length)];
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}

function* varintOf(value: number): Generator<number> {
  for (; value >= 128; value = Math.floor(value / 128)) yield (value % 128) + 128;
  yield value;
}
