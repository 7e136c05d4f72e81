import example from '../../../examples/nf4-vs-fp4.json';
import news from '../../../examples/tiny-news.json';
import type { TaskName } from '../../eval/tasks/tasks.ts';
import {
  canonicalJson,
  parseSpec,
  type AdapterRef,
  type BUNDLED_MODELS,
  type ExperimentSpec,
  type ModelRef,
} from '../../study/spec.ts';
import { NF4 } from '../../quant/codebook.ts';
import { BLOCKSIZES, type QuantConfig, type QuantType } from '../../quant/config.ts';
import { readJsonFile } from '../page/json_file.ts';

/** The experiment a newcomer finds: NF4, FP4 and INT8 on the model that comes with the page. */
export const defaultSpec = (): ExperimentSpec => parseSpec(example);

/** Titles of the bundled models, and the tasks each was made for. */
export const BUNDLED: Record<
  (typeof BUNDLED_MODELS)[number],
  { what: string; tasks: () => ExperimentSpec['tasks'] }
> = {
  'nibble-tiny': {
    what: 'a small Llama that knows an invented world',
    tasks: () => defaultSpec().tasks,
  },
  'nibble-news': {
    what: 'a small GPT-2 that tells the topic of invented news',
    tasks: () => parseSpec(news).tasks,
  },
};

/** The configuration with another quant_type; what both know is kept. */
export function withQuantType(config: QuantConfig, quant_type: QuantType): QuantConfig {
  const { compute_dtype } = config;
  if (quant_type === 'none') return { quant_type, compute_dtype };
  const kept = 'skip_modules' in config ? { skip_modules: config.skip_modules } : {};
  if (quant_type === 'int8') return { quant_type, granularity: 'row', compute_dtype, ...kept };
  // The threshold bitsandbytes begins with.
  if (quant_type === 'llm_int8') return { quant_type, llm_int8_threshold: 6, compute_dtype, ...kept };
  const { blocksize, double_quant } = 'blocksize' in config ? config : { blocksize: 64, double_quant: false };
  const blockwise = { blocksize, double_quant, compute_dtype, ...kept };
  return quant_type === 'custom'
    ? { quant_type, code: roundedNf4(), ...blockwise }
    : { quant_type, ...blockwise };
}

/** NF4's values to four decimals: a codebook of one's own begins there. */
const roundedNf4 = (): number[] => Array.from(NF4.code, (value) => Number(value.toFixed(4)));

/** A configuration that is not in the list yet: NF4 at the first free block size, then FP4, then INT4. */
export function anotherConfig(configs: readonly QuantConfig[]): QuantConfig {
  const taken = new Set(configs.map(canonicalJson));
  const all = (['nf4', 'fp4', 'int4'] as const).flatMap((quant_type) =>
    [64, ...BLOCKSIZES].map((blocksize): QuantConfig => ({
      quant_type,
      blocksize,
      double_quant: false,
      compute_dtype: 'float32',
    })),
  );
  return all.find((config) => !taken.has(canonicalJson(config))) ?? all[0]!;
}

/** The spec with a task put in at the end, or taken out. */
export function withTask(spec: ExperimentSpec, task: TaskName, wanted: boolean): ExperimentSpec['tasks'] {
  const others = spec.tasks.filter((entry) => entry.task !== task);
  return wanted ? [...others, { task, limit: 100 }] : others;
}

/** Numbers separated by commas or spaces; what is no number stays and is refused by parseSpec. */
export const parseCode = (text: string): number[] =>
  text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => Number(word.replace('−', '-')));

/** Module names separated by commas or spaces; undefined for none, since a spec lists at least one or says nothing. */
export function parseModules(text: string): string[] | undefined {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  return names.length > 0 ? names : undefined;
}

/** The model with that adapter on top, or with none. */
export function withAdapter(model: ModelRef, adapter: AdapterRef | undefined): ModelRef {
  const bare = { ...model };
  delete bare.adapter;
  return adapter ? { ...bare, adapter } : bare;
}

/** A spec is a few hundred characters. */
const SPEC_FILE = { code: 'bad-spec', most: 1_000_000, what: 'a spec as this page exports it' } as const;

/** The spec in a file; throws bad-spec that says what is wrong with it. */
export const readSpecFile = async (file: File): Promise<ExperimentSpec> =>
  parseSpec(await readJsonFile(file, SPEC_FILE));
