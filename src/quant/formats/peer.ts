import type { KnobValues } from '../knobs.ts';
import type { Bare, Format } from './format.ts';

/** Another engine's own quantized copy of the model, computed by that engine. */
export type PeerConfig = Bare<'peer', 'peer' | 'dtype' | 'device' | 'compute_dtype'> & {
  repo?: KnobValues['repo'] | undefined;
};

/** The types of files that transformers.js names, and the bits of a weight in each, without scales. */
const CODE_BITS: Record<string, number> = {
  ...{ fp32: 32, fp16: 16, q8: 8, int8: 8, uint8: 8, q4: 4, q4f16: 4, bnb4: 4, q2: 2, q2f16: 2 },
};

/** An engine beside ours, on files of its own: it is given our tokens, and what it answers is scored as our answers are. */
export const peer: Format<PeerConfig, undefined> = {
  quant_type: 'peer',
  title: 'another engine',
  knobs: {
    peer: 'transformers.js',
    dtype: 'q4',
    device: 'wasm',
    repo: undefined,
    // What its logits are scored in.
    compute_dtype: 'float32',
  },
  choices: { compute_dtype: ['float32'] },
  nameOf: ({ peer, dtype, device, repo }) =>
    `${peer} ${dtype} · ${device}${repo === undefined ? '' : ` · ${repo}`}`,
  arithmetic: () => 'float',
  codeBits: ({ dtype }) => CODE_BITS[dtype] ?? 32,
  scaleBytes: () => 0,
  sharedBytes: () => 0,
  saved: undefined,
  look: { hue: 'ink', shape: 'triangle', dash: 'dash-dot' },
};
