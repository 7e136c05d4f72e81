/** Bytes one part behind the other. */
export const joinBytes = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  joinInto(new Uint8Array(lengthOf(parts)), parts);

/** Floats one part behind the other. */
export const joinFloats = (parts: readonly Float32Array[]): Float32Array<ArrayBuffer> =>
  joinInto(new Float32Array(lengthOf(parts)), parts);

const lengthOf = (parts: readonly { length: number }[]): number =>
  parts.reduce((length, part) => length + part.length, 0);

function joinInto<T extends { set(part: P, at: number): void }, P extends { length: number }>(
  whole: T,
  parts: readonly P[],
): T {
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
