import everyFormat from '../../../../examples/every-format.json';
import { BLOCKSIZES } from '../../../quant/knobs.ts';
import { bitsPerWeight, type QuantConfig } from '../../../quant/config.ts';
import { parseSpec } from '../../../study/spec.ts';
import { ablation } from './ablation.ts';
import { defaultSpec } from '../draft.ts';

/** A question somebody may want to ask, as the configurations that answer it. */
export interface Preset {
  title: string;
  configs: readonly QuantConfig[];
  /** What a run does behind a configuration that fails. */
  on_error?: 'continue';
}

const FLOAT32 = { quant_type: 'none', compute_dtype: 'float32' } as const;
const NF4_64 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' } as const;

/** The baseline, then the others from many bits to few; those of as many bits stay in their order. */
const groupedByBits = ([baseline, ...others]: readonly QuantConfig[]): QuantConfig[] => [
  baseline!,
  ...others.sort((a, b) => bitsPerWeight(b) - bitsPerWeight(a)),
];

/** Sets of configurations to begin an experiment with; the model and the questions stay as they are. */
export const PRESETS: readonly Preset[] = [
  { title: defaultSpec().title, configs: defaultSpec().configs },
  {
    title: 'One thing at a time',
    configs: ablation(NF4_64, [
      { quant_type: 'fp4' },
      { quant_type: 'int4' },
      { blocksize: 256 },
      { double_quant: true },
      { compute_dtype: 'float16' },
    ]),
  },
  {
    title: 'How large may a block be?',
    configs: [
      FLOAT32,
      ...BLOCKSIZES.filter((_, i) => i % 2 === 0).map((blocksize) => ({ ...NF4_64, blocksize })),
    ],
  },
  {
    title: 'Are 8 bits enough?',
    configs: [
      FLOAT32,
      ...ablation({ quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' }, [
        { granularity: 'tensor' },
      ]),
      { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float16' },
    ],
  },
  {
    title: everyFormat.title,
    configs: groupedByBits(parseSpec(everyFormat).configs),
    // Not every format takes rows of every length.
    on_error: 'continue',
  },
];
