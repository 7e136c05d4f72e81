import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { LabError, toFailure, type ErrorCode } from '../errors.ts';
import { openCheckpoint } from '../tensor/checkpoint.ts';
import { readHeader, type TensorInfo } from '../tensor/safetensors.ts';
import { parseArguments } from './arguments.ts';
import { diskFiles, diskSource } from './disk.ts';

/** What `inspect --json` says of each file. */
interface Verdict {
  file: string;
  ok: boolean;
  error: { code: ErrorCode; message: string } | null;
  warnings: readonly string[];
  metadata: Record<string, string>;
  tensors: TensorInfo[];
}

/** `inspect FILES...`: one verdict each; exit status 2 if any is refused. */
export async function inspect(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, ['json']);
  if (positionals.length === 0)
    throw new LabError('bad-arguments', 'inspect was given no file; allowed: one or more.');
  const verdicts: Verdict[] = [];
  for (const file of positionals) verdicts.push(await verdictOf(file));
  if (values.json) console.log(JSON.stringify(verdicts));
  else verdicts.forEach(print);
  return verdicts.every(({ ok }) => ok) ? 0 : 2;
}

async function verdictOf(file: string): Promise<Verdict> {
  try {
    const { metadata, tensors, warnings } = await open(file);
    return { file, ok: true, error: null, warnings, metadata: Object.fromEntries(metadata), tensors };
  } catch (error) {
    const { code, message } = toFailure(error);
    return { file, ok: false, error: { code, message }, warnings: [], metadata: {}, tensors: [] };
  }
}

interface Opened {
  metadata: ReadonlyMap<string, string>;
  tensors: TensorInfo[];
  warnings: readonly string[];
}

async function open(file: string): Promise<Opened> {
  if ((await stat(file).catch(() => undefined))?.isDirectory()) {
    const { tensors, metadata, warnings } = await openCheckpoint(await diskFiles(file));
    return { metadata, warnings, tensors: [...tensors.values()].map(({ info }) => info) };
  }
  const { metadata, tensors, warnings } = await readHeader(await diskSource(file, basename(file)));
  return { metadata, warnings, tensors: [...tensors] };
}

function print({ file, ok, error, warnings, metadata, tensors }: Verdict): void {
  if (!ok) {
    console.log(`${file}: refused (${error!.code}): ${error!.message}`);
    return;
  }
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
