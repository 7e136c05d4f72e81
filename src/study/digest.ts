import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** The SHA-256 of an array's bytes, in hex. */
export const hashBytes = (view: ArrayBufferView<ArrayBuffer>): string =>
  bytesToHex(sha256(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)));

/** The SHA-256 of a text, in hex. */
export const hashText = (text: string): string => bytesToHex(sha256(new TextEncoder().encode(text)));

/** A SHA-256 of a text that comes in pieces, and is never there as a whole. */
export interface TextHasher {
  add(piece: string): void;
  /** A hasher that has heard the same and goes its own way. */
  copy(): TextHasher;
  hex(): string;
}

/** A hasher that has heard nothing yet. */
export function textHasher(hash = sha256.create()): TextHasher {
  return {
    add: (piece) => void hash.update(new TextEncoder().encode(piece)),
    copy: () => textHasher(hash.clone()),
    hex: () => bytesToHex(hash.clone().digest()),
  };
}
