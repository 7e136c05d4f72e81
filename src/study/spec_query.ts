import { LabError } from '../errors.ts';
import type { Calibration } from '../quant/calibrated/calibration.ts';
import { formatOf, type QuantConfig } from '../quant/config.ts';
import { FORMATS } from '../quant/formats.ts';
import { KNOBS, type Knob } from '../quant/knobs.ts';
import type { LayerRule } from '../quant/layers.ts';
import type { AdapterRef, ExperimentSpec, ModelRef, TaskSpec } from './spec.ts';

/** One kind of value: how a person reads it in an address, and back. What is not allowed is left to parseSpec. */
interface Kind {
  print: (value: unknown) => string;
  parse: (text: string) => unknown;
}

const text: Kind = { print: (value) => escape(String(value)), parse: unescape };
const number: Kind = { print: String, parse: (written) => (isNumber(written) ? Number(written) : written) };
const flag: Kind = { print: String, parse: (written) => FLAGS.get(written) ?? written };
const listOf = ({ print, parse }: Kind): Kind => ({
  print: (value) => (value as unknown[]).map(print).join('/'),
  parse: (written) => written.split('/').map(parse),
});

/** `mini_text/2048/0`: the text, the tokens, the seed. */
const calibration: Kind = {
  print(value) {
    const { text: of, tokens, seed } = value as Calibration;
    return [of, tokens, seed].map(text.print).join('/');
  },
  parse(written) {
    const [of = '', tokens = '', seed = '', ...rest] = written.split('/');
    // More than three parts are refused as a text that there is none of.
    const whole = rest.length > 0 ? written : of;
    return {
      text: text.parse(whole),
      ...(tokens && { tokens: number.parse(tokens) }),
      ...(seed && { seed: number.parse(seed) }),
    };
  },
};

/** `down_proj/o_proj@int8@granularity=tensor//lm_head@none`: the layers, their format, its knobs; several parted by two strokes. */
const layers: Kind = {
  print: (value) =>
    (value as LayerRule[])
      .map(({ modules, as: { quant_type, ...knobs } }) => {
        const format = printKnobs(quant_type, CONFIG_KNOBS, knobs, FORMATS[quant_type].knobs, '@');
        return `${listOf(text).print(modules)}@${format}`;
      })
      .join('//'),
  parse: (written) =>
    written.split('//').map((rule) => {
      const [modules = '', format = ''] = splitAt(rule, '@');
      return { modules: listOf(text).parse(modules), as: readKnobs('quant_type', CONFIG_KNOBS, format, '@') };
    }),
};

const FLAGS = new Map([
  ['true', true],
  ['false', false],
]);
const isNumber = (written: string) => /^-?\d+(\.\d+)?(e-?\d+)?$/.test(written);

type Knobs = Record<string, Kind>;

/** The way a knob's value is written in a link. */
function kindOf(knob: Knob): Kind {
  switch (knob.kind) {
    case 'choice':
      return typeof knob.allowed[0] === 'number' ? number : text;
    case 'flag':
      return flag;
    case 'number':
      return number;
    case 'numbers':
      return listOf(number);
    case 'calibration':
      return calibration;
    case 'repo':
      return text;
    case 'modules':
      return listOf(text);
    case 'layers':
      return layers;
  }
}

/** The knobs of a configuration beside its quant_type. */
const CONFIG_KNOBS: Knobs = Object.fromEntries(
  Object.entries(KNOBS).map(([name, knob]) => [name, kindOf(knob)]),
);

/** The knobs of a task beside its name. */
const TASK_KNOBS: Knobs = {
  split: text,
  limit: number,
  doc_ids: listOf(number),
  num_fewshot: number,
  apply_chat_template: flag,
  fewshot_as_multiturn: flag,
  system_instruction: text,
  file: text,
};

/**
 * A spec as the query of an address that a person can read and change by hand:
 * `title=NF4+or+FP4&model=nibble-tiny&configs=none,nf4:blocksize=128,fp4&tasks=mini_arc:limit=200&seed=7`.
 * Only what differs from its default is written: the defaults of spec.ts are a part of every link ever sent.
 */
export function printSpec({ title, model, configs, tasks, on_error, seed }: ExperimentSpec): string {
  const parts = [
    ...(title ? [`title=${escape(title)}`] : []),
    `model=${printSource(model)}`,
    ...(model.adapter ? [`adapter=${printSource(model.adapter)}`] : []),
    `configs=${configs.map(printConfig).join(',')}`,
    `tasks=${tasks.map(printTask).join(',')}`,
    ...(on_error ? [`on_error=${on_error}`] : []),
    // Always, and last: without it a link was cut off, and one that ends in a digit is found whole in any text.
    `seed=${seed}`,
  ];
  return parts.join('&');
}

/**
 * Reads a readable query as a spec that parseSpec has yet to check.
 * @throws bad-link for a key that nothing has or that is there twice, a link cut off, and a broken escape.
 */
export function readSpec(query: string): unknown {
  const given = keysAndValues(
    query.split('&').map((part) => part.trim()),
    Object.keys(PARTS),
    'The link',
  );
  if (!given.has('seed')) {
    throw new LabError('bad-link', 'The link has no seed, its last part: it may have been cut off.');
  }
  const { adapter, model, ...rest } = Object.fromEntries(
    [...given].map(([key, written]) => [key, PARTS[key]!(written)]),
  );
  const whole = adapter === undefined ? model : { ...(model as object), adapter };
  return { version: 1, ...rest, model: whole };
}

const PARTS: Record<string, (written: string) => unknown> = {
  version: number.parse,
  title: unescape,
  model: readSource,
  adapter: readSource,
  configs: (written) =>
    withoutBlanks(unescapeMarks(written))
      .split(',')
      .map((one) => readKnobs('quant_type', CONFIG_KNOBS, one)),
  // The path of a file, and an instruction, may hold escaped marks of its own.
  tasks: (written) =>
    (/(file|system_instruction)(=|%3d)/i.test(written) ? written : withoutBlanks(unescapeMarks(written)))
      .split(',')
      .map((one) => readKnobs('task', TASK_KNOBS, one)),
  on_error: (written) => unescape(withoutBlanks(written)),
  seed: (written) => number.parse(withoutBlanks(written)),
};

/** What has no blanks in it has none; a chat breaks lines and puts a blank behind a comma. */
const withoutBlanks = (written: string): string =>
  written.replace(/\s|%20|%c2%a0/gi, '').replace(/\++(?=[,:=/&]|$)|(?<=[,:=/&]|^)\++/g, '');

/** `nibble-tiny`, `hub:owner/name@revision`, `hub:owner/name/file.gguf@revision`, `local:a folder's name`. */
function printSource(ref: ModelRef | AdapterRef): string {
  switch (ref.source) {
    case 'bundled':
      return escape(ref.name);
    case 'hub':
      return `hub:${ref.repo}${'file' in ref && ref.file ? `/${ref.file}` : ''}${ref.revision === 'main' ? '' : `@${ref.revision}`}`;
    case 'local':
      return `local:${escape(ref.name)}`;
  }
}

function readSource(decorated: string): unknown {
  const given = decorated.replace(/^(\s|%20)+/, '');
  if (/^https?(:|%3a)/i.test(given)) return { source: 'hub', repo: unescape(given) };
  const written = given.replace(/^local%3a/i, 'local:').replace(/^hub(:|%3a).*$/i, unescapeMarks);
  const [source, name = ''] = splitAt(written, ':');
  if (source === 'local') return { source, name: unescape(name) };
  if (source !== 'hub') return { source: 'bundled', name: unescape(written) };
  const [repo, revision] = splitAt(name, '@');
  return { source, repo, ...(revision === undefined ? {} : { revision }) };
}

function printConfig(config: QuantConfig): string {
  const { quant_type, ...knobs } = config;
  return printKnobs(quant_type, CONFIG_KNOBS, knobs, formatOf(config).knobs);
}

const printTask = ({ task, ...knobs }: TaskSpec): string => printKnobs(task, TASK_KNOBS, knobs, {});

function printKnobs(
  name: string,
  kinds: Knobs,
  knobs: object,
  defaults: Record<string, unknown>,
  mark = ':',
): string {
  const given = knobs as Record<string, unknown>;
  const written = Object.entries(kinds)
    .filter(([key, { print }]) => given[key] !== undefined && !isDefault(print, given[key], defaults[key]))
    .map(([key, { print }]) => `${mark}${key}=${print(given[key])}`);
  return name + written.join('');
}

const isDefault = (print: Kind['print'], value: unknown, preset: unknown): boolean =>
  value === preset || (preset !== undefined && print(value) === print(preset));

/** `nf4:blocksize=128` as `{quant_type: 'nf4', blocksize: 128}`. */
function readKnobs(nameKey: string, kinds: Knobs, written: string, mark = ':'): object {
  const [name = '', ...knobs] = written.split(mark);
  const given = keysAndValues(knobs, Object.keys(kinds), unescape(name));
  return {
    [nameKey]: unescape(name),
    ...Object.fromEntries([...given].map(([key, value]) => [key, kinds[key]!.parse(value)])),
  };
}

function keysAndValues(parts: string[], allowed: string[], where: string): Map<string, string> {
  const given = new Map<string, string>();
  for (const part of parts) {
    const [key, value = ''] = splitAt(part, '=');
    if (!allowed.includes(key)) {
      throw new LabError('bad-link', `${where} has ${key}; allowed: ${allowed.join(', ')}.`);
    }
    if (given.has(key)) throw new LabError('bad-link', `${where} has ${key} twice; allowed: once.`);
    given.set(key, value);
  }
  return given;
}

function splitAt(written: string, mark: string): [string, string?] {
  const at = written.indexOf(mark);
  return at < 0 ? [written] : [written.slice(0, at), written.slice(at + 1)];
}

/** Escapes every character that a link, a chat program or a shell treats specially. */
function escape(value: string): string {
  return encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd'))
    .replaceAll('%20', '+')
    .replace(/[!'()*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The marks between the parts of a link, which some programs escape though they need not. */
const unescapeMarks = (written: string): string => written.replace(/%(2c|3a|3d|2f|40)/gi, decodeURIComponent);

function unescape(written: string): string {
  try {
    return decodeURIComponent(written.replaceAll('+', ' '));
  } catch {
    throw new LabError('bad-link', `The link is damaged: ${written} has a broken escape.`);
  }
}
