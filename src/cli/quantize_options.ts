import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { LabError } from '../errors.ts';
import { DEFAULT_CALIBRATION, SAMPLES } from '../quant/calibrated/calibration.ts';
import type { QuantConfig } from '../quant/config.ts';
import type { GgufType } from '../quant/gguf.ts';
import { parseConfigs, parseSpec } from '../study/spec.ts';
import { longName } from '../study/view/config_names.ts';
import { own } from '../tensor/own.ts';
import { parseJson } from '../tensor/parse_json.ts';
import type { Arguments } from './arguments.ts';

type Values = Arguments['values'];

/** What a format is asked by beside its name. */
type Option =
  'blocksize' | 'double-quant' | 'group-size' | 'zero-points' | 'act-order' | 'scaling' | 'scale-rule';

/** A format on the command line: the configuration it stands for, and the options it takes. */
interface Row {
  quant_type: QuantConfig['quant_type'];
  /** Knobs that the name stands for. */
  knobs?: Record<string, unknown>;
  options: readonly Option[];
  /** It is made by a text that goes through the model. */
  calibrated?: true;
}

/** A type of llama.cpp's. */
const ggufRow = (gguf_type: GgufType): Row => ({ quant_type: 'gguf', knobs: { gguf_type }, options: [] });

/** Every format that a checkpoint is written in, by its name here. */
const FORMATS: Readonly<Record<string, Row>> = {
  nf4: { quant_type: 'nf4', options: ['blocksize', 'double-quant'] },
  fp4: { quant_type: 'fp4', options: ['blocksize', 'double-quant'] },
  llm_int8: { quant_type: 'llm_int8', options: [] },
  int4: { quant_type: 'int4_group', options: ['group-size', 'zero-points'] },
  nvfp4: { quant_type: 'nvfp4', options: [] },
  mxfp4: { quant_type: 'mxfp4', options: ['scale-rule'] },
  fp8: { quant_type: 'fp8', options: ['scaling'] },
  gptq: { quant_type: 'gptq', options: ['group-size', 'zero-points', 'act-order'], calibrated: true },
  awq: { quant_type: 'awq', options: ['group-size'], calibrated: true },
  hqq: { quant_type: 'hqq', options: ['group-size'] },
  q4_0: ggufRow('Q4_0'),
  q4_1: ggufRow('Q4_1'),
  q8_0: ggufRow('Q8_0'),
  iq4_nl: ggufRow('IQ4_NL'),
  q4_k: ggufRow('Q4_K'),
};

/** The formats that --quant-type names: bitsandbytes' own. */
const BY_QUANT_TYPE = ['nf4', 'fp4', 'llm_int8'];

/** What the format is called by, and the configuration. */
export interface Asked {
  name: string;
  config: QuantConfig;
}

/** The configuration that a command asks for, by a format's name and its options or by a file. @throws bad-arguments, bad-spec */
export async function askedConfig(values: Values): Promise<Asked> {
  const named = (['format', 'quant-type', 'config'] as const).filter(
    (option) => values[option] !== undefined,
  );
  if (named.length > 1) {
    const given = named.map((option) => `--${option}`).join(' and ');
    throw new LabError('bad-arguments', `quantize was given ${given}; allowed: one of them.`);
  }
  if (values.config !== undefined) {
    const config = await readConfig(values.config, values);
    return { name: longName(config), config };
  }
  const { name, row } = rowOf(values);
  return { name, config: configOf(name, row, values) };
}

/** The configuration of a file: the one that it is, or the last of a spec's, where `mix --out` puts the mix. */
async function readConfig(path: string, values: Values): Promise<QuantConfig> {
  const KNOBS = [...OPTIONS, 'skip-modules', 'compute-dtype', 'tokens', 'seed'] as const;
  const other = KNOBS.find((option) => values[option] !== undefined && values[option] !== false);
  if (other) throw new LabError('bad-arguments', `--${other} stands beside --config; the file says it.`);
  const text = await readFile(path, 'utf8').catch(() => {
    throw new LabError(
      'bad-arguments',
      `${path} is no file that can be read; --config takes a configuration or a spec.`,
    );
  });
  try {
    const json = parseJson(text);
    const isSpec = typeof json === 'object' && json !== null && 'configs' in json;
    return isSpec ? parseSpec(json).configs.at(-1)! : parseConfigs([json])[0]!;
  } catch (error) {
    if (error instanceof LabError) throw new LabError(error.code, `${path}: ${error.message}`);
    throw new LabError('bad-spec', `${path} is not JSON: ${(error as Error).message}.`);
  }
}

const OPTIONS: readonly Option[] = [
  ...(['blocksize', 'double-quant', 'group-size', 'zero-points', 'act-order'] as const),
  ...(['scaling', 'scale-rule'] as const),
];

function rowOf({ format, 'quant-type': quant_type }: Values): { name: string; row: Row } {
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
  const config = {
    quant_type,
    ...knobs,
    ...Object.fromEntries(Object.values(given).flatMap((knobs) => Object.entries(knobs ?? {}))),
    ...(calibrated
      ? {
          calibration: {
            text: textOf(values.calibrate),
            tokens: Number(values.tokens ?? DEFAULT_CALIBRATION.tokens),
            seed: Number(values.seed ?? DEFAULT_CALIBRATION.seed),
          },
        }
      : {}),
    ...(values['compute-dtype'] ? { compute_dtype: values['compute-dtype'] } : {}),
    ...(values['skip-modules'] ? { skip_modules: values['skip-modules'].split(',') } : {}),
  };
  return parseConfigs([config])[0]!;
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
