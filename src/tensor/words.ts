/** The bytes of any array as the u32 words a shader reads, padded with zeros. */
export function words(view: ArrayBufferView<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil(view.byteLength / 4) * 4);
  padded.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return new Uint32Array(padded.buffer);
}

/** The bytes behind an array of any type, without a copy. */
export const bytes = (view: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
