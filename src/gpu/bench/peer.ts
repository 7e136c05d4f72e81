import type { PeerWeights } from './formats.ts';
import type { Timed } from './rounds.ts';

/** Another engine's product of the same weights and x: `copies` of it at a time, each of weights of its own. */
export interface PeerWork {
  weights: PeerWeights;
  M: number;
  N: number;
  K: number;
  x: Float32Array<ArrayBuffer>;
  copies: number;
}

/** What another engine made of it, to be timed in turn with ours. */
export interface Peer {
  name: string;
  run: Timed;
  /** y [M, N] */
  output(): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Readies another engine's kernel; undefined where it has none for these weights. */
export type OpenPeer = (work: PeerWork) => Promise<Peer | undefined>;
