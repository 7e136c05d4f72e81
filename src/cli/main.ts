import { toFailure } from '../errors.ts';
import { inspect } from './inspect.ts';
import { runCommand } from './run_command.ts';
import { selfcheck } from './selfcheck.ts';

const USAGE = `Nibble measures what 4- and 8-bit quantization does to a language model.

  npm run -s lab -- run SPEC.json|LINK [--model DIR] [--data DIR] [--runtime browser|node] [--out RESULT.json] [--json]
  npm run -s lab -- inspect FILE.safetensors|MODEL_DIR|config.json ... [--json]
  npm run -s lab -- selfcheck [--runtime browser|node] [--json]

run        measures every configuration of a spec on every task; see examples/
inspect    says what a file holds, or why it is refused
selfcheck  runs every kernel against its reference on the CPU

Exit status: 0 done, 1 the run failed (what was measured is kept), 2 bad input.`;

const COMMANDS: Record<string, (args: string[]) => Promise<number>> = {
  run: runCommand,
  inspect,
  selfcheck,
};

/** Failures that lie in what the user gave, not in what happened. */
const BAD_INPUT = new Set([
  'bad-arguments',
  'bad-spec',
  'bad-link',
  'missing-data',
  'bad-data',
  'missing-file',
]);

async function main([command, ...args]: string[]): Promise<number> {
  const action = command === undefined ? undefined : COMMANDS[command];
  if (!action) {
    const asked = command === undefined || command === 'help' || command === '--help';
    if (!asked) console.error(`${command} is not a command; allowed: ${Object.keys(COMMANDS).join(', ')}.`);
    console.log(USAGE);
    return asked ? 0 : 2;
  }
  try {
    return await action(args);
  } catch (error) {
    const { code, message, hint } = toFailure(error);
    console.error(code === 'internal' && error instanceof Error ? error.stack : `${message}\n${hint}`);
    return BAD_INPUT.has(code) ? 2 : 1;
  }
}

// Dawn keeps a process alive that once opened a device.
process.exit(await main(process.argv.slice(2)));
