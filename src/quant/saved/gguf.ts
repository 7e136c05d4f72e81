import { LabError } from '../../errors.ts';
import { GGML_TYPES, type GgmlType } from '../../tensor/ggml_types.ts';
import type { GgufConfig } from '../formats/gguf.ts';
import { quantizedOf, runsAsStored } from './gguf_blocks.ts';
import { requireBytes, type SavedLayout, type SavedReader } from './layout.ts';

/** The types that run as they are stored, by name. */
const TYPES: ReadonlyMap<string, GgmlType> = new Map(
  [...GGML_TYPES.values()].filter(({ name }) => runsAsStored(name)).map((type) => [type.name, type]),
);

/** The type a Linear layer is stored in, where it is one of these: its bytes lie under the layer's name and the type's. */
const typeOf = (reader: SavedReader, module: string): GgmlType | undefined =>
  [...TYPES.values()].find(({ name }) => reader.dtypeOf(`${module}.${name}`) !== undefined);

/** Linear layers as a GGUF file has them, each in a type of its own. */
export const ggufLayout: SavedLayout = {
  tool: 'llama.cpp',
  parts: new RegExp(`^(${[...TYPES.keys()].join('|')})$`),
  warnings: [],
  mixes: true,
  isQuantized: (reader, name) => typeOf(reader, name) !== undefined,
  storageOf(reader, name) {
    const type = typeOf(reader, name);
    if (!type) return Promise.reject(new LabError('internal', `${name} is not quantized`));
    return Promise.resolve({ quant_type: 'gguf', gguf_type: type.name as GgufConfig['gguf_type'] });
  },
  async read(reader, name, shape) {
    const type = typeOf(reader, name)!;
    const blocks = (shape[0] * shape[1]) / type.weights;
    const bytes = await requireBytes(reader, `${name}.${type.name}`, blocks * type.bytes);
    return quantizedOf(name, type, bytes, shape);
  },
};
