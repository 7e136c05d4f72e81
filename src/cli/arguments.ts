import { parseArgs } from 'node:util';
import { LabError } from '../errors.ts';

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
  json: { type: 'boolean', default: false },
  adapter: { type: 'string' },
  context: { type: 'string' },
  'quant-type': { type: 'string' },
  blocksize: { type: 'string' },
  'double-quant': { type: 'boolean', default: false },
  'compute-dtype': { type: 'string' },
  'skip-modules': { type: 'string' },
  format: { type: 'string' },
  'group-size': { type: 'string' },
  'zero-points': { type: 'boolean', default: false },
  'act-order': { type: 'boolean', default: false },
  scaling: { type: 'string' },
  'scale-rule': { type: 'string' },
  calibrate: { type: 'string' },
  tokens: { type: 'string' },
  seed: { type: 'string' },
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
    json: boolean;
    adapter?: string | undefined;
    context?: string | undefined;
    'quant-type'?: string | undefined;
    blocksize?: string | undefined;
    'double-quant'?: boolean | undefined;
    'compute-dtype'?: string | undefined;
    'skip-modules'?: string | undefined;
    format?: string | undefined;
    'group-size'?: string | undefined;
    'zero-points'?: boolean | undefined;
    'act-order'?: boolean | undefined;
    scaling?: string | undefined;
    'scale-rule'?: string | undefined;
    calibrate?: string | undefined;
    tokens?: string | undefined;
    seed?: string | undefined;
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
