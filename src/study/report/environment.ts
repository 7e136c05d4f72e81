import { adapterNames, kernelNames } from '../adapters.ts';
import { TASKS } from '../../eval/tasks/tasks.ts';
import type { ChatTemplateOrigin, ExperimentResult } from '../result.ts';
import { canonicalJson } from '../spec.ts';
import { hashText } from '../digest.ts';
import { readingRows } from '../view/reading.ts';

/** The harness whose protocols are followed wherever a task bears a harness's name. */
export const HARNESS = 'lm-evaluation-harness 0.4.13';

/** Which chat template, and what must be known of it. */
function chatTemplateText({ file, sha256, date, without_system }: ChatTemplateOrigin): string {
  const left_out = without_system?.map((task) => TASKS[task].title).join(', ');
  return [
    `${file}, SHA-256 of the template ${sha256}`,
    ...(date ? [`it puts in the date, ${date}, so that prompts are others on another day`] : []),
    ...(left_out ? [`it refuses a system turn, which was left out for ${left_out}, as ${HARNESS} does`] : []),
  ].join('; ');
}

/** The origin of the numbers and the protocol, as rows of name and value. */
export function environmentRows({ spec, environment, digest }: ExperimentResult): string[][] {
  const { app, runtime, kernel_check, kernels, model, started, chat_template } = environment;
  const files = Object.entries(model.files).map(([name, { bytes, sha256 }]) => [
    name,
    `${bytes} bytes${sha256 ? `, SHA-256 ${sha256}` : ''}`,
  ]);
  const { worst } = kernel_check;
  return [
    ['Model', `${model.name}${model.revision ? ` at ${model.revision}` : ''}`],
    ...files,
    ...readingRows(model.reading),
    ...(chat_template ? [['Chat template', chatTemplateText(chat_template)]] : []),
    ['Adapter', adapterNames(environment)],
    ['Runtime', runtime],
    ['Lab', `version ${app.version}, commit ${app.commit}`],
    [
      'Kernels',
      `${kernel_check.checked} checked on this adapter before the run; nearest to its bound: ${worst.kernel} (${worst.case}) at ${(100 * worst.worst_ratio).toFixed(0)} % of it`,
    ],
    ...(kernels ? [['Kernels taken', kernelNames(kernels)]] : []),
    ['Protocol', `${HARNESS}: prompts, splits, scores and standard errors of the tasks that bear its names`],
    ['Seed', String(spec.seed)],
    ['Started', started],
    ['Spec', `SHA-256 ${hashText(canonicalJson(spec))}`],
    ['Digest', digest],
  ];
}
