import { toFailure } from '../errors.ts';
import { compareCommand } from './compare.ts';
import { exitStatus } from './exit_status.ts';
import { inspect } from './inspect.ts';
import { quantizeCommand } from './quantize.ts';
import { reportCommand } from './report.ts';
import { runCommand } from './run_command.ts';
import { selfcheck } from './selfcheck.ts';

const USAGE = `Nibble measures what 4- and 8-bit quantization does to a language model.

  npm run -s lab -- run SPEC.json|LINK [--model DIR] [--adapter DIR] [--data DIR] [--runtime browser|node] [--out RESULT.json] [--json]
  npm run -s lab -- quantize MODEL_DIR --quant-type nf4|fp4|llm_int8 [--blocksize 64] [--double-quant] --out DIR
  npm run -s lab -- inspect FILE.safetensors|MODEL_DIR|FILE.json ... [--adapter DIR] [--json]
  npm run -s lab -- report RESULT.json [--out FILE.md|FILE.html|FILE.csv]
  npm run -s lab -- compare A.json B.json [--json]
  npm run -s lab -- selfcheck [--runtime browser|node] [--json]

run        measures every configuration of a spec on every task; see examples/
quantize   writes a checkpoint that transformers loads with bitsandbytes
inspect    says what a file holds, which of its keys are read, and why a run would refuse it
report     turns a result into a page, Markdown, or a table of its items
compare    says whether two results of a spec agree, item by item
selfcheck  runs every kernel against its reference on the CPU

Models of the Hub are read from its own cache (HF_HOME, HF_HUB_CACHE) and kept there with --runtime node; HF_TOKEN opens
gated ones, HF_ENDPOINT names a mirror, HF_HUB_OFFLINE=1 asks nothing.

Exit status: 0 done, 1 the run failed or lacks answers (what was measured is kept), 2 bad input.`;

const COMMANDS: Record<string, (args: string[]) => Promise<number>> = {
  run: runCommand,
  quantize: quantizeCommand,
  inspect,
  report: reportCommand,
  compare: compareCommand,
  selfcheck,
};

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
    const { code, message } = toFailure(error);
    console.error(code === 'internal' && error instanceof Error ? error.stack : message);
    return exitStatus(code);
  }
}

const status = await main(process.argv.slice(2));
// A pipe takes what was printed only by and by; and Dawn keeps a process alive that once opened a device.
process.stdout.write('', () => process.exit(status));
