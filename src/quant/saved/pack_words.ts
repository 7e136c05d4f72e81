/** Bytes of 32-bit words. */
export const bytesOfWords = ({
  buffer,
  byteOffset,
  byteLength,
}: Uint32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => new Uint8Array(buffer, byteOffset, byteLength);

/**
 * Eight nibbles a word: of `count` words the i-th has `at(i, 0)` in its lowest four bits, then `at(i, 1)`, up to
 * `at(i, 7)`: `packWords(1, (_, place) => place)` is [0x76543210].
 */
export function packWords(
  count: number,
  at: (word: number, place: number) => number,
): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_, word) => {
    let bits = 0;
    for (let place = 0; place < 8; place++) bits |= (at(word, place) & 15) << (4 * place);
    return bits >>> 0;
  });
}
