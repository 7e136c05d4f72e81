import { LabError } from '../errors.ts';
import {
  expectEnd,
  nextKind,
  openText,
  quote,
  readNumber,
  readObject,
  readString,
  skipValue,
} from './json.ts';
import {
  readHeader,
  readRows,
  readTensor,
  readTensorBytes,
  type Header,
  type TensorInfo,
} from './safetensors.ts';
import type { ByteSource, FileSet } from './source.ts';
import type { Tensor } from './tensor.ts';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** An index is one line per tensor, like a header, and gets a header's usual limit. */
const MAX_INDEX_BYTES = 25_000_000;

/** The largest published models have under 300 shards; each one costs a request before anything is shown. */
const MAX_SHARDS = 1000;

/** Browsers open six connections to a host; more requests would only wait. */
const SHARDS_AT_ONCE = 6;

/** One safetensors file of a checkpoint. */
export interface Shard {
  readonly name: string;
  readonly source: ByteSource;
  readonly header: Header;
}

/** A tensor of a checkpoint and the shard that holds it. */
export interface CheckpointTensor {
  readonly info: TensorInfo;
  readonly shard: Shard;
}

/** A model's weights over one file or several: `checkpoint.tensors.get('lm_head.weight')`. Only headers were read. */
export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/** What the index file says: `weight_map` is tensor name -> shard name, `total_size` bytes if it is given. */
interface Index {
  weight_map: Map<string, string>;
  total_size: number | undefined;
}

/**
 * Opens `model.safetensors`, or the shards of `model.safetensors.index.json`, or the only safetensors file there is.
 * An index is only asked which shards there are, as transformers does: where it places a tensor elsewhere, or lists
 * one that no shard has, that is a warning, and a tensor the model needs and lacks is refused when it is asked for.
 * A tensor in several shards must be the same in each, or it throws 'shard-mismatch': transformers would take it from
 * the shard whose name comes last. A shard's name with a path in it is 'bad-shard-name'; a file that is not there
 * 'missing-file'. A wrong `total_size` is a warning.
 */
export async function openCheckpoint(
  files: FileSet,
  options: { maxHeaderBytes?: number } = {},
): Promise<Checkpoint> {
  if (files.checkpoint) return files.checkpoint();
  const warnings: string[] = [];
  const { names } = files;
  if (!names.includes(SINGLE) && names.includes(INDEX)) {
    const index = await readIndex(await files.open(INDEX));
    const shards = await openShards(files, shardNames(index, names), options, warnings);
    return join(shards, index, warnings);
  }
  if (names.includes(INDEX)) warnings.push(`${SINGLE} is read and ${INDEX} is not, as transformers does`);
  const shards = await openShards(files, [singleName(names)], options, warnings);
  return join(shards, undefined, warnings);
}

function singleName(names: readonly string[]): string {
  if (names.includes(SINGLE)) return SINGLE;
  const candidates = names.filter((name) => name.endsWith('.safetensors'));
  if (candidates.length === 1) return candidates[0]!;
  const found =
    candidates.length > 1
      ? `${candidates.length} safetensors files without an index`
      : `${names.length} other files`;
  throw new LabError('missing-file', `found ${found}; allowed: ${SINGLE}, or ${INDEX} with its shards`);
}

async function readIndex(source: ByteSource): Promise<Index> {
  const { name, byteLength } = source;
  if (byteLength > MAX_INDEX_BYTES) {
    throw new LabError('bad-index', `${name} has ${byteLength} bytes; allowed: ${MAX_INDEX_BYTES}`);
  }
  return parseIndex(name, await source.slice(0, byteLength));
}

function parseIndex(name: string, bytes: Uint8Array): Index {
  const cursor = openText(bytes, name, { encoding: 'bad-index', syntax: 'bad-index', depth: 'bad-index' });
  const expectObject = (owner: string) => {
    if (nextKind(cursor) === 'object') return;
    throw new LabError('bad-index', `${owner} is ${skipValue(cursor)}; allowed: an object`);
  };
  let weight_map: Map<string, string> | undefined;
  let total_size: number | undefined;
  expectObject(name);
  readObject(
    cursor,
    () => 'the index',
    (key) => {
      if (key === 'weight_map') {
        const map = (weight_map = new Map<string, string>());
        expectObject(`weight_map of ${name}`);
        readObject(
          cursor,
          () => 'weight_map',
          (tensor) => {
            if (nextKind(cursor) !== 'string') {
              const found = `${quote(tensor)}: ${skipValue(cursor)}`;
              throw new LabError(
                'bad-index',
                `weight_map of ${name} has ${found}; allowed: the name of a shard`,
              );
            }
            map.set(tensor, readString(cursor));
          },
        );
      } else if (key === 'metadata' && nextKind(cursor) === 'object') {
        readObject(
          cursor,
          () => 'metadata',
          (field) => {
            if (field === 'total_size' && nextKind(cursor) === 'number')
              total_size = Number(readNumber(cursor));
            else skipValue(cursor);
          },
        );
      } else skipValue(cursor);
    },
  );
  expectEnd(cursor);
  if (!weight_map?.size) {
    throw new LabError(
      'bad-index',
      `${name} has no weight_map with tensors; allowed: tensor names -> shard names`,
    );
  }
  return { weight_map, total_size };
}

function shardNames({ weight_map }: Index, names: readonly string[]): string[] {
  const shards = [...new Set(weight_map.values())];
  if (shards.length > MAX_SHARDS) {
    throw new LabError('bad-index', `${INDEX} names ${shards.length} shards; allowed: ${MAX_SHARDS}`);
  }
  for (const shard of shards) {
    // A plain file name: no folder, drive or scheme, no way up, nothing hidden.
    if (
      shard.length > 255 ||
      !/^[A-Za-z0-9_][A-Za-z0-9_.-]*\.safetensors$/.test(shard) ||
      shard.includes('..')
    ) {
      throw new LabError(
        'bad-shard-name',
        `${INDEX} names a shard ${quote(shard)}; allowed: letters, digits, _ - . and the ending .safetensors`,
      );
    }
    if (!names.includes(shard)) {
      throw new LabError('missing-file', `${INDEX} names the shard ${shard}, which is not among the files`);
    }
  }
  return shards;
}

async function openShards(
  files: FileSet,
  names: readonly string[],
  options: { maxHeaderBytes?: number },
  warnings: string[],
): Promise<Shard[]> {
  const shards: Shard[] = [];
  for (let i = 0; i < names.length; i += SHARDS_AT_ONCE) {
    const opening = names.slice(i, i + SHARDS_AT_ONCE).map(async (name) => {
      const source = await files.open(name);
      return { name, source, header: await readHeader(source, options) };
    });
    shards.push(...(await Promise.all(opening)));
  }
  for (const { header } of shards) warnings.push(...header.warnings);
  return shards;
}

async function join(
  shards: readonly Shard[],
  index: Index | undefined,
  warnings: string[],
): Promise<Checkpoint> {
  const tensors = new Map<string, CheckpointTensor>();
  const metadata = new Map<string, string>();
  const unlisted: string[] = [];
  const elsewhere: string[] = [];
  const repeated: string[] = [];
  let bytes = 0;
  for (const shard of shards) {
    const { name, header } = shard;
    for (const [key, value] of header.metadata) if (!metadata.has(key)) metadata.set(key, value);
    for (const info of header.tensors) {
      bytes += info.data_offsets[1] - info.data_offsets[0];
      const found = { info, shard };
      const first = tensors.get(info.name);
      if (first) {
        await requireSame(first, found);
        repeated.push(
          `tensor ${quote(info.name)} is in ${first.shard.name} and in ${name}, the same in both`,
        );
        continue;
      }
      tensors.set(info.name, found);
    }
  }
  for (const [tensor, { shard }] of tensors) {
    const listed = index ? index.weight_map.get(tensor) : shard.name;
    const where = `tensor ${quote(tensor)} of ${shard.name}`;
    if (listed === undefined) unlisted.push(`${where} is not in ${INDEX}; it is read all the same`);
    else if (listed !== shard.name && !holds(shards, listed, tensor))
      elsewhere.push(`${where} is placed in ${listed} by ${INDEX}; it is read all the same`);
  }
  const lacking = [...(index?.weight_map ?? [])]
    .filter(([tensor]) => !tensors.has(tensor))
    .map(([tensor, shard]) => `${INDEX} places tensor ${quote(tensor)} in ${shard}, which lacks it`);
  for (const kind of [repeated, unlisted, elsewhere, lacking]) {
    const more = kind.length > 1 ? `; so it is with ${kind.length} tensors in all` : '';
    if (kind.length > 0) warnings.push(kind[0]! + more);
  }
  if (index?.total_size !== undefined && index.total_size !== bytes) {
    warnings.push(`${INDEX} gives a total_size of ${index.total_size} bytes; the shards hold ${bytes}`);
  }
  return { tensors, metadata, warnings };
}

const holds = (shards: readonly Shard[], name: string, tensor: string): boolean =>
  shards.some((shard) => shard.name === name && shard.header.tensors.some((info) => info.name === tensor));

/** @throws shard-mismatch when two shards hold a tensor of one name that differs in dtype, shape or bytes. */
async function requireSame(first: CheckpointTensor, second: CheckpointTensor): Promise<void> {
  const { info } = first;
  const same =
    info.dtype === second.info.dtype &&
    info.shape.join() === second.info.shape.join() &&
    (await sameBytes(first, second));
  if (same) return;
  throw new LabError(
    'shard-mismatch',
    `tensor ${quote(info.name)} is in ${second.shard.name}, but it is in ${first.shard.name}, too, and differs; allowed: one shard, or the same in both`,
  );
}

async function sameBytes(a: CheckpointTensor, b: CheckpointTensor): Promise<boolean> {
  const bytesOf = ({ info, shard }: CheckpointTensor) => readTensorBytes(shard.source, shard.header, info);
  const [one, two] = await Promise.all([bytesOf(a), bytesOf(b)]);
  return one.every((byte, i) => byte === two[i]);
}

/** The tensor of a name, or 'missing-tensor' with how many there are: `findTensor(checkpoint, 'lm_head.weight').info.shape`. */
export function findTensor(checkpoint: Checkpoint, name: string): CheckpointTensor {
  const found = checkpoint.tensors.get(name);
  if (found) return found;
  throw new LabError(
    'missing-tensor',
    `tensor ${quote(name)} is not in the checkpoint, which has ${checkpoint.tensors.size} others`,
  );
}

/** One tensor of a checkpoint decoded to float32, as `readTensor` of safetensors.ts. */
export async function readWeight(checkpoint: Checkpoint, name: string): Promise<Tensor> {
  const { info, shard } = findTensor(checkpoint, name);
  return readTensor(shard.source, shard.header, info);
}

/** The stored bytes of one tensor of a checkpoint, as `readTensorBytes` of safetensors.ts. */
export async function readWeightBytes(
  checkpoint: Checkpoint,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { info, shard } = findTensor(checkpoint, name);
  return readTensorBytes(shard.source, shard.header, info);
}

/** The stored bytes of rows [rowBegin, rowEnd) of one tensor of a checkpoint, as `readRows` of safetensors.ts. */
export async function readWeightRows(
  checkpoint: Checkpoint,
  name: string,
  rowBegin: number,
  rowEnd: number,
  room?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { info, shard } = findTensor(checkpoint, name);
  return readRows(shard.source, shard.header, info, rowBegin, rowEnd, room);
}
