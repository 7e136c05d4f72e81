import { spread } from '../../gpu/bench/rounds.ts';
import { finished } from '../../gpu/bench/ceilings.ts';
import type { Commands } from '../../gpu/device/commands.ts';
import { orLost, type Gpu } from '../../gpu/device/device.ts';
import { footprintOf, DTYPE_BYTES } from '../../model/footprint.ts';
import { greedyIds } from '../../model/decode.ts';
import { reserve, type Model } from '../../model/forward.ts';
import { greedyToken } from '../../model/logits.ts';
import { openModel, type ModelFiles } from '../../model/open_model.ts';
import { forwardSequence } from '../../model/sequence.ts';
import { languageModel, withModel } from '../../model/session.ts';
import { effectiveConfig } from '../../model/stored_quant.ts';
import { configName, type QuantConfig } from '../../quant/config.ts';
import type { ConfigBench, ModelBench, TokenBytes, TokenParts } from '../../study/bench/bench_report.ts';
import type { ModelRef } from '../../study/spec.ts';
import type { Host } from '../host.ts';

interface Measuring {
  seconds: number;
  measuring: (what: string) => void;
  signal: AbortSignal | undefined;
}

/** Unquantized and NF4, as the default experiment has them. */
const CONFIGS: readonly QuantConfig[] = [
  { quant_type: 'none', compute_dtype: 'float32' },
  { quant_type: 'nf4', blocksize: 64, double_quant: false, compute_dtype: 'float32' },
];

/** Measures a model whole, unquantized and under NF4. */
export async function benchModel(
  gpu: Gpu,
  ref: ModelRef,
  host: Pick<Host, 'openFiles'>,
  options: Measuring,
): Promise<ModelBench> {
  const signal = options.signal ?? new AbortController().signal;
  const { files } = await host.openFiles(ref, () => undefined, signal);
  const model = await openModel(files);
  const configs: ConfigBench[] = [];
  for (const config of CONFIGS) {
    const name = configName(config);
    options.measuring(name);
    configs.push(await benchConfig(gpu, model, effectiveConfig(config, model.stored_quant), name, options));
  }
  return { name: ref.source === 'hub' ? ref.repo : ref.name, configs, bytes: tokenBytes(model) };
}

/** Bytes that a decoded token reads: every weight of the blocks once, and the head. */
export function tokenBytes({ config }: Pick<ModelFiles, 'config'>): TokenBytes {
  const nf4 = footprintOf(config, CONFIGS[1]!, 'bfloat16');
  const weights_16 = DTYPE_BYTES.bfloat16 * nf4.quantized_parameters;
  return {
    weights_16,
    weights_nf4: Math.round((nf4.bits_per_weight * nf4.quantized_parameters) / 8),
    head: DTYPE_BYTES.bfloat16 * config.vocab_size * config.hidden_size,
  };
}

const PROMPT = 16;
/** Tokens of a generation that is timed. */
const DECODED = 16;
const PREFILL = 512;

async function benchConfig(
  gpu: Gpu,
  files: ModelFiles,
  quant: QuantConfig,
  config: string,
  { seconds }: Measuring,
): Promise<ConfigBench> {
  gpu.allocated.most = gpu.allocated.bytes;
  const before = gpu.allocated.bytes;
  const begun = performance.now();
  return withModel(gpu, files, quant, async (model) => {
    await orLost(gpu, () => gpu.device.queue.onSubmittedWorkDone());
    const load_seconds = (performance.now() - begun) / 1000;
    const { token, decode_tokens_per_second } = await timeToken(model, files, seconds);
    const prefill_tokens_per_second = await timePrefill(model, seconds);
    const items_per_minute = await timeItems(model, files);
    return {
      ...{ config, load_seconds, peak_bytes: gpu.allocated.most - before },
      ...{ decode_tokens_per_second, prefill_tokens_per_second, items_per_minute, token },
    };
  });
}

/** Tokens of one long text a second. */
async function timePrefill(model: Model, seconds: number): Promise<number> {
  const tokens = Math.min(PREFILL, model.config.max_position_embeddings);
  await reserve(model, tokens, tokens);
  const ids = Array.from({ length: tokens }, (_, i) => i % model.config.vocab_size);
  const times: number[] = [];
  const until = performance.now() + 1000 * seconds;
  do {
    const begun = performance.now();
    await greedyToken(model, forwardSequence(model, ids, 0));
    times.push(performance.now() - begun);
  } while (times.length < 3 || performance.now() < until);
  return (1000 * tokens) / spread(times).median;
}

/** A question as ARC's are, of about 56 tokens with its choices. */
const CONTEXT =
  'Question: Which of these is the best way for a person to find out whether the water of a river is safe to drink?\nAnswer:';
const CHOICES = [
  ' Look at how clear the water is.',
  ' Send some of it to a laboratory.',
  ' Ask someone who lives by the river.',
  ' Watch whether animals drink from it.',
];
const ITEMS = 16;

/** Questions a minute, packed as a run packs them. */
async function timeItems(model: Model, { tokenizer, generation }: ModelFiles): Promise<number> {
  const asked = languageModel(model, tokenizer, generation);
  const requests = Array.from({ length: ITEMS }, (_, i) => ({
    context: `${i} ${CONTEXT}`,
    continuations: CHOICES,
  }));
  const begun = performance.now();
  let answered = 0;
  if (asked.loglikelihoods) for await (const some of asked.loglikelihoods(requests)) answered += some.length;
  else
    for (const { context, continuations } of requests) {
      await asked.loglikelihood(context, continuations);
      answered++;
    }
  return (60_000 * answered) / (performance.now() - begun);
}

/** Kernels by what they are for; the rest are others. A matmul of the head's weights is the head's. */
const PARTS = ['weights', 'head', 'attention', 'norms', 'others'] as const;
type Part = (typeof PARTS)[number];

function partOf(kernel: string, ofHead: boolean): Part {
  if (/^attention/.test(kernel)) return 'attention';
  if (/norm/.test(kernel)) return 'norms';
  if (/^(logit|argmax)/.test(kernel)) return 'head';
  if (/^(matvec|tile|shared|gemm|int8_vectorwise|outlier)/.test(kernel)) return ofHead ? 'head' : 'weights';
  return 'others';
}

/**
 * Times decoding with all of its kernels, with those of one part alone, and with none, in turn. What a part alone takes
 * beyond none is the part's; what all take beyond the sum of the parts is the device waiting between kernels. Without
 * the others a part computes from garbage, which takes as long.
 */
async function timeToken(
  model: Model,
  { tokenizer }: ModelFiles,
  seconds: number,
): Promise<{ token: TokenParts; decode_tokens_per_second: number }> {
  const { gpu, weights } = model;
  const ofHead = new Set(
    weights.head.parts.flatMap((part) => Object.values(part).filter((value) => value instanceof GPUBuffer)),
  );
  const clock = { recording: 0 };
  const ways = new Map<Part | 'all' | 'none', Model>();
  for (const way of ['all', 'none', ...PARTS] as const) {
    const isTaken = (kernel: string, buffers: Record<string, GPUBuffer>) =>
      way === 'all' ||
      way ===
        partOf(
          kernel,
          Object.values(buffers).some((buffer) => ofHead.has(buffer)),
        );
    ways.set(way, { ...model, commands: filtered(model.commands, isTaken, clock) });
  }
  // The workspace and the head are made by whoever needs them first, and shared from then on.
  await decodeSome(model);
  const all = ways.get('all')!;
  for (const [way, one] of ways) {
    Object.assign(one, { workspace: model.workspace, head: model.head });
    // As many tokens a submit as when all is computed: a part that is done sooner must not be read less often.
    if (way !== 'all')
      Object.defineProperty(one, 'token_ms', { get: () => all.token_ms, set: () => undefined });
  }
  const times = new Map([...ways.keys()].map((way) => [way, [] as number[]]));
  const recording: number[] = [];
  const until = performance.now() + 3000 * seconds;
  let round = 0;
  do {
    for (const [way, one] of ways) {
      clock.recording = 0;
      times.get(way)!.push(await decodeSome(one));
      if (way === 'all') recording.push(clock.recording / DECODED);
    }
    round++;
  } while (round < 3 || (round < 20 && performance.now() < until));
  await finished(gpu);
  const ms = (way: Part | 'all' | 'none') => spread(times.get(way)!).median;
  const none = ms('none');
  const alone = (part: Part) => Math.max(0, ms(part) - none);
  const tokenizer_ms = timeTokenizer(tokenizer);
  const total_ms = ms('all');
  const recording_ms = spread(recording).median;
  const spent = PARTS.reduce((sum, part) => sum + alone(part), 0);
  return {
    decode_tokens_per_second: 1000 / total_ms,
    token: {
      total_ms: total_ms + tokenizer_ms,
      weights_ms: alone('weights'),
      head_ms: alone('head'),
      attention_ms: alone('attention'),
      norms_ms: alone('norms'),
      others_ms: alone('others'),
      recording_ms,
      read_back_ms: none,
      tokenizer_ms,
      gaps_ms: Math.max(0, total_ms - spent - none - recording_ms),
    },
  };
}

/** Commands of which some are left out; the time spent on them is added up. */
function filtered(
  commands: Commands,
  isTaken: (kernel: string, buffers: Record<string, GPUBuffer>) => boolean,
  clock: { recording: number },
): Commands {
  const timed = <T>(work: () => T): T => {
    const begun = performance.now();
    try {
      return work();
    } finally {
      clock.recording += performance.now() - begun;
    }
  };
  return {
    gpu: commands.gpu,
    proof: commands.proof,
    dispatch(kernel, params, buffers, overrides) {
      if (!isTaken(kernel.name, buffers)) return;
      timed(() => commands.dispatch(kernel, params, buffers, overrides));
    },
    worked: (multiplications) => timed(() => commands.worked(multiplications)),
    submit: () => timed(() => commands.submit()),
    close: () => commands.close(),
  };
}

/** Milliseconds of a decoded token behind a short prompt. */
async function decodeSome(model: Model): Promise<number> {
  const most = Math.min(DECODED, model.config.max_position_embeddings - PROMPT);
  const prompt = Array.from({ length: PROMPT }, (_, i) => (i + 1) % model.config.vocab_size);
  let count = 0;
  let begun = 0;
  const ids = greedyIds(model, prompt, most);
  while (!(await ids.next()).done) if (count++ === 0) begun = performance.now();
  return (performance.now() - begun) / Math.max(1, count - 1);
}

/** Milliseconds of turning a token's id into text, as a generation does it. */
function timeTokenizer(tokenizer: ModelFiles['tokenizer']): number {
  const ids = Array.from({ length: 16 }, (_, i) => i + 1);
  const times = 200;
  const begun = performance.now();
  for (let i = 0; i < times; i++) tokenizer.decode(ids);
  return (performance.now() - begun) / times;
}
