import { configName, type QuantConfig } from '../../quant/config.ts';
import { layerRules, skippedModules } from '../../quant/layers.ts';
import { autoClass } from '../auto_class.ts';
import type { ExperimentResult } from '../result.ts';
import type { AdapterRef, ModelRef } from '../spec.ts';
import { commandOf, harnessTask, notesOf, pythonCall, type HarnessTask } from './harness_call.ts';
import type { HowTo, ReportOptions } from './parts.ts';
import { pythonString, shellWord } from './quote.ts';

/**
 * The link, the command line, and the same by lm-evaluation-harness where bitsandbytes and it can say it: in a terminal
 * what is not quantized, all in Python. transformers 5 takes no settings of bitsandbytes from a command line.
 */
export function reproduction(result: ExperimentResult, { link }: ReportOptions): HowTo[] {
  const { spec } = result;
  const saved = 'spec.json';
  const folder = spec.model.source === 'local' ? ' --model FOLDER' : '';
  const tasks = spec.tasks.flatMap((task) => harnessTask(task, result) ?? []);
  const model = modelOf(result);
  return [
    ...(link ? [{ title: 'In a browser', language: 'text' as const, text: link }] : []),
    {
      title: 'In a terminal',
      language: 'sh',
      text: `npm run -s lab -- run ${link ? shellWord(link) : saved}${folder} --out result.json`,
    },
    ...spec.configs.flatMap((config) => [
      ...terminalOf(config, model, tasks),
      pythonOf(config, model, tasks),
    ]),
  ];
}

/** A model as from_pretrained takes it: a repository with its commit, or a folder. */
interface Pretrained {
  auto_class: string;
  name: string;
  revision?: string | undefined;
  /** Of a GGUF file, which transformers reads by dequantizing it. */
  file?: string | undefined;
  adapter?: { name: string; revision?: string | undefined } | undefined;
}

function modelOf({ spec: { model }, environment }: ExperimentResult): Pretrained {
  const { revision, adapter } = environment.model;
  return {
    auto_class: autoClass(environment.model.architecture),
    ...named(model, revision),
    adapter: model.adapter && named(model.adapter, adapter?.revision),
  };
}

function named(
  ref: ModelRef | AdapterRef,
  revision: string | undefined,
): { name: string; revision?: string; file?: string | undefined } {
  switch (ref.source) {
    case 'bundled':
      return { name: `public/models/${ref.name}` };
    case 'local':
      return { name: ref.name };
    case 'hub':
      return { name: ref.repo, revision: revision ?? ref.revision, ...('file' in ref && { file: ref.file }) };
  }
}

const noteOf = (notes: readonly (string | undefined)[]): { note?: string } => {
  const note = notes.filter((one) => one !== undefined).join(' ');
  return note === '' ? {} : { note };
};

/** The commands of lm_eval for what is not quantized. */
function terminalOf(config: QuantConfig, model: Pretrained, tasks: readonly HarnessTask[]): HowTo[] {
  const calls = tasks.flatMap(({ call }) => call ?? []);
  const { auto_class, name, revision, adapter, file } = model;
  // The harness loads by no other class from a command line.
  if (config.quant_type !== 'none' || calls.length === 0 || auto_class !== 'AutoModelForCausalLM') return [];
  const args = [
    `pretrained=${isArgument(name) ? name : 'FOLDER'}`,
    ...(revision === undefined ? [] : [`revision=${revision}`]),
    ...(file === undefined ? [] : [`gguf_file=${file}`]),
    ...(adapter ? [`peft=${isArgument(adapter.name) ? adapter.name : 'ADAPTER'}`] : []),
    `dtype=${config.compute_dtype}`,
    // Log-probabilities of float16 or bfloat16 would be rounded to it.
    ...(config.compute_dtype === 'float32' ? [] : ['softmax_dtype=float32']),
  ].join(',');
  return [
    {
      title: `By lm-evaluation-harness 0.4.13: ${configName(config)}`,
      language: 'sh',
      text: calls.map((call) => commandOf(args, call)).join('\n'),
      ...noteOf([notesOf(tasks)]),
    },
  ];
}

function pythonOf(config: QuantConfig, model: Pretrained, tasks: readonly HarnessTask[]): HowTo {
  const title = `In Python: ${configName(config)}`;
  const quantization = bitsandbytesArguments(config);
  if (!quantization) {
    const lacks = layerRules(config).length > 0 ? 'layers in several formats' : config.quant_type;
    return {
      title,
      language: 'text',
      text: `bitsandbytes has no ${lacks}; there is no counterpart.`,
    };
  }
  const { auto_class, name, adapter } = model;
  const calls = tasks.flatMap(({ call }) => call ?? []);
  const bnb = config.quant_type === 'none' ? '' : ', BitsAndBytesConfig';
  const softmax = config.compute_dtype === 'float32' ? '' : ', softmax_dtype="float32"';
  const at = (revision: string | undefined) =>
    revision === undefined ? '' : `, revision=${pythonString(revision)}`;
  const from = `${pythonString(name)}${at(model.revision)}${model.file ? `, gguf_file=${pythonString(model.file)}` : ''}`;
  const lines = [
    ...(calls.length > 0 ? ['import lm_eval'] : []),
    'import torch',
    ...(calls.length > 0 ? ['from lm_eval.models.huggingface import HFLM'] : []),
    ...(adapter ? ['from peft import PeftModel'] : []),
    `from transformers import ${auto_class}${calls.length > 0 ? ', AutoTokenizer' : ''}${bnb}`,
    '',
    `model = ${auto_class}.from_pretrained(${from}, ${quantization.python})`,
    ...(adapter
      ? [`model = PeftModel.from_pretrained(model, ${pythonString(adapter.name)}${at(adapter.revision)})`]
      : []),
    ...(calls.length > 0
      ? [
          `tokenizer = AutoTokenizer.from_pretrained(${from})`,
          `lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=1${softmax})`,
          ...calls.map((call) => `print(${pythonCall(call)}["results"])`),
        ]
      : []),
  ];
  return {
    title,
    language: 'python',
    text: lines.join('\n'),
    ...noteOf([quantization.note, notesOf(tasks)]),
  };
}

/** A comma would begin another argument of the harness's, such as one that trusts the repository's code. */
const isArgument = (name: string): boolean => !name.includes(',');

interface BitsAndBytes {
  /** Arguments of from_pretrained. */
  python: string;
  note?: string;
}

function bitsandbytesArguments(config: QuantConfig): BitsAndBytes | undefined {
  if (layerRules(config).length > 0) return undefined;
  const dtype = `torch.${config.compute_dtype}`;
  // A list of one's own takes the place of the head, which transformers leaves out by itself.
  const skipped = skippedModules(config);
  const skip = skipped.length > 0 ? `, llm_int8_skip_modules=${JSON.stringify([...skipped, 'lm_head'])}` : '';
  switch (config.quant_type) {
    case 'none':
      return { python: `dtype=${dtype}` };
    case 'nf4':
    case 'fp4': {
      const double = config.double_quant ? 'True' : 'False';
      return {
        python: `quantization_config=BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="${config.quant_type}", bnb_4bit_use_double_quant=${double}, bnb_4bit_compute_dtype=${dtype}${skip}), dtype=${dtype}`,
        ...(config.blocksize === 64
          ? {}
          : {
              note: `transformers always asks for block size 64; ${config.blocksize} needs bitsandbytes' own functions.`,
            }),
      };
    }
    case 'llm_int8':
      return {
        python: `quantization_config=BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=${config.llm_int8_threshold.toFixed(1)}${skip}), dtype=${dtype}`,
      };
    default:
      return undefined;
  }
}
