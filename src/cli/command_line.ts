import { toFailure } from '../errors.ts';
import { own } from '../tensor/own.ts';
import { benchCommand } from './bench.ts';
import { compareCommand } from './compare.ts';
import { exitStatus } from './exit_status.ts';
import { exportCommand } from './export.ts';
import { inspect } from './inspect.ts';
import { mergeCommand } from './merge.ts';
import { mixCommand } from './mix.ts';
import { closeGpus } from './node_gpu.ts';
import { quantizeCommand } from './quantize.ts';
import { reportCommand } from './report.ts';
import { runCommand } from './run_command.ts';
import { selfcheck } from './selfcheck.ts';
import { shardsCommand } from './shards.ts';
import { systemError } from './system_error.ts';

const USAGE = `Nibble measures what 4- and 8-bit quantization does to a language model.

  npm run -s lab -- run SPEC.json|LINK [--model DIR] [--lora DIR] [--data DIR] [--adapter low-power|high-performance|software] [--kernels NAME,…] [--runtime browser|node] [--out RESULT.json [--resume]] [--shard i/n [--mixed]] [--json]
  npm run -s lab -- quantize MODEL_DIR --format nf4|fp4|llm_int8|int4|nvfp4|mxfp4|fp8|gptq|awq|hqq|q4_0|q4_1|q8_0|iq4_nl|q4_k|--config CONFIG.json [--blocksize 64] [--double-quant] [--group-size 64] [--zero-points] [--act-order] [--scaling row|tensor|128x128] [--scale-rule even|floor|ceil|rceil] [--calibrate samples|FILE.txt|FILE.jsonl] [--tokens 1024] [--seed 0] [--skip-modules NAME,…] --out DIR|FILE.gguf
  npm run -s lab -- inspect FILE.safetensors|FILE.gguf|MODEL_DIR|FILE.json ... [--lora DIR] [--json]
  npm run -s lab -- report RESULT.json [--out FILE.md|FILE.html|FILE.csv]
  npm run -s lab -- compare A.json|SAMPLES B.json|SAMPLES [--model DIR] [--data DIR] [--json]
  npm run -s lab -- export RESULT.json --samples DIR [--model DIR] [--data DIR]
  npm run -s lab -- shards SPEC.json|LINK --minutes 10 [--measured RESULT.json] [--model DIR] [--data DIR] [--out PINNED.json] [--json]
  npm run -s lab -- merge SPEC.json|LINK PART.json ... [--out RESULT.json] [--partial] [--mixed] [--json]
  npm run -s lab -- mix SPEC.json|LINK --bits 5|--megabytes 300 [--calibrate samples|TASK|FILE.txt --tokens 512 --seed 0] [--model DIR] [--lora DIR] [--data DIR] [--adapter low-power|high-performance|software] [--out MIXED.json] [--json]
  npm run -s lab -- selfcheck [--adapter low-power|high-performance|software] [--kernels NAME,…] [--runtime browser|node] [--json]
  npm run -s lab -- bench [--quick] [--shape WORDS] [--seconds 1] [--model DIR] [--no-peers] [--no-model] [--adapter low-power|high-performance|software] [--kernels NAME,…] [--runtime browser|node] [--out BENCH.json] [--json]
  npm run -s lab -- bench --compare A.json B.json [--json]

run        measures every configuration of a spec on every task; see examples/. A GGUF file stands for MODEL_DIR anywhere
quantize   writes a checkpoint that the format's own tools load: bitsandbytes' (nf4, fp4, llm_int8), compressed-tensors'
           (int4, nvfp4, mxfp4, fp8), gptqmodel's (gptq), AutoAWQ's (awq), hqq's; or one GGUF file, for llama.cpp (q4_0,
           q4_1, q8_0, iq4_nl, q4_k, mxfp4). gptq and awq are made by a text: --calibrate names it, and without it the
           model writes one. --config takes a configuration, or a spec's last one, with layers of several formats
inspect    says what a file holds, which of its keys are read, and why a run would refuse it
report     turns a result into a page, Markdown, or a table of its items
compare    says whether two results of a spec agree, item by item; or a result and SAMPLES, a file samples_TASK_DATE.jsonl
           of lm-evaluation-harness (--log_samples) or a folder of them, each asked the same prompts
export     writes a result in the layout of those files, a folder a configuration
shards     says into how many shards of so many minutes a spec may be cut, and pins its model to a commit
merge      joins the results of all shards into the result that one machine would have given
mix        says which of a spec's formats each layer should have within a budget, and adds that mix to the spec
selfcheck  runs every kernel against its reference on the CPU
bench      times every kernel on layers of known models in turn with what this adapter does at most and, in a browser, with
           onnxruntime-web's kernels on the same weights; then a model. --shape "down nf4 M=8" takes the rows that have
           all these words, --quick a few; --compare says what changed between two files that --out wrote

--adapter says on which GPU to compute, --lora which LoRA adapter of a model to put on top of it. --kernels has it take
these forms of the matmul and no others, as ?kernels= does on the page, for a report of what one of them does:
--kernels tile_32,matvec_fused is one for texts and one for decoding; a name that is none lists those there are.

With --shard, run answers share i of n, from 0: machines that share a spec need nothing else of each other.

With --out, run appends every answer to RESULT.partial.jsonl as it comes and deletes that file once it is done. Whatever
ends it before (Ctrl+C, a full disk, a dead browser) leaves RESULT.json with the answers so far, and the same command with
--resume goes on from them.

Models of the Hub are read from its own cache (HF_HOME, HF_HUB_CACHE) and kept there with --runtime node; HF_TOKEN opens
gated ones, HF_ENDPOINT names a mirror, HF_HUB_OFFLINE=1 asks nothing.

Exit status: 0 done, 1 the run failed or lacks answers, 2 bad input, 130 stopped by Ctrl+C, 143 by SIGTERM.`;

const COMMANDS: Record<string, (args: string[]) => Promise<number>> = {
  run: runCommand,
  quantize: quantizeCommand,
  inspect,
  report: reportCommand,
  compare: compareCommand,
  export: exportCommand,
  shards: shardsCommand,
  merge: mergeCommand,
  mix: mixCommand,
  selfcheck,
  bench: benchCommand,
};

/** Does what a command line asks, and ends the process with the status that its usage tells. */
export async function commandLine(args: string[]): Promise<void> {
  let unprinted: unknown;
  // Whoever read the pipe may have gone, as "head" does; that must not end a run.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') unprinted ??= systemError(error, 'The output', 'written');
    });
  }
  process.on('uncaughtException', (error) => process.exit(tell(error)));
  const status = await perform(args);
  await closeGpus();
  // A pipe takes what was printed only by and by; and Dawn keeps a process alive that once opened a device.
  process.stdout.write('', () => process.exit(unprinted === undefined ? status : tell(unprinted)));
}

async function perform([command, ...args]: string[]): Promise<number> {
  const action = command === undefined ? undefined : own(COMMANDS, command);
  if (!action) {
    const asked = command === undefined || command === 'help' || command === '--help';
    if (!asked) console.error(`${command} is not a command; allowed: ${Object.keys(COMMANDS).join(', ')}.`);
    console.log(USAGE);
    return asked ? 0 : 2;
  }
  try {
    return await action(args);
  } catch (error) {
    return tell(error);
  }
}

/** Says a failure in one sentence; the exit status that goes with it. */
function tell(error: unknown): number {
  const { code, message } = toFailure(systemError(error));
  if (code !== 'internal') console.error(message);
  else {
    console.error(`A fault in the lab: ${message.split('\n')[0]!} With NIBBLE_STACK=1 it says where.`);
    if (process.env.NIBBLE_STACK && error instanceof Error) console.error(error.stack);
  }
  return exitStatus(code);
}
