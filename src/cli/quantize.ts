import { mkdir, open, rename, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { LabError } from '../errors.ts';
import { openGpu } from '../gpu/device/device.ts';
import { calibratedLayers } from '../lab/calibrated_layers.ts';
import { openDatasets, type DataPlace } from '../lab/datasets.ts';
import { requireSaved } from '../lab/require_saved.ts';
import { saveCheckpoint, type FileSink, type SavedConfig } from '../lab/save_checkpoint.ts';
import { openModel } from '../model/open_model.ts';
import { isCalibrated } from '../quant/config.ts';
import { SAMPLES } from '../quant/calibrated/calibration.ts';
import { autoClass } from '../study/auto_class.ts';
import { parseConfigs } from '../study/spec.ts';
import { own } from '../tensor/own.ts';
import { parseArguments, type Arguments } from './arguments.ts';
import { diskModel, diskSource } from './disk.ts';
import { nodeGpu } from './node_gpu.ts';

type Values = Arguments['values'];

/** What a format is asked by beside its name. */
type Option =
  'blocksize' | 'double-quant' | 'group-size' | 'zero-points' | 'act-order' | 'scaling' | 'scale-rule';

/** A format on the command line: the configuration it stands for, the options it takes, who opens the checkpoint. */
interface Row {
  quant_type: SavedConfig['quant_type'];
  options: readonly Option[];
  opener: string;
  /** It is made by a text that goes through the model. */
  calibrated?: true;
}

const BITSANDBYTES = 'transformers with bitsandbytes';
const COMPRESSED = 'transformers and vLLM with compressed-tensors';

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
  const made = isCalibrated(config)
    ? await calibratedLayers(
        await openGpu(await nodeGpu()),
        await openModel(files),
        config,
        openDatasets([placeOf(values.calibrate)], []),
        shown('steps'),
      )
    : undefined;
  await mkdir(values.out, { recursive: true });
  await saveCheckpoint(files, config, diskSink(values.out), shown('tensors'), undefined, made);
  if (process.stderr.isTTY) process.stderr.write('\n');
  const { architecture } = await requireSaved(await diskModel(values.out), config);
  const loader = row.opener === BITSANDBYTES ? `${autoClass(architecture)}.from_pretrained` : row.opener;
  console.log(`${values.out}: ${name}, ready for ${loader}`);
  return 0;
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
function configOf(name: string, { quant_type, options, calibrated }: Row, values: Values): SavedConfig {
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
  const config = {
    quant_type,
    ...Object.fromEntries(Object.values(given).flatMap((knobs) => Object.entries(knobs ?? {}))),
    ...(calibrated
      ? {
          calibration: {
            text: textOf(values.calibrate),
            tokens: Number(values.tokens ?? 1024),
            seed: Number(values.seed ?? 0),
          },
        }
      : {}),
    ...(values['compute-dtype'] ? { compute_dtype: values['compute-dtype'] } : {}),
    ...(values['skip-modules'] ? { skip_modules: values['skip-modules'].split(',') } : {}),
  };
  return parseConfigs([config])[0] as SavedConfig;
}

/** @throws bad-arguments where --calibrate is neither the word nor a file of text. */
function textOf(calibrate = SAMPLES): string {
  if (calibrate === SAMPLES) return SAMPLES;
  const kind = extname(calibrate);
  if (kind === '.txt' || kind === '.jsonl') return `calibration${kind}`;
  throw new LabError(
    'bad-arguments',
    `--calibrate is ${calibrate}; allowed: samples, or a file that ends in .txt or .jsonl.`,
  );
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
