import * as v from 'valibot';
import { ASKED_ROWS, formatOf, knobOf, LAYER_ROWS, type QuantConfig } from '../quant/config.ts';
import { NO_EXCEPTIONS, type Format } from '../quant/formats/format.ts';
import { ENGINES } from '../quant/formats/peer.ts';
import type { Knob, KnobName } from '../quant/knobs.ts';
import { TASKS } from '../eval/tasks/tasks.ts';
import {
  CALIBRATION_TOKENS,
  DEFAULT_CALIBRATION,
  OWN_TEXT,
  SAMPLES,
} from '../quant/calibrated/calibration.ts';
import { own } from '../tensor/own.ts';
import { allowedList, oneOf } from './allowed.ts';

const between = (least: number, most: number, allowed: string) =>
  v.pipe(
    v.number(allowed),
    v.check((x) => x >= least && x <= most, allowed),
  );

const whole = (least: number, most: number) =>
  v.pipe(
    between(least, most, `a whole number from ${least} to ${most}`),
    v.integer(`a whole number from ${least} to ${most}`),
  );

/** Hub names are owner/name; nothing else may reach a URL. */
export const repoName = v.pipe(
  v.string('a Hub repository, owner/name'),
  v.regex(/^[\w.-]{1,96}\/[\w.-]{1,96}$/, 'a Hub repository, owner/name'),
  // An address takes "." and ".." as steps.
  v.check((repo) => !repo.includes('..') && !/(^|\/)\./.test(repo), 'a Hub repository, owner/name'),
);

/** The text a calibrated format is made by. */
const CALIBRATION_TEXT = `"${SAMPLES}", a task's name, or a file of the data folder: letters, digits, "_" and "-", ending in .txt or .jsonl`;
const calibration = v.strictObject({
  text: v.pipe(
    v.string(CALIBRATION_TEXT),
    v.check(
      (text) => text === SAMPLES || Object.hasOwn(TASKS, text) || OWN_TEXT.test(text),
      CALIBRATION_TEXT,
    ),
  ),
  tokens: v.optional(whole(CALIBRATION_TOKENS.least, CALIBRATION_TOKENS.most), DEFAULT_CALIBRATION.tokens),
  seed: v.optional(whole(0, 2 ** 32 - 1), DEFAULT_CALIBRATION.seed),
});

const moduleName = v.pipe(v.string('a module name'), v.regex(/^[\w.]{1,200}$/, 'a module name'));
const modules = v.pipe(
  v.array(moduleName, 'a list of module names'),
  v.minLength(1, 'at least one module name'),
);

/** Layers in formats of their own: lazily, since those formats have knobs in their turn. */
const layers = v.pipe(
  v.array(
    v.strictObject({ modules, as: v.lazy(() => layerFormat) }),
    'a list of layers and their formats: {"modules": ["down_proj"], "as": {"quant_type": "int8"}}',
  ),
  v.minLength(1, 'at least one line'),
);

/** The values that a knob may have. */
function knobSchema(knob: Knob): v.GenericSchema {
  switch (knob.kind) {
    case 'choice':
      return oneOf(knob.allowed);
    case 'flag':
      return v.boolean('true or false');
    case 'number':
      return between(knob.least, knob.most, `a number from ${knob.least} to ${knob.most}`);
    case 'numbers': {
      const each = between(knob.least, knob.most, `a number in [${knob.least}, ${knob.most}]`);
      return v.pipe(v.array(each, knob.allowed), v.length(knob.length, knob.allowed));
    }
    case 'calibration':
      return calibration;
    case 'repo':
      return repoName;
    case 'modules':
      return modules;
    case 'layers':
      return layers;
  }
}

/** Kinds of knobs that may be left out where they have no default. */
const OPTIONAL: ReadonlySet<Knob['kind']> = new Set(['modules', 'layers', 'repo']);

/** A format's configurations: its knobs in their order, filled in where they have a default. */
function rowSchema(row: Format<QuantConfig>, without: readonly string[] = []) {
  const { quant_type, knobs } = row;
  const entries = Object.entries(knobs)
    .filter(([name]) => !without.includes(name))
    .map(([name, preset]): [string, v.GenericSchema] => {
      const knob = knobOf(row, name as KnobName);
      const schema = knobSchema(knob);
      if (preset !== undefined) return [name, v.optional(schema, preset)];
      return [name, OPTIONAL.has(knob.kind) ? v.optional(schema) : schema];
    });
  return v.strictObject({ quant_type: v.literal(quant_type), ...Object.fromEntries(entries) });
}

/** The format of single layers: they compute as the whole configuration does, and except nothing in their turn. */
const layerFormat = v.variant(
  'quant_type',
  LAYER_ROWS.map((row) => rowSchema(row, ['compute_dtype', ...Object.keys(NO_EXCEPTIONS)])),
  allowedList(LAYER_ROWS.map(({ quant_type }) => quant_type)),
);

/** `{"peer": "transformers.js", …}` says by its engine what it is, and of which type its file is unless that is named. */
function peerByName(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || !('peer' in json) || 'quant_type' in json) return json;
  const engine = typeof json.peer === 'string' ? own(ENGINES, json.peer) : undefined;
  return { quant_type: 'peer', ...(engine && { dtype: engine.usual }), ...json };
}

/** A configuration of any format, from untrusted JSON. */
export const configSchema = v.pipe(
  v.unknown(),
  v.transform(peerByName),
  v.variant(
    'quant_type',
    ASKED_ROWS.map((row) => rowSchema(row)),
    allowedList(ASKED_ROWS.map(({ quant_type }) => quant_type)),
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const config = dataset.value as QuantConfig;
    const choices = formatOf(config).choicesBeside?.(config) ?? {};
    for (const [key, allowed] of Object.entries(choices)) {
      const value = (config as unknown as Record<string, string | number>)[key]!;
      if (allowed.includes(value)) continue;
      const path = { type: 'object', origin: 'value', input: dataset.value, key, value } as const;
      addIssue({ input: value, message: allowedList(allowed), path: [path] });
    }
  }),
) as unknown as v.GenericSchema<unknown, QuantConfig>;

/** The keys a configuration of this quant_type may have, in order; none where there is no such format. */
export function configKeys(quant_type: unknown): string[] {
  const row = ASKED_ROWS.find((format) => format.quant_type === quant_type);
  return row ? ['quant_type', ...Object.keys(row.knobs)] : [];
}
