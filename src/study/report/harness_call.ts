import { MMLU_SUBJECTS, MMLU_TEST_SIZES } from '../../eval/tasks/mmlu.ts';
import { TASKS, type TaskName } from '../../eval/tasks/tasks.ts';
import type { ExperimentResult } from '../result.ts';
import type { TaskSpec } from '../spec.ts';
import { listed } from '../view/format.ts';
import { shellText, shellWord } from './quote.ts';

/** One call of lm-evaluation-harness 0.4.13: the keys are simple_evaluate's, and the options' of its command line. */
export interface HarnessCall {
  tasks: string[];
  num_fewshot?: number;
  /** Asks the first so many. */
  limit?: number;
  /** Asks these items of each task, ascending: the harness asks in this order whatever the list's, and names by the list. */
  samples?: Record<string, number[]>;
  system_instruction?: string;
  apply_chat_template?: true;
  fewshot_as_multiturn?: false;
}

/** A task's call, or why there is none. */
export interface HarnessTask {
  task: TaskName;
  call?: HarnessCall;
  /** All items to the last one are asked, more than were asked here. */
  asks_more?: boolean;
  /** What is not as it was here, a sentence each. */
  notes: string[];
}

/**
 * The call that gives a task's prompts, answers and labels again; undefined where the harness has no such task. It draws
 * examples one asked item after another, so that they depend on which items are asked: where examples are drawn, all
 * items up to the last one are asked.
 */
export function harnessTask(
  spec: TaskSpec,
  { runs, environment }: ExperimentResult,
): HarnessTask | undefined {
  const { task } = spec;
  const { in_harness, split, fewshot, num_fewshot: by_default } = TASKS[task];
  if (!in_harness) return undefined;
  if (spec.split !== undefined && spec.split !== split) {
    return {
      task,
      notes: [
        `lm-evaluation-harness asks the ${split} split of ${task}; for the ${spec.split} split there is no call.`,
      ],
    };
  }
  const { num_fewshot, system_instruction, apply_chat_template } = spec;
  const call: HarnessCall = {
    tasks: [task],
    ...(num_fewshot === undefined ? {} : { num_fewshot }),
    ...(system_instruction === undefined ? {} : { system_instruction }),
    ...(apply_chat_template ? { apply_chat_template } : {}),
    ...(apply_chat_template && spec.fewshot_as_multiturn === false ? { fewshot_as_multiturn: false } : {}),
  };
  const date = apply_chat_template ? environment.chat_template?.date : undefined;
  const notes =
    date === undefined
      ? []
      : [`The chat template puts in the date, here ${date}: on another day the prompts are others.`];
  if (spec.limit === undefined && spec.doc_ids === undefined) return { task, call, notes };

  const items = runs[0]?.tasks.find((one) => one.task === task)?.items ?? [];
  const doc_ids = items.map(({ doc_id }) => doc_id).sort((a, b) => a - b);
  const last = doc_ids.at(-1);
  if (last === undefined) return { task, notes: [`No item of ${task} was answered.`] };
  if (task === 'mmlu') {
    const samples = bySubject(doc_ids);
    return { task, call: { ...call, tasks: Object.keys(samples), samples }, notes };
  }
  const drawn = (num_fewshot ?? by_default) > 0 && fewshot?.sampler === 'default';
  if (!drawn) return { task, call: { ...call, samples: { [task]: doc_ids } }, notes };
  return { task, call: { ...call, limit: last + 1 }, asks_more: last + 1 > doc_ids.length, notes };
}

/** What must be known of several calls, in a few sentences; undefined where nothing. */
export function notesOf(tasks: readonly HarnessTask[]): string | undefined {
  const more = tasks.filter(({ asks_more }) => asks_more).map(({ task }) => task);
  const sentences = new Set([
    ...(more.length > 0
      ? [
          `Of ${listed(more)} all items to the last one of this run are asked, since the harness draws the examples item after item; compare by doc_id.`,
        ]
      : []),
    ...tasks.flatMap(({ notes }) => notes),
  ]);
  return sentences.size > 0 ? [...sentences].join(' ') : undefined;
}

/** The harness asks MMLU's subjects one by one, each numbered from 0. */
function bySubject(doc_ids: readonly number[]): Record<string, number[]> {
  const samples: Record<string, number[]> = {};
  let begin = 0;
  for (const [i, subject] of MMLU_SUBJECTS.entries()) {
    const end = begin + MMLU_TEST_SIZES[i]!;
    const own = doc_ids.filter((doc_id) => doc_id >= begin && doc_id < end);
    if (own.length > 0) samples[`mmlu_${subject}`] = own.map((doc_id) => doc_id - begin);
    begin = end;
  }
  return samples;
}

/** The call as a line for a shell; `model_args` as lm_eval's own. */
export function commandOf(model_args: string, call: HarnessCall): string {
  const { tasks, samples, fewshot_as_multiturn, apply_chat_template, ...rest } = call;
  const options = Object.entries(rest).map(([key, value]) => `--${key} ${shellText(String(value))}`);
  return [
    `lm_eval --model hf --model_args ${shellWord(model_args)} --tasks ${tasks.join(',')}`,
    ...options,
    ...(apply_chat_template ? ['--apply_chat_template'] : []),
    ...(fewshot_as_multiturn === false ? ['--fewshot_as_multiturn false'] : []),
    ...(samples ? [`--samples '${JSON.stringify(samples)}'`] : []),
  ].join(' ');
}

/** The call as Python; `lm` is the harness' model. */
export function pythonCall(call: HarnessCall): string {
  const python = (value: unknown): string => {
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    return JSON.stringify(value);
  };
  const given = Object.entries(call).map(([key, value]) => `${key}=${python(value)}`);
  return `lm_eval.simple_evaluate(model=lm, ${given.join(', ')})`;
}
