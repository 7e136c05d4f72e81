import { LabError } from '../errors.ts';
import { ROPE_TENSORS } from '../model/gguf/gguf_files.ts';
import {
  architectureFor,
  configEntries,
  needlessKeys,
  requireToldModel,
} from '../model/gguf/write_config.ts';
import { ggufSources, type GgufSource } from '../model/gguf/write_tensors.ts';
import { requireToldTokenizer, tokenizerEntries } from '../model/gguf/write_tokenizer.ts';
import { readTokenizerFiles } from '../model/open_model.ts';
import { readOptionalText } from '../model/read_json.ts';
import { configName, type QuantConfig } from '../quant/config.ts';
import { MADE_TYPES } from '../quant/formats/gguf.ts';
import { layerConfig, layerConfigs } from '../quant/layers.ts';
import { isQuantizing, quantize, requireGroups } from '../quant/quantize.ts';
import { ggmlBlocks, ggmlTypeOf } from '../quant/saved/write_gguf.ts';
import { readGguf, type Gguf } from '../tensor/gguf.ts';
import type { FileSet } from '../tensor/source.ts';
import { fillOf, ggufHead, type TypedValue } from '../tensor/write_gguf.ts';
import type { FileSink, SaveProgress } from './save_checkpoint.ts';
import { openWholeFloats, requireFinite } from './whole_floats.ts';

/** One tensor of the file: what stands in its head, and how its bytes are made. */
interface Job {
  planned: GgufSource['planned'];
  make: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** What llama.cpp calls a file of mostly one type (llama.h, llama_ftype). */
const FILE_TYPES: Readonly<Record<string, number>> = {
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q4_K: 14,
  IQ4_NL: 25,
  MXFP4: 38,
};

/** @throws bad-spec naming a format of a configuration that llama.cpp has no type for, and those it has */
function requireTypes(config: QuantConfig): void {
  const other = layerConfigs(config).find(
    (each) => each.quant_type !== 'none' && ggmlTypeOf(each) === undefined,
  );
  if (!other) return;
  throw new LabError(
    'bad-spec',
    `llama.cpp has no type for ${configName(other)}; allowed in a GGUF file: MXFP4, ${MADE_TYPES.join(', ')}.`,
  );
}

/**
 * Writes a model as one GGUF file that llama.cpp opens: the Linear layers of the blocks quantized, each to its own type;
 * embedding and head in the checkpoint's dtype, vectors in float32; metadata from config.json and the tokenizer's files.
 * The head of the file is read back, as llama.cpp would, before any tensor is written. Memory holds one tensor.
 * @throws unsupported-architecture and bad-tokenizer for what a GGUF file cannot say; bad-spec; all of openWeights'.
 */
export async function saveGguf(
  files: FileSet,
  config: QuantConfig,
  sink: FileSink,
  name: string,
  onProgress: SaveProgress = () => {},
): Promise<void> {
  requireTypes(config);
  const { checkpoint, config: model } = await openWholeFloats(files);
  const row = architectureFor(model);
  const { entries, rope } = configEntries(model);
  const jobs = [
    ...(['all', 'short', 'long'] as const).flatMap((which) => factorsJob(ROPE_TENSORS[which], rope[which])),
    ...ggufSources(checkpoint, model, row.pairwise === true).map((source) => jobOf(source, config)),
  ];
  const tokenizer = await readTokenizerFiles(files);
  const template = await templateOf(files, tokenizer.tokenizer_config);
  const metadata = new Map<string, TypedValue>([
    ['general.architecture', { text: row.name }],
    ['general.type', { text: 'model' }],
    ['general.name', { text: name.replace(/\.gguf$/, '') }],
    ['general.file_type', { u32: FILE_TYPES[ggmlTypeOf(config) ?? ''] ?? 0 }],
    ['general.quantization_version', { u32: 2 }],
    ...entries.map(([key, value]) => [`${row.name}.${key}`, value] as const),
    ...tokenizerEntries(tokenizer, model.vocab_size).map(
      ([key, value]) => [`tokenizer.${key}`, value] as const,
    ),
    ...(template === undefined ? [] : [['tokenizer.chat_template', { text: template }] as const]),
  ]);
  const planned = jobs.map((job) => job.planned);
  for (const key of needlessKeys(name, await readBack(name, metadata, planned), row, rope)) {
    metadata.delete(`${row.name}.${key}`);
  }
  const told = await readBack(name, metadata, planned);
  requireToldModel(name, told, rope, model);
  requireToldTokenizer(tokenizer, name, told, model.vocab_size);

  const file = await sink.open(name);
  await file.write(ggufHead(metadata, planned));
  for (const [i, { make }] of jobs.entries()) {
    const bytes = await make();
    await file.write(bytes);
    await file.write(fillOf(bytes.length));
    onProgress(i + 1, jobs.length);
  }
  await file.close();
}

/** What a file with this head says, its tensors unread. */
function readBack(
  name: string,
  metadata: ReadonlyMap<string, TypedValue>,
  planned: readonly GgufSource['planned'][],
): Promise<Gguf> {
  const head = ggufHead(metadata, planned);
  return readGguf({
    name,
    byteLength: Number.MAX_SAFE_INTEGER,
    slice: (begin, end) => Promise.resolve(head.slice(begin, end)),
  });
}

const factorsJob = (name: string, factors: readonly number[] | undefined): Job[] => {
  if (!factors) return [];
  const values = Float32Array.from(factors);
  const make = () => Promise.resolve(new Uint8Array(values.buffer));
  return [{ planned: { name, type: 'F32', shape: [values.length] }, make }];
};

/** A tensor as it is, or the weight of a Linear layer in the type that its configuration has. */
function jobOf({ planned, module, values, bytes }: GgufSource, config: QuantConfig): Job {
  const own = module && layerConfig(config, module.aliases);
  if (!own || own.quant_type === 'none') return { planned, make: bytes };
  const type = ggmlTypeOf(own);
  if (type === undefined || !isQuantizing(own)) {
    throw new LabError('bad-spec', `llama.cpp has no type for ${configName(own)}.`);
  }
  requireGroups(module.name, module.columns, own);
  return {
    planned: { ...planned, type },
    make: async () => ggmlBlocks(quantize(requireFinite(`${module.name}.weight`, await values()), own), type),
  };
}

/** The template of chats: a file of its own before tokenizer_config.json, where that has just one. */
async function templateOf(files: FileSet, tokenizer_config: unknown): Promise<string | undefined> {
  const own = await readOptionalText(files, 'chat_template.jinja');
  const { chat_template } = (tokenizer_config ?? {}) as { chat_template?: unknown };
  return own ?? (typeof chat_template === 'string' ? chat_template : undefined);
}
