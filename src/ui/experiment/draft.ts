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
import { BLOCKSIZES } from '../../quant/knobs.ts';
import { CODEBOOK_ROWS, formatOf, type QuantConfig, type QuantType } from '../../quant/config.ts';
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
  const { knobs, start } = formatOf({ quant_type } as QuantConfig);
  const kept = Object.entries(config).filter(([name]) => name in knobs);
  return { ...knobs, ...start, ...Object.fromEntries(kept), quant_type } as QuantConfig;
}

/** The configuration with a knob turned; what the others may not stay beside it becomes the first that they may be. */
export function withKnob(config: QuantConfig, name: string, value: unknown): QuantConfig {
  const turned = { ...config, [name]: value };
  const values = turned as unknown as Record<string, string | number>;
  const choices = Object.entries(formatOf(turned).choicesBeside?.(turned) ?? {});
  const moved = choices.filter(([other, allowed]) => other !== name && !allowed.includes(values[other]!));
  return { ...turned, ...Object.fromEntries(moved.map(([other, allowed]) => [other, allowed[0]])) };
}

/** A configuration that is not in the list yet: NF4 at the first free block size, then the other named codebooks. */
export function anotherConfig(configs: readonly QuantConfig[]): QuantConfig {
  const taken = new Set(configs.map(canonicalJson));
  const all = CODEBOOK_ROWS.flatMap(({ quant_type, knobs }) =>
    [64, ...BLOCKSIZES].map((blocksize) => ({ ...knobs, quant_type, blocksize }) as QuantConfig),
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
