/**
 * Bytes that can be read in parts: a URL with Range requests, a File, a file on disk, memory.
 * `slice(begin, end)` resolves to a fresh copy of exactly `end - begin` bytes, or rejects with a LabError.
 */
export interface ByteSource {
  readonly name: string;
  readonly byteLength: number;
  slice(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}
