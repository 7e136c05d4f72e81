import { LabError } from '../errors.ts';
import { measureMix } from '../lab/mix.ts';
import { CALIBRATION_TOKENS, type Calibration } from '../quant/calibrated/calibration.ts';
import { configOfMix, MIX_CALIBRATION, mixesOf, type SizedMix } from '../study/mix.ts';
import { longName } from '../study/view/config_names.ts';
import { bitsText, bytes, count, natsText } from '../study/view/format.ts';
import { adaptersOf, parseArguments, type Arguments } from './arguments.ts';
import { nodeHost } from './node_host.ts';
import { numberOption, wholeOption } from './numbers.ts';
import { requireWritable, writeWhole } from './output_file.ts';
import { readSpec } from './read_spec.ts';

/**
 * `mix SPEC --bits 5`, or `--megabytes 300` for the whole model: the best mix of the formats of a spec's configurations
 * by layer. Each layer is switched alone to each format, on a text (--calibrate, --tokens, --seed). --out writes the
 * spec with the mix as one more configuration, to be run and compared.
 */
export async function mixCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, [
    ...(['bits', 'megabytes', 'calibrate', 'tokens', 'seed', 'model', 'adapter', 'lora', 'data'] as const),
    ...(['out', 'json'] as const),
  ]);
  const [source] = positionals;
  if (source === undefined || positionals.length > 1) {
    throw new LabError('bad-arguments', `mix was given ${positionals.length} specs; allowed: one.`);
  }
  const fits = budgetOf(values);
  const calibration = calibrationOf(values);
  if (values.out !== undefined) requireWritable(values.out);
  const spec = await readSpec(source);
  const { choice, lora } = adaptersOf(values);
  const moving = process.stderr.isTTY;
  const measured = await measureMix(
    spec,
    calibration,
    nodeHost({ ...values, adapter: lora }, undefined, { choice }),
    (done, total, what) => {
      if (moving) process.stderr.write(`\r\x1b[2K${done} of ${total} ${what}`);
      return Promise.resolve();
    },
    new AbortController().signal,
  );
  if (moving) process.stderr.write('\r\x1b[2K');
  const mixes = mixesOf(measured);
  const compute_dtype = spec.configs.at(-1)!.compute_dtype;
  const chosen = mixes.findLast(fits);
  if (!chosen) {
    throw new LabError(
      'bad-arguments',
      `The smallest mix of these formats has ${bitsText(mixes[0]!.bits_per_weight)} bits a weight, and the model ${bytes(mixes[0]!.model_bytes)} with it; allowed: a budget of at least that.`,
    );
  }
  const config = configOfMix(measured, chosen, compute_dtype);
  const mixed = { ...spec, configs: [...spec.configs, config] };
  if (values.out !== undefined) writeWhole(values.out, `${JSON.stringify(mixed, null, 1)}\n`);
  if (values.json) console.log(JSON.stringify({ measured, mixes, chosen, config, spec: mixed }));
  else {
    const rows = thinned(mixes, chosen);
    console.log(
      [
        `Each of ${count(measured.layers.length, 'layer')} alone in each of ${count(measured.formats.length, 'format')}, on ${count(measured.tokens, 'token')} of ${calibration.text}:`,
        '',
        '  bits a weight   the model   KL by layers added up',
        ...rows.map(
          (mix) =>
            `${mix === chosen ? '>' : ' '} ${bitsText(mix.bits_per_weight).padStart(13)} ${bytes(mix.model_bytes).padStart(11)}   ${natsText(mix.loss)}`,
        ),
        '',
        `The best within the budget: ${longName(config)}.`,
        'Losses of layers are taken to add up; a run tells what the mix loses as a whole.',
      ].join('\n'),
    );
  }
  return 0;
}

/** Rows a terminal shows of the frontier. */
const MOST_ROWS = 14;

const thinned = (mixes: readonly SizedMix[], chosen: SizedMix): SizedMix[] => {
  const step = Math.max(1, Math.ceil(mixes.length / MOST_ROWS));
  return mixes.filter((mix, i) => i % step === 0 || i === mixes.length - 1 || mix === chosen);
};

function budgetOf({ bits, megabytes }: Arguments['values']): (mix: SizedMix) => boolean {
  if ((bits === undefined) === (megabytes === undefined)) {
    throw new LabError('bad-arguments', 'mix takes one budget; allowed: --bits or --megabytes.');
  }
  const most = numberOption(bits === undefined ? 'megabytes' : 'bits', (bits ?? megabytes)!, 1e9);
  return bits === undefined
    ? ({ model_bytes }) => model_bytes <= 1e6 * most
    : ({ bits_per_weight }) => bits_per_weight <= most;
}

const calibrationOf = ({ calibrate, tokens, seed }: Arguments['values']): Calibration => ({
  text: calibrate ?? MIX_CALIBRATION.text,
  tokens:
    tokens === undefined
      ? MIX_CALIBRATION.tokens
      : wholeOption('tokens', tokens, CALIBRATION_TOKENS.least, CALIBRATION_TOKENS.most),
  seed: seed === undefined ? MIX_CALIBRATION.seed : wholeOption('seed', seed, 0, 2 ** 32 - 1),
});
