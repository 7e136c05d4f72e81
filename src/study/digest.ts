import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** The SHA-256 of an array's bytes, in hex. */
export const hashBytes = (view: ArrayBufferView<ArrayBuffer>): string =>
  bytesToHex(sha256(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)));

/** The SHA-256 of a text, in hex. */
export const hashText = (text: string): string => bytesToHex(sha256(new TextEncoder().encode(text)));
