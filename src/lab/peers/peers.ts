import type { PeerConfig } from '../../quant/config.ts';
import type { OpenPeer } from './peer.ts';

/** The engines that run beside ours; each is loaded when a configuration asks for it. */
export const PEERS: Record<PeerConfig['peer'], () => Promise<OpenPeer>> = {
  wllama: async () => (await import('./wllama.ts')).openWllama,
  'transformers.js': async () => (await import('./transformers_js.ts')).openTransformersJs,
};
