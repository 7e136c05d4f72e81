import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { LabError } from '../errors.ts';
import { openGpu } from '../gpu/device/device.ts';
import { calibratedLayers } from '../lab/calibrated_layers.ts';
import { openDatasets, type DataPlace } from '../lab/datasets.ts';
import { requireSaved } from '../lab/require_saved.ts';
import { saveCheckpoint, type FileSink, type SavedConfig } from '../lab/save_checkpoint.ts';
import { fitsGguf, saveGguf } from '../lab/save_gguf.ts';
import { openModel } from '../model/open_model.ts';
import { configName, isCalibrated, type QuantConfig } from '../quant/config.ts';
import type { GgufType } from '../quant/gguf.ts';
import { autoClass } from '../study/auto_class.ts';
import { parseConfigs } from '../study/spec.ts';
import { own } from '../tensor/own.ts';
import type { FileSet } from '../tensor/source.ts';
import { parseArguments, type Arguments } from './arguments.ts';
import { diskModel, diskSource, isGgufPath } from './disk.ts';
import { nodeGpu } from './node_gpu.ts';

type Values = Arguments['values'];

/** What a format is asked by beside its name. */
type Option =
  'blocksize' | 'double-quant' | 'group-size' | 'zero-points' | 'act-order' | 'scaling' | 'scale-rule';

/** A format on the command line: the configuration it stands for, the options it takes, who opens the checkpoint. */
interface Row {
  quant_type: QuantConfig['quant_type'];
  /** Knobs that the name stands for. */
  knobs?: Record<string, unknown>;
  options: readonly Option[];
  opener: string;
  /** It is made by a text that goes through the model. */
  calibrated?: true;
}

const BITSANDBYTES = 'transformers with bitsandbytes';
const COMPRESSED = 'transformers and vLLM with compressed-tensors';
const LLAMA_CPP = 'llama.cpp';

/** A type of llama.cpp's, which is written as one GGUF file. */
const ggufRow = (gguf_type: GgufType): Row => ({
  ...{ quant_type: 'gguf', knobs: { gguf_type }, options: [], opener: LLAMA_CPP },
});

/** Every format that a checkpoint is written in, by its name here. */
const FORMATS: Readonly<Record<string, Row>> = {
  nf4: { quant_type: 'nf4', options: ['blocksize', 'double-quant'], opener: BITSANDBYTES },
  fp4: { quant_type: 'fp4', options: ['blocksize', 'double-quant'], opener: BITSANDBYTES },
  llm_int8: { quant_type: 'llm_int8', options: [], opener: BITSANDBYTES },
  int4: { quant_type: 'int4_group', options: ['group-size', 'zero-points'], opener: COMPRESSED },
  nvfp4: { quant_type: 'nvfp4', options: [], opener: COMPRESSED },
  mxfp4: { quant_type: 'mxfp4', options: ['scale-rule'], opener: COMPRESSED },
  fp8: { quant_type: 'fp8', options: ['scaling'], opener: COMPRESSED },
  gptq: {
    quant_type: 'gptq',
    options: ['group-size', 'zero-points', 'act-order'],
    opener: 'transformers, vLLM and gptqmodel',
    calibrated: true,
  },
  awq: { quant_type: 'awq', options: ['group-size'], opener: 'transformers and vLLM', calibrated: true },
  ...{ q4_0: ggufRow('Q4_0'), q4_1: ggufRow('Q4_1'), q8_0: ggufRow('Q8_0') },
  ...{ iq4_nl: ggufRow('IQ4_NL'), q4_k: ggufRow('Q4_K') },
};

/** The formats that --quant-type names: bitsandbytes' own. */
const BY_QUANT_TYPE = ['nf4', 'fp4', 'llm_int8'];

/** `quantize MODEL_DIR --format … --out DIR`: a checkpoint that the format's own tools load. */
export async function quantizeCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, [
    ...([
      'format',
      'quant-type',
      'blocksize',
      'double-quant',
      'group-size',
      'zero-points',
      'act-order',
    ] as const),
    ...([
      'scaling',
      'scale-rule',
      'calibrate',
      'tokens',
      'seed',
      'compute-dtype',
      'skip-modules',
      'out',
    ] as const),
  ]);
  const [folder] = positionals;
  if (!folder || positionals.length > 1) {
    throw new LabError(
      'bad-arguments',
      `quantize was given ${positionals.length} model folders; allowed: one.`,
    );
  }
  if (!values.out)
    throw new LabError('bad-arguments', 'quantize was given no --out; it needs a folder to write to.');
  const { name, row } = rowOf(values);
  const config = configOf(name, row, values);
  const files = await diskModel(folder);
  const opener = isGgufPath(values.out)
    ? await writeGguf(files, config, values.out)
    : await writeFolder(files, config, values);
  console.log(`${values.out}: ${name}, ready for ${opener ?? row.opener}`);
  return 0;
}

/** One file for llama.cpp. */
async function writeGguf(files: FileSet, config: QuantConfig, out: string): Promise<string> {
  if (!fitsGguf(config)) {
    throw new LabError(
      'bad-arguments',
      `--out is ${out}, but ${configName(config)} is no type of llama.cpp's; allowed in a GGUF file: mxfp4, ${Object.keys(
        FORMATS,
      )
        .filter((name) => FORMATS[name]!.quant_type === 'gguf')
        .join(', ')}.`,
    );
  }
  await mkdir(dirname(out), { recursive: true });
  await saveGguf(files, config, diskSink(dirname(out)), basename(out), shown('tensors'));
  if (process.stderr.isTTY) process.stderr.write('\n');
  await requireSaved(await diskModel(out), config);
  return LLAMA_CPP;
}

/** A folder for the tools of a configuration's format. */
async function writeFolder(
  files: FileSet,
  config: QuantConfig,
  { out = '', calibrate }: Values,
): Promise<string | undefined> {
  if (config.quant_type === 'gguf') {
    throw new LabError(
      'bad-arguments',
      `--out is ${out}; ${configName(config)} is written as one file, whose name ends in .gguf.`,
    );
  }
  const made = isCalibrated(config)
    ? await calibratedLayers(
        await openGpu(await nodeGpu()),
        await openModel(files),
        config,
        openDatasets([placeOf(calibrate)], []),
        shown('steps'),
      )
    : undefined;
  await mkdir(out, { recursive: true });
  await saveCheckpoint(files, config as SavedConfig, diskSink(out), shown('tensors'), undefined, made);
  if (process.stderr.isTTY) process.stderr.write('\n');
  const { architecture } = await requireSaved(await diskModel(out), config);
  return BY_QUANT_TYPE.includes(config.quant_type) ? `${autoClass(architecture)}.from_pretrained` : undefined;
}

const shown = (what: string) => (done: number, total: number) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total} ${what}   `);
};

function rowOf({ format, 'quant-type': quant_type }: Values): { name: string; row: Row } {
  if (format !== undefined && quant_type !== undefined) {
    throw new LabError(
      'bad-arguments',
      'quantize was given --format and --quant-type; allowed: one of them.',
    );
  }
  const [option, name, allowed] =
    format === undefined
      ? ['--quant-type', quant_type, BY_QUANT_TYPE]
      : ['--format', format, Object.keys(FORMATS)];
  const row = name !== undefined && allowed.includes(name) ? own(FORMATS, name) : undefined;
  if (row) return { name: name!, row };
  throw new LabError('bad-arguments', `${option} is ${name ?? 'missing'}; allowed: ${allowed.join(', ')}.`);
}

/** The configuration that the options ask for. @throws bad-arguments for an option of other formats; bad-spec */
function configOf(
  name: string,
  { quant_type, knobs, options, calibrated }: Row,
  values: Values,
): QuantConfig {
  const given: Record<Option, Record<string, unknown> | undefined> = {
    blocksize: values.blocksize === undefined ? undefined : { blocksize: Number(values.blocksize) },
    'double-quant': values['double-quant'] ? { double_quant: true } : undefined,
    'group-size':
      values['group-size'] === undefined ? undefined : { group_size: Number(values['group-size']) },
    'zero-points': values['zero-points'] ? { symmetric: false } : undefined,
    'act-order': values['act-order'] ? { desc_act: true } : undefined,
    scaling: values.scaling === undefined ? undefined : { scaling: values.scaling },
    'scale-rule': values['scale-rule'] === undefined ? undefined : { scale_rule: values['scale-rule'] },
  };
  // What bitsandbytes' formats do not take has always been refused by the spec, which names what they do.
  const others = Object.entries(given).filter(([key, value]) => value && !options.includes(key as Option));
  const [other] = quant_type === 'llm_int8' ? [] : others;
  if (other) {
    const allowed = options.length > 0 ? options.map((option) => `--${option}`).join(', ') : 'none';
    throw new LabError('bad-arguments', `--${other[0]} is no option of ${name}; allowed: ${allowed}.`);
  }
  for (const option of ['calibrate', 'tokens', 'seed'] as const) {
    if (calibrated || values[option] === undefined) continue;
    throw new LabError('bad-arguments', `--${option} is for gptq and awq; ${name} is made without a text.`);
  }
  const text = values.calibrate === undefined ? 'samples' : `calibration${extname(values.calibrate)}`;
  const config = {
    quant_type,
    ...knobs,
    ...Object.fromEntries(Object.values(given).flatMap((knobs) => Object.entries(knobs ?? {}))),
    ...(calibrated
      ? { calibration: { text, tokens: Number(values.tokens ?? 1024), seed: Number(values.seed ?? 0) } }
      : {}),
    ...(values['compute-dtype'] ? { compute_dtype: values['compute-dtype'] } : {}),
    ...(values['skip-modules'] ? { skip_modules: values['skip-modules'].split(',') } : {}),
  };
  return parseConfigs([config])[0]!;
}

/** The file of --calibrate, under the name that the configuration has for it. */
const placeOf = (path: string | undefined): DataPlace => ({
  source: 'folder',
  where: path ?? 'no file',
  open: (name) =>
    path !== undefined && name === `calibration${extname(path)}`
      ? diskSource(path, name)
      : Promise.resolve(undefined),
});

/** A folder on disk as a sink; each file is written beside its place and renamed, so that none is there by halves. */
const diskSink = (folder: string): FileSink => ({
  async open(name) {
    const path = join(folder, name);
    const beside = `${path}.${process.pid}.tmp`;
    const file = await open(beside, 'w');
    return {
      async write(bytes) {
        try {
          await file.writeFile(bytes);
        } catch (error) {
          await file.close().catch(() => undefined);
          await rm(beside, { force: true });
          throw error;
        }
      },
      async close() {
        await file.close();
        await rename(beside, path);
      },
    };
  },
});
