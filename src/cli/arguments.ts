import { parseArgs } from 'node:util';
import { statSync } from 'node:fs';
import { LabError } from '../errors.ts';
import { ADAPTER_CHOICES, USUAL_CHOICE, type AdapterChoice } from '../gpu/adapter.ts';
import { phasesOf } from '../gpu/force_forms.ts';
import { formNames } from '../gpu/kernel_version.ts';

const OPTIONS = {
  model: { type: 'string' },
  data: { type: 'string' },
  samples: { type: 'string' },
  runtime: { type: 'string', default: 'browser' },
  out: { type: 'string' },
  resume: { type: 'boolean', default: false },
  shard: { type: 'string' },
  mixed: { type: 'boolean', default: false },
  partial: { type: 'boolean', default: false },
  minutes: { type: 'string' },
  measured: { type: 'string' },
  bits: { type: 'string' },
  megabytes: { type: 'string' },
  calibrate: { type: 'string' },
  tokens: { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'boolean', default: false },
  adapter: { type: 'string' },
  kernels: { type: 'string' },
  lora: { type: 'string' },
  context: { type: 'string' },
  'quant-type': { type: 'string' },
  blocksize: { type: 'string' },
  'double-quant': { type: 'boolean', default: false },
  'compute-dtype': { type: 'string' },
  'skip-modules': { type: 'string' },
  format: { type: 'string' },
  config: { type: 'string' },
  'group-size': { type: 'string' },
  'zero-points': { type: 'boolean', default: false },
  'act-order': { type: 'boolean', default: false },
  scaling: { type: 'string' },
  'scale-rule': { type: 'string' },
  quick: { type: 'boolean', default: false },
  shape: { type: 'string' },
  seconds: { type: 'string' },
  compare: { type: 'boolean', default: false },
  'no-peers': { type: 'boolean', default: false },
  'no-model': { type: 'boolean', default: false },
} as const;

export interface Arguments {
  values: {
    model?: string | undefined;
    data?: string | undefined;
    samples?: string | undefined;
    runtime: 'browser' | 'node';
    out?: string | undefined;
    resume?: boolean;
    shard?: string | undefined;
    mixed?: boolean;
    partial?: boolean;
    minutes?: string | undefined;
    measured?: string | undefined;
    bits?: string | undefined;
    megabytes?: string | undefined;
    calibrate?: string | undefined;
    tokens?: string | undefined;
    seed?: string | undefined;
    json: boolean;
    adapter?: string | undefined;
    kernels?: string | undefined;
    lora?: string | undefined;
    context?: string | undefined;
    'quant-type'?: string | undefined;
    blocksize?: string | undefined;
    'double-quant'?: boolean | undefined;
    'compute-dtype'?: string | undefined;
    'skip-modules'?: string | undefined;
    format?: string | undefined;
    config?: string | undefined;
    'group-size'?: string | undefined;
    'zero-points'?: boolean | undefined;
    'act-order'?: boolean | undefined;
    scaling?: string | undefined;
    'scale-rule'?: string | undefined;
    quick?: boolean;
    shape?: string | undefined;
    seconds?: string | undefined;
    compare?: boolean;
    'no-peers'?: boolean;
    'no-model'?: boolean;
  };
  positionals: string[];
}

/**
 * The command line of one command.
 * @throws bad-arguments for an option the command does not have, or a runtime there is not.
 */
export function parseArguments(args: string[], allowed: readonly (keyof typeof OPTIONS)[]): Arguments {
  const options = Object.fromEntries(allowed.map((name) => [name, OPTIONS[name]]));
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    const names = allowed.map((name) => `--${name}`).join(', ');
    throw new LabError('bad-arguments', `${(error as Error).message.split('. ')[0]!}; allowed: ${names}.`);
  }
  const values = parsed.values as Arguments['values'];
  if (allowed.includes('runtime') && values.runtime !== 'browser' && values.runtime !== 'node') {
    throw new LabError('bad-arguments', `--runtime is ${String(values.runtime)}; allowed: browser, node.`);
  }
  return { values, positionals: parsed.positionals };
}

/** The GPU adapter to compute on, and the folder of a LoRA adapter for the model. */
export interface Adapters {
  choice: AdapterChoice;
  lora: string | undefined;
}

/**
 * What --adapter and --lora name: a GPU's adapter and a model's. --adapter with a folder means --lora, as it once did.
 * @throws bad-arguments where --adapter is neither, or both name a folder.
 */
export function adaptersOf({ adapter, lora }: Pick<Arguments['values'], 'adapter' | 'lora'>): Adapters {
  if (adapter === undefined) return { choice: USUAL_CHOICE, lora };
  const choice = ADAPTER_CHOICES.find((one) => one === adapter);
  if (choice) return { choice, lora };
  if (lora === undefined && statSync(adapter, { throwIfNoEntry: false })?.isDirectory()) {
    return { choice: USUAL_CHOICE, lora: adapter };
  }
  throw new LabError(
    'bad-arguments',
    `--adapter is ${adapter}; allowed: ${ADAPTER_CHOICES.join(', ')}. A folder that holds a LoRA adapter is given with --lora.`,
  );
}

/** The GPU that --adapter says, and the forms of the matmul that --kernels names. @throws as both do. */
export const deviceOf = (values: Pick<Arguments['values'], 'adapter' | 'lora' | 'kernels'>) => ({
  choice: adaptersOf(values).choice,
  forms: formsOf(values),
});

/**
 * The forms of the matmul that --kernels names, as `?kernels=` does on the page.
 * @throws bad-link naming a form that does not exist, or a second one for the same phase.
 */
export function formsOf({ kernels = '' }: Pick<Arguments['values'], 'kernels'>): string[] {
  const names = formNames(kernels);
  phasesOf(names);
  return names;
}
