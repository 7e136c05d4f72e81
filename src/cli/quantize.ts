import { mkdir } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { LabError } from '../errors.ts';
import { openGpu } from '../gpu/device/device.ts';
import { calibratedLayers } from '../lab/calibrated_layers.ts';
import { openDatasets, type DataPlace } from '../lab/datasets.ts';
import { requireSaved } from '../lab/require_saved.ts';
import { saveCheckpoint } from '../lab/save_checkpoint.ts';
import { saveGguf } from '../lab/save_gguf.ts';
import { openModel } from '../model/open_model.ts';
import type { QuantConfig } from '../quant/config.ts';
import { calibratedFormats } from '../quant/layers.ts';
import { requireWriter } from '../quant/saved/writer.ts';
import { autoClass } from '../study/auto_class.ts';
import type { FileSet } from '../tensor/source.ts';
import { parseArguments, type Arguments } from './arguments.ts';
import { diskModel, diskSource, isGgufPath } from './disk.ts';
import { diskSink } from './disk_sink.ts';
import { nodeGpu } from './node_gpu.ts';
import { askedConfig } from './quantize_options.ts';

type Values = Arguments['values'];

/**
 * `quantize MODEL_DIR --format … --out DIR`: a checkpoint that the format's own tools load, or one GGUF file where --out
 * names one. --config takes a configuration, or a spec's last, in place of --format: layers of several formats.
 */
export async function quantizeCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, [
    ...(['format', 'quant-type', 'config', 'blocksize', 'double-quant', 'group-size'] as const),
    ...(['zero-points', 'act-order', 'scaling', 'scale-rule', 'calibrate', 'tokens', 'seed'] as const),
    ...(['compute-dtype', 'skip-modules', 'out'] as const),
  ]);
  const [folder] = positionals;
  if (!folder || positionals.length > 1) {
    throw new LabError(
      'bad-arguments',
      `quantize was given ${positionals.length} model folders; allowed: one.`,
    );
  }
  const { out } = values;
  if (!out)
    throw new LabError('bad-arguments', 'quantize was given no --out; it needs a folder to write to.');
  const { name, config } = await askedConfig(values);
  const write = isGgufPath(out) ? writeGguf : writeFolder;
  const opener = await write(await diskModel(folder), config, { ...values, out });
  console.log(`${out}: ${name}, ready for ${opener}`);
  return 0;
}

type Given = Values & { out: string };

/** One file for llama.cpp. Returns who opens it, as writeFolder does. */
async function writeGguf(files: FileSet, config: QuantConfig, { out }: Given): Promise<string> {
  await mkdir(dirname(out), { recursive: true });
  await saveGguf(files, config, diskSink(dirname(out)), basename(out), shown('tensors'));
  ended();
  await requireSaved(await diskModel(out), config);
  return 'llama.cpp';
}

/** A folder for the tool of a configuration's formats. */
async function writeFolder(files: FileSet, config: QuantConfig, { out, calibrate }: Given): Promise<string> {
  const { tool, opener } = requireWriter(config);
  const [calibrated] = calibratedFormats(config);
  const made = calibrated
    ? await calibratedLayers(
        await openGpu(await nodeGpu()),
        await openModel(files),
        config,
        calibrated.calibration,
        openDatasets([placeOf(calibrate)], []),
        shown('steps'),
      )
    : undefined;
  await mkdir(out, { recursive: true });
  await saveCheckpoint(files, config, diskSink(out), shown('tensors'), undefined, made);
  ended();
  const { architecture } = await requireSaved(await diskModel(out), config);
  return tool === 'bitsandbytes' ? `${autoClass(architecture)}.from_pretrained` : opener;
}

const shown = (what: string) => (done: number, total: number) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total} ${what}   `);
};

const ended = () => {
  if (process.stderr.isTTY) process.stderr.write('\n');
};

/** The file of --calibrate, under the name that the configuration has for it. */
const placeOf = (path: string | undefined): DataPlace => ({
  source: 'folder',
  where: path ?? 'no file',
  open: (name) =>
    path !== undefined && name === `calibration${extname(path)}`
      ? diskSource(path, name)
      : Promise.resolve(undefined),
});
