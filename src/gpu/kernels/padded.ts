/** Rows of int8 as words, each row padded with zeros to whole words. */
export function paddedWords(rows: Int8Array, K: number): Uint32Array<ArrayBuffer> {
  const K4 = Math.ceil(K / 4);
  const padded = new Int8Array((rows.length / K) * K4 * 4);
  for (let row = 0; row < rows.length / K; row++) {
    padded.set(rows.subarray(row * K, (row + 1) * K), row * K4 * 4);
  }
  return new Uint32Array(padded.buffer);
}

/** Padded words as rows of int8. */
export function unpaddedRows(words: Uint32Array<ArrayBuffer>, K: number): Int8Array<ArrayBuffer> {
  const K4 = Math.ceil(K / 4);
  const padded = new Int8Array(words.buffer, words.byteOffset, words.byteLength);
  const rows = new Int8Array((words.length / K4) * K);
  for (let row = 0; row < words.length / K4; row++) {
    rows.set(padded.subarray(row * K4 * 4, row * K4 * 4 + K), row * K);
  }
  return rows;
}
