import { NESTED_BLOCKSIZE, nestedBlocks } from '../../quant/double_quant.ts';

/** The widest head attention has registers for; head_dim must be a multiple of 4. */
export const MAX_HEAD_DIM = 256;

/** Bytes a storage buffer takes for so many: whole vec4. */
export const bufferBytes = (bytes: number): number => Math.max(16, Math.ceil(bytes / 16) * 16);

/** Bytes of a checkpoint that are read at once while a model is loaded; two such pieces are in memory at a time. */
export const PIECE_BYTES = 8 * 1024 * 1024;

/** Logits one invocation walks through: short enough to share a vocabulary out, long enough to leave few strips. */
export const STRIP = 512;

/** The number of strips a vocabulary of V makes. */
export const stripsOf = (V: number): number => Math.ceil(V / STRIP);

/**
 * Logits that are there at a time: a vocabulary goes through the head in bands, and what is wanted of a band is made
 * while it lies in a cache. 8 MiB of float32.
 */
export const BAND = 2 * 1024 * 1024;

/** Words of a mask with one bit a column. */
export const maskWords = (columns: number): number => Math.ceil(columns / 32);

/** Bytes of the codes of a matrix's double-quantized scales: to where a nested block ends, so that another's may follow. */
export const nestedCodes = (blocks: number): number => NESTED_BLOCKSIZE * nestedBlocks(blocks);
