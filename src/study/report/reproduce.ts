import { TASKS } from '../../eval/tasks/tasks.ts';
import { configName, type QuantConfig } from '../../quant/config.ts';
import { autoClass } from '../auto_class.ts';
import type { ExperimentResult, TaskResult } from '../result.ts';
import type { ModelRef, TaskSpec } from '../spec.ts';
import type { HowTo, ReportOptions } from './parts.ts';
import { pythonString, shellWord } from './quote.ts';

/** The link, the command line, and the same in Python where bitsandbytes and the harness can say it. */
export function reproduction(
  { spec, environment, runs }: ExperimentResult,
  { link }: ReportOptions,
): HowTo[] {
  const saved = 'spec.json';
  const folder = spec.model.source === 'local' ? ' --model FOLDER' : '';
  const asked = spec.tasks
    .filter(({ task }) => TASKS[task].in_harness)
    .map((task) => ({ ...task, doc_ids: askedDocs(task, runs[0]?.tasks) }));
  return [
    ...(link ? [{ title: 'In a browser', language: 'text' as const, text: link }] : []),
    {
      title: 'In a terminal',
      language: 'sh',
      text: `npm run -s lab -- run ${link ? shellWord(link) : saved}${folder} --out result.json`,
    },
    ...spec.configs.map((config) =>
      pythonOf(config, spec.model, autoClass(environment.model.architecture), asked),
    ),
  ];
}

/** The items of a task that took a part of its data; undefined for all of it, or one of many subjects' own numbers. */
function askedDocs(
  { task, limit, doc_ids }: TaskSpec,
  tasks: readonly TaskResult[] = [],
): number[] | undefined {
  if (task === 'mmlu' || (limit === undefined && doc_ids === undefined)) return undefined;
  return tasks.find((one) => one.task === task)?.items.map(({ doc_id }) => doc_id);
}

/**
 * Commands that ask the same items with lm-evaluation-harness: `--samples` names rows of a split, ascending, for the
 * harness (0.4.13, Task.doc_iterator) asks in this order whatever the list's, and names its answers by the list's.
 */
function harnessCommand(model: string, { task, num_fewshot, doc_ids }: TaskSpec): string {
  return [
    `# lm_eval --model hf --model_args ${shellWord(model)} --tasks ${task}`,
    ...(num_fewshot === undefined ? [] : [`--num_fewshot ${num_fewshot}`]),
    ...(doc_ids
      ? [`--samples ${shellWord(JSON.stringify({ [task]: doc_ids.toSorted((a, b) => a - b) }))}`]
      : []),
  ].join(' ');
}

/**
 * Says where the command's examples are others: the harness draws once for each item it asks, Nibble once for each
 * item of the split, so that an item's prompt stays the same whichever others are asked.
 */
function otherExamples(tasks: readonly TaskSpec[]): string | undefined {
  const drawn = tasks.filter(({ task, num_fewshot = TASKS[task].num_fewshot, doc_ids = [] }) => {
    const isBeginning = doc_ids.every((doc_id) => doc_id < doc_ids.length);
    return num_fewshot > 0 && TASKS[task].fewshot?.sampler === 'default' && !isBeginning;
  });
  if (drawn.length === 0) return undefined;
  const names = drawn.map(({ task }) => task).join(', ');
  return `The examples in the prompts of ${names} are others: the harness draws them one asked item after another, so that they depend on which items are asked.`;
}

function pythonOf(
  config: QuantConfig,
  model: ModelRef,
  auto_class: string,
  tasks: readonly TaskSpec[],
): HowTo {
  const title = `In Python: ${configName(config)}`;
  const quantization = bitsandbytesArguments(config);
  const name = model.source === 'hub' ? model.repo : model.name;
  if (!quantization) {
    return {
      title,
      language: 'text',
      text: `bitsandbytes has no ${config.quant_type}; there is no counterpart.`,
    };
  }
  const args = [
    `pretrained=${isArgument(name) ? name : 'FOLDER'}`,
    ...Object.entries(quantization.model).map(([key, value]) => `${key}=${value}`),
  ];
  const lines = [
    'import torch',
    `from transformers import ${auto_class}, BitsAndBytesConfig`,
    '',
    `model = ${auto_class}.from_pretrained(${pythonString(name)}, ${quantization.python})`,
    ...(tasks.length > 0 ? ['', ...tasks.map((task) => harnessCommand(args.join(','), task))] : []),
  ];
  const note = [quantization.note, otherExamples(tasks)].filter((one) => one !== undefined).join(' ');
  return { title, language: 'python', text: lines.join('\n'), ...(note ? { note } : {}) };
}

/** A comma would begin another argument of the harness's, such as one that trusts the repository's code. */
const isArgument = (name: string): boolean => !name.includes(',');

interface BitsAndBytes {
  /** Arguments of from_pretrained. */
  python: string;
  /** The same for lm_eval's --model_args. */
  model: Record<string, string>;
  note?: string;
}

function bitsandbytesArguments(config: QuantConfig): BitsAndBytes | undefined {
  const dtype = `torch.${config.compute_dtype}`;
  switch (config.quant_type) {
    case 'none':
      return { python: `dtype=${dtype}`, model: { dtype: config.compute_dtype } };
    case 'nf4':
    case 'fp4': {
      const double = config.double_quant ? 'True' : 'False';
      return {
        python: `quantization_config=BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="${config.quant_type}", bnb_4bit_use_double_quant=${double}, bnb_4bit_compute_dtype=${dtype})`,
        model: {
          load_in_4bit: 'True',
          bnb_4bit_quant_type: config.quant_type,
          bnb_4bit_use_double_quant: double,
          bnb_4bit_compute_dtype: config.compute_dtype,
        },
        ...(config.blocksize === 64
          ? {}
          : {
              note: `transformers always asks for block size 64; ${config.blocksize} needs bitsandbytes' own functions.`,
            }),
      };
    }
    case 'llm_int8':
      return {
        python: `quantization_config=BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=${config.llm_int8_threshold.toFixed(1)}), dtype=${dtype}`,
        model: { load_in_8bit: 'True', llm_int8_threshold: config.llm_int8_threshold.toFixed(1) },
      };
    default:
      return undefined;
  }
}
