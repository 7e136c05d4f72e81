/** Two nibbles a byte, the even element high: `packNibbles([0xa, 0x0, 0xd])` is `[0xa0, 0xd0]`. */
export function packNibbles(nibbles: Uint8Array): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(Math.ceil(nibbles.length / 2));
  for (let i = 0; i < packed.length; i++) {
    packed[i] = (nibbles[2 * i]! << 4) | (nibbles[2 * i + 1] ?? 0);
  }
  return packed;
}

/** The first `count` nibbles of packed bytes: `unpackNibbles([0xa0, 0xd0], 3)` is `[0xa, 0x0, 0xd]`. */
export function unpackNibbles(packed: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const nibbles = new Uint8Array(count);
  for (let i = 0; i < count; i++) nibbles[i] = nibbleAt(packed, i);
  return nibbles;
}

/** Nibble `i` of packed bytes. */
export const nibbleAt = (packed: Uint8Array, i: number): number =>
  i % 2 === 0 ? packed[i >> 1]! >> 4 : packed[i >> 1]! & 15;
