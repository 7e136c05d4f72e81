import type { KnobValues } from '../knobs.ts';
import type { Bare, Format } from './format.ts';

/** Another engine's own quantized copy of the model, computed by that engine. */
export type PeerConfig = Bare<'peer', 'peer' | 'dtype' | 'device' | 'compute_dtype'> & {
  repo?: KnobValues['repo'] | undefined;
};

/** An engine: what it computes on, and the types of its files by its own names, with a weight's bits, scales aside. */
interface Engine {
  devices: readonly PeerConfig['device'][];
  dtypes: Readonly<Record<string, number>>;
  /** The type that is meant where none is named. */
  usual: PeerConfig['dtype'];
}

/** The engines that run beside ours. */
export const ENGINES: Readonly<Record<PeerConfig['peer'], Engine>> = {
  'transformers.js': {
    devices: ['wasm', 'webgpu'],
    dtypes: {
      ...{ fp32: 32, fp16: 16, q8: 8, int8: 8, uint8: 8, q4: 4, q4f16: 4, bnb4: 4, q2: 2, q2f16: 2 },
    },
    usual: 'q4',
  },
  // Of GGUF files the type that their names end in, by the types that are read here.
  wllama: {
    devices: ['wasm'],
    dtypes: {
      ...{ f32: 32, f16: 16, bf16: 16, q8_0: 8, q6_k: 6, q5_k_m: 5, q5_k_s: 5, q5_1: 5, q5_0: 5 },
      ...{ q4_k_m: 4, q4_k_s: 4, q4_1: 4, q4_0: 4, iq4_nl: 4, iq4_xs: 4 },
    },
    usual: 'q4_0',
  },
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
  choicesBeside: ({ peer }) => ({
    dtype: Object.keys(ENGINES[peer].dtypes),
    device: ENGINES[peer].devices,
  }),
  nameOf: ({ peer, dtype, device, repo }) =>
    `${peer} ${dtype} · ${device}${repo === undefined ? '' : ` · ${repo}`}`,
  arithmetic: () => 'float',
  codeBits: ({ peer, dtype }) => ENGINES[peer].dtypes[dtype] ?? 32,
  scaleBytes: () => 0,
  sharedBytes: () => 0,
  saved: undefined,
  look: { hue: 'ink', shape: 'triangle', dash: 'dash-dot' },
};
