import type { Calibration } from './calibrated/calibration.ts';
import type { LayerRule } from './layers.ts';

/** One knob of a configuration: the values it takes, and its label in the builder. */
export type Knob =
  | { kind: 'choice'; label: string; allowed: readonly (string | number)[] }
  | { kind: 'flag'; label: string }
  | { kind: 'number'; label: string; least: number; most: number }
  | { kind: 'numbers'; label: string; least: number; most: number; length: number; allowed: string }
  | { kind: 'repo'; label: string }
  | { kind: 'calibration'; label: string }
  | { kind: 'modules'; label: string }
  | { kind: 'layers'; label: string };

/** Block sizes bitsandbytes accepts (functional.py, quantize_4bit). */
export const BLOCKSIZES = [32, 64, 128, 256, 512, 1024, 2048, 4096] as const;

/** Consecutive weights of a row that share a scale. */
export const GROUP_SIZES = [32, 64, 128] as const;

/** Every knob a format may have, in the order in which a link writes them. */
export const KNOBS = {
  blocksize: { kind: 'choice', label: 'Block size', allowed: BLOCKSIZES },
  codebook: { kind: 'choice', label: 'Codebook', allowed: ['nf4', 'fp4', 'int4'] },
  double_quant: { kind: 'flag', label: 'Double quant' },
  group_size: { kind: 'choice', label: 'Group size', allowed: GROUP_SIZES },
  symmetric: { kind: 'flag', label: 'Symmetric' },
  desc_act: { kind: 'flag', label: 'Large inputs first (act-order)' },
  static_groups: { kind: 'flag', label: 'Groups stay in place' },
  damp: { kind: 'number', label: 'Damping', least: 0, most: 1 },
  clip: { kind: 'flag', label: 'Cut large weights' },
  unscaled: { kind: 'flag', label: 'May leave inputs unscaled' },
  calibration: { kind: 'calibration', label: 'Calibration' },
  scale_rule: { kind: 'choice', label: 'Scale rule', allowed: ['even', 'floor', 'ceil', 'rceil'] },
  gguf_type: {
    kind: 'choice',
    label: 'Type',
    allowed: ['Q4_0', 'Q4_1', 'IQ4_NL', 'Q4_K', 'Q8_0', 'Q5_0', 'Q6_K', 'IQ4_XS', 'MXFP4'],
  },
  scaling: { kind: 'choice', label: 'One scale per', allowed: ['row', 'tensor', '128x128'] },
  granularity: { kind: 'choice', label: 'One absmax per', allowed: ['row', 'tensor'] },
  llm_int8_threshold: { kind: 'number', label: 'Threshold', least: 0, most: 65504 },
  peer: { kind: 'choice', label: 'Engine', allowed: ['transformers.js', 'wllama'] },
  dtype: {
    kind: 'choice',
    label: 'Its file',
    allowed: [
      ...(['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4', 'q2', 'q2f16'] as const),
      ...(['f32', 'f16', 'bf16', 'q8_0', 'q6_k', 'q5_k_m', 'q5_k_s', 'q5_1', 'q5_0'] as const),
      ...(['q4_k_m', 'q4_k_s', 'q4_1', 'q4_0', 'iq4_nl', 'iq4_xs'] as const),
    ],
  },
  device: { kind: 'choice', label: 'Computes on', allowed: ['wasm', 'webgpu'] },
  repo: { kind: 'repo', label: 'Repository of its files, owner/name; without one they lie beside the model' },
  compute_dtype: { kind: 'choice', label: 'Computes in', allowed: ['float32', 'float16', 'bfloat16'] },
  skip_modules: {
    kind: 'modules',
    label: 'Layers to leave as they are, by name or path, separated by commas',
  },
  by_layer: {
    kind: 'layers',
    label: 'Layers in another format; of several lines that name one, the first holds',
  },
  code: {
    kind: 'numbers',
    label: 'The 16 values, from −1 to 1',
    least: -1,
    most: 1,
    length: 16,
    allowed: 'sixteen numbers',
  },
} as const satisfies Record<string, Knob>;

export type KnobName = keyof typeof KNOBS;

/** The value of each knob in a configuration. */
export type KnobValues = { [K in KnobName]: ValueOf<(typeof KNOBS)[K]> };

type ValueOf<K extends Knob> = K extends { kind: 'choice'; allowed: readonly (infer T)[] }
  ? T extends number
    ? number
    : T
  : K extends { kind: 'flag' }
    ? boolean
    : K extends { kind: 'number' }
      ? number
      : K extends { kind: 'numbers' }
        ? number[]
        : K extends { kind: 'calibration' }
          ? Calibration
          : K extends { kind: 'layers' }
            ? LayerRule[]
            : K extends { kind: 'repo' }
              ? string
              : string[];
