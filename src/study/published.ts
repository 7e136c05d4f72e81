import type { MetricName } from '../eval/stats/metric.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import type { QuantConfig } from '../quant/config.ts';

/** One figure as a study printed it. */
export interface PublishedFigure {
  /** The configuration by the study's name; what is known of it where the figure's row is not. */
  name: string;
  /** The same configuration here; missing where the study does not say which one the figure is of. */
  config?: QuantConfig;
  quantity: 'memory' | MetricName;
  /** Of a score: the task that comes nearest. */
  task?: TaskName;
  value: number;
  unit: 'MiB' | 'GiB' | '%';
  /** Items asked, where it is known. */
  n?: number;
}

/** A published study: what it printed, why a run here need not give the same, and the specs that ask its question. */
export interface PublishedStudy {
  title: string;
  /** The Hub's name of its model. */
  model: string;
  figures: readonly PublishedFigure[];
  /** Differences in protocol, a sentence each. */
  differences: readonly string[];
  /** Files in examples/: of the study's own size, and of one that a laptop runs. */
  specs: { full: readonly string[]; small: readonly string[] };
}

const none = (compute_dtype: 'float32' | 'float16'): QuantConfig => ({ quant_type: 'none', compute_dtype });
const nf4 = { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float16' } as const;
const int8 = { quant_type: 'int8', granularity: 'row', compute_dtype: 'float32' } as const;
const llm_int8 = { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float16' } as const;

const memory = (name: string, config: QuantConfig, value: number, unit: 'MiB' | 'GiB'): PublishedFigure => ({
  name,
  config,
  quantity: 'memory',
  value,
  unit,
});

/** Counted as transformers' get_memory_footprint does under bitsandbytes. */
const COUNTING =
  'Memory was counted without the scales (absmax), so that double quantization seems to save nothing; here both sizes are shown.';

/** Three studies whose questions the examples ask again; a figure without its n or its row is as the study left it. */
export const PUBLISHED_STUDIES: readonly PublishedStudy[] = [
  {
    title: 'Llama-3.2-1B on CoQA',
    model: 'meta-llama/Llama-3.2-1B',
    figures: [
      memory('FP16', none('float16'), 2357, 'MiB'),
      memory('NF4', nf4, 965, 'MiB'),
      memory('NF4, double quantization', { ...nf4, double_quant: true }, 965, 'MiB'),
      { name: 'FP16', config: none('float16'), quantity: 'f1', task: 'coqa', value: 62.48, unit: '%' },
      {
        name: 'FP16, another run',
        config: none('float16'),
        quantity: 'f1',
        task: 'coqa',
        value: 64.18,
        unit: '%',
      },
    ],
    differences: [
      'The study does not say which turns it asked; coqa asks the last one of each of 500 conversations, coqa_official all of some 8,000, and their F1 are different quantities.',
      'It printed no number of items and no interval. Its own FP16 baseline moved by 1.7 points between two runs, so that 4 bits beating FP16 by 3.4 has no support without the items.',
      COUNTING,
      'Its QLoRA line of 994 MiB holds an adapter of which it names neither rank nor layers; the footprint page computes what adapters take.',
      'meta-llama’s repository asks for a login; the spec names unsloth/Llama-3.2-1B, a copy of it.',
    ],
    specs: {
      full: ['llama-coqa-quick.json', 'llama-coqa-extended.json', 'llama-coqa-ablation.json'],
      small: [
        'smollm2-coqa-quick.json',
        'smollm2-coqa-extended.json',
        'smollm2-coqa-ablation.json',
        'tiny-coqa-quick.json',
        'tiny-coqa-extended.json',
        'ablation-tiny.json',
      ],
    },
  },
  {
    title: 'Qwen2.5-3B on MMLU and ARC',
    model: 'Qwen/Qwen2.5-3B',
    figures: [
      memory('FP32', none('float32'), 11.5, 'GiB'),
      memory('FP16', none('float16'), 5.75, 'GiB'),
      memory('NF4', nf4, 1.87, 'GiB'),
      memory('INT8', llm_int8, 3.16, 'GiB'),
      ...(['arc_easy', 'arc_challenge'] as const).map((task): PublishedFigure => ({
        name: 'one of eight rows',
        quantity: 'acc',
        task,
        value: 90.5,
        unit: '%',
        n: 200,
      })),
    ],
    differences: [
      'Its ARC prompts seem to have listed the choices and asked for their letter; here, as in lm-evaluation-harness, the log-likelihood of each choice’s text is compared, which gives another and usually lower accuracy.',
      'Its columns for ARC-Easy and ARC-Challenge are the same in all eight rows: most likely one set was asked twice.',
      'It asked 200 items: 90.5 % of 200 is anything from 85.6 to 93.8 %, so that its rows can hardly be told apart.',
      COUNTING,
    ],
    specs: { full: ['qwen3b-mmlu-arc.json'], small: ['qwen0.5b-mmlu-arc.json', 'tiny-arc.json'] },
  },
  {
    title: 'GPT-2 on AG News',
    model: 'openai-community/gpt2',
    figures: [
      memory('FP32', none('float32'), 486.71, 'MiB'),
      memory('INT8, from scratch', int8, 243.7, 'MiB'),
      memory('LLM.int8()', llm_int8, 168.36, 'MiB'),
      memory('NF4', nf4, 127.86, 'MiB'),
      { name: 'one of the rows', quantity: 'acc', task: 'ag_news', value: 94.62, unit: '%', n: 7600 },
      { name: 'another row', quantity: 'acc', task: 'ag_news', value: 94.7, unit: '%', n: 7600 },
    ],
    differences: [
      'The study fine-tuned its own classifier, which is not at hand: the specs take one of yours, from a folder.',
      'lm-evaluation-harness has no such task; accuracy and macro averages are scikit-learn’s, of the first 128 tokens of title and description, as in the study.',
      'At 7,600 texts 94.62 and 94.70 % have intervals from 94.1 to 95.1 and from 94.2 to 95.2.',
      'Its memory holds 12 MiB of causal masks that later versions of transformers no longer keep.',
      COUNTING,
    ],
    specs: { full: ['gpt2-ag-news.json'], small: ['gpt2-ag-news-quick.json', 'tiny-news.json'] },
  },
];
