import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { LabError, toFailure, type ErrorCode } from '../errors.ts';
import { footprintRows, footprintText, type FootprintRow } from '../study/footprint_table.ts';
import { parseConfig } from '../model/config.ts';
import { fitWeights } from '../model/open_model.ts';
import { quantizationConfig, type BitsAndBytesSettings } from '../model/quantization_config.ts';
import { readJson, readOptionalJson } from '../model/read_json.ts';
import { openCheckpoint, type Checkpoint } from '../tensor/checkpoint.ts';
import { readHeader, type TensorInfo } from '../tensor/safetensors.ts';
import { parseArguments } from './arguments.ts';
import { diskModel, diskSource } from './disk.ts';

/** An entry of `inspect --json`, one a file. */
interface Verdict {
  file: string;
  ok: boolean;
  error: { code: ErrorCode; message: string } | null;
  warnings: readonly string[];
  metadata: Record<string, string>;
  tensors: TensorInfo[];
  /** Of a config.json, or of the one in a folder. */
  footprints?: FootprintRow[];
}

/** `inspect FILES...`: one verdict each; exit status 2 if any is refused. */
export async function inspect(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, ['json', 'context']);
  const context = Number(values.context ?? 2048);
  if (!(Number.isInteger(context) && context > 0)) {
    throw new LabError('bad-arguments', `--context is ${values.context}; allowed: a number of tokens.`);
  }
  if (positionals.length === 0)
    throw new LabError('bad-arguments', 'inspect was given no file; allowed: one or more.');
  const verdicts: Verdict[] = [];
  for (const file of positionals) verdicts.push(await verdictOf(file));
  if (values.json) console.log(JSON.stringify(verdicts));
  else for (const verdict of verdicts) await print(verdict, context);
  return verdicts.every(({ ok }) => ok) ? 0 : 2;
}

async function verdictOf(file: string): Promise<Verdict> {
  const blank = { file, error: null, warnings: [], metadata: {}, tensors: [] };
  try {
    const json = await configJson(file);
    // Whatever else a config.json says, `run` and `quantize` refuse such a checkpoint for this.
    const settings = quantizationConfig(json);
    if (file.endsWith('.json')) return { ...blank, ok: true, ...footprintsOf(json) };
    const { checkpoint, metadata, tensors, warnings } = await open(file);
    const header = { metadata: Object.fromEntries(metadata), tensors };
    try {
      const found = [...warnings, ...(await fitWarnings(json, settings, checkpoint))];
      return { ...blank, ok: true, warnings: found, ...header, ...footprintsOf(json) };
    } catch (error) {
      const { code } = toFailure(error);
      if (code === 'unsupported-quantization' || code === 'bad-quant-state') throw error;
      // The checkpoint is what it is, whatever else its config.json says.
      return { ...blank, ok: true, warnings: [...warnings, toFailure(error).message], ...header };
    }
  } catch (error) {
    const { code, message } = toFailure(error);
    return { ...blank, ok: false, error: { code, message } };
  }
}

const footprintsOf = (json: unknown): Pick<Verdict, 'footprints'> =>
  json === undefined ? {} : { footprints: footprintRows(parseConfig(json)) };

/** The config.json a path names: the file itself, or the one in a folder that has one. */
async function configJson(path: string): Promise<unknown> {
  if (path.endsWith('.json')) {
    const files = { names: [basename(path)], open: (name: string) => diskSource(path, name) };
    return readJson(files, basename(path));
  }
  if (!(await isFolder(path))) return undefined;
  const files = await diskModel(path);
  return readOptionalJson(files, 'config.json');
}

/** What a folder's config.json and its checkpoint have to say of each other. */
async function fitWarnings(
  json: unknown,
  settings: BitsAndBytesSettings | undefined,
  checkpoint: Checkpoint | undefined,
): Promise<string[]> {
  return json === undefined || !checkpoint ? [] : (await fitWeights(json, settings, checkpoint)).warnings;
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

interface Opened {
  /** Of a folder. */
  checkpoint?: Checkpoint;
  metadata: ReadonlyMap<string, string>;
  tensors: TensorInfo[];
  warnings: readonly string[];
}

async function open(file: string): Promise<Opened> {
  if (await isFolder(file)) {
    const checkpoint = await openCheckpoint(await diskModel(file));
    const { tensors, metadata, warnings } = checkpoint;
    return { checkpoint, metadata, warnings, tensors: [...tensors.values()].map(({ info }) => info) };
  }
  const { metadata, tensors, warnings } = await readHeader(await diskSource(file, basename(file)));
  return { metadata, warnings, tensors: [...tensors] };
}

async function print(
  { file, ok, error, warnings, metadata, tensors, footprints }: Verdict,
  context: number,
): Promise<void> {
  if (!ok) {
    console.log(`${file}: refused (${error!.code}): ${error!.message}`);
    return;
  }
  if (footprints) console.log(`${footprintText(parseConfig(await configJson(file)), context)}\n`);
  if (tensors.length === 0) return;
  const bytes = tensors.reduce((sum, { data_offsets: [begin, end] }) => sum + end - begin, 0);
  console.log(`${file}: ${tensors.length} tensors, ${bytes} bytes of data`);
  warnings.forEach((warning) => console.log(`  warning: ${warning}`));
  Object.entries(metadata).forEach(([key, value]) =>
    console.log(`  ${printable(key)} = ${printable(value)}`),
  );
  const width = Math.max(0, ...tensors.map(({ name }) => printable(name).length));
  for (const { name, dtype, shape } of tensors) {
    console.log(`  ${printable(name).padEnd(width)}  ${dtype.padEnd(4)}  [${shape.join(', ')}]`);
  }
}

/** Names come from anyone: control characters would reach the terminal. */
const printable = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
