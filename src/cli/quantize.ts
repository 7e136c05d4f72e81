import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import { requireSaved } from '../lab/require_saved.ts';
import { saveCheckpoint, type FileSink } from '../lab/save_checkpoint.ts';
import { type SavableConfig } from '../quant/bitsandbytes_format.ts';
import { FORMAT_ROWS } from '../quant/config.ts';
import { autoClass } from '../study/auto_class.ts';
import { parseConfigs } from '../study/spec.ts';
import { parseArguments } from './arguments.ts';
import { diskModel } from './disk.ts';

/** `quantize MODEL_DIR --quant-type … --out DIR`: a checkpoint that transformers loads with bitsandbytes. */
export async function quantizeCommand(args: string[]): Promise<number> {
  const allowed = [
    'quant-type',
    'blocksize',
    'double-quant',
    'compute-dtype',
    'skip-modules',
    'out',
  ] as const;
  const { values, positionals } = parseArguments(args, allowed);
  const [folder] = positionals;
  if (!folder || positionals.length > 1) {
    throw new LabError(
      'bad-arguments',
      `quantize was given ${positionals.length} model folders; allowed: one.`,
    );
  }
  if (!values.out)
    throw new LabError('bad-arguments', 'quantize was given no --out; it needs a folder to write to.');
  const config = savable(values);
  await mkdir(values.out, { recursive: true });
  await saveCheckpoint(await diskModel(folder), config, diskSink(values.out), (done, total) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total} tensors`);
  });
  if (process.stderr.isTTY) process.stderr.write('\n');
  const { architecture } = await requireSaved(await diskModel(values.out), config);
  console.log(`${values.out}: ${config.quant_type}, ready for ${autoClass(architecture)}.from_pretrained`);
  return 0;
}

const SAVABLE: readonly string[] = FORMAT_ROWS.filter(({ saved }) => saved === 'bitsandbytes').map(
  ({ quant_type }) => quant_type,
);

function savable(values: ReturnType<typeof parseArguments>['values']): SavableConfig {
  const quant_type = values['quant-type'];
  if (quant_type === undefined || !SAVABLE.includes(quant_type)) {
    throw new LabError(
      'bad-arguments',
      `--quant-type is ${quant_type ?? 'missing'}; allowed: ${SAVABLE.join(', ')}.`,
    );
  }
  const blockwise = {
    ...(values.blocksize === undefined ? {} : { blocksize: Number(values.blocksize) }),
    ...(values['double-quant'] ? { double_quant: true } : {}),
  };
  const config = {
    quant_type,
    ...blockwise,
    ...(values['compute-dtype'] ? { compute_dtype: values['compute-dtype'] } : {}),
    ...(values['skip-modules'] ? { skip_modules: values['skip-modules'].split(',') } : {}),
  };
  return parseConfigs([config])[0] as SavableConfig;
}

/** A folder on disk as a sink. */
const diskSink = (folder: string): FileSink => ({
  async open(name) {
    const file = await open(join(folder, name), 'w');
    return {
      async write(bytes) {
        await file.write(bytes);
      },
      close: () => file.close(),
    };
  },
});
