import { LabError } from '../../errors.ts';
import { encodeF16 } from '../../tensor/dtype.ts';
import type { QuantConfig } from '../config.ts';
import { nibbleAt } from '../pack.ts';
import type { PlainBlockwise4bit, QuantizedTensor } from '../quantized.ts';
import { bytesOfWords, packWords } from './pack_words.ts';
import type { LayerWriter, Writer } from './writer.ts';

type GptqConfig = Extract<QuantConfig, { quant_type: 'gptq' }>;

/** What the first version of the layout takes from each nibble of zeros, from the word as a whole. */
const LESS_ONE = 0x11111111;

/** Writes layers as gptqmodel 7.7 packs them (nn_modules/qlinear, pack_original), in the first version of the layout. */
export const gptqmodel: Writer = {
  tool: 'gptqmodel',
  opener: 'transformers, vLLM and gptqmodel',
  mixes: true,
  layer: (config) => (config.quant_type === 'gptq' ? gptqLayer(config) : undefined),
  settings({ groups: [{ config }, ...others], skipped }) {
    const { damp } = config as GptqConfig;
    const dynamic = Object.fromEntries([
      ...skipped.map((module) => [`-:${pattern(module)}`, {}] as const),
      ...others.flatMap((group) =>
        group.modules.map(
          (module) => [`+:${pattern(module)}`, settingsOf(group.config as GptqConfig)] as const,
        ),
      ),
    ]);
    return {
      quant_method: 'gptq',
      ...settingsOf(config as GptqConfig),
      damp_percent: damp ?? 0.1,
      true_sequential: false,
      lm_head: false,
      checkpoint_format: 'gptq',
      pack_dtype: 'int32',
      ...(Object.keys(dynamic).length > 0 ? { dynamic } : {}),
    };
  },
};

const settingsOf = ({ group_size, symmetric, desc_act = false, static_groups = false }: GptqConfig) => ({
  ...{ bits: 4, group_size, sym: symmetric, desc_act, static_groups },
});

/** A module's path, or any that ends in a name, as a regular expression. */
const pattern = (module: string): string =>
  module.includes('.') ? `^${module.replaceAll('.', '\\.')}$` : `.*\\.${module}$`;

function gptqLayer({ group_size }: GptqConfig): LayerWriter {
  return {
    plan(name, [rows, columns]) {
      const groups = columns / groupOf(group_size, columns);
      return [
        { name: `${name}.qweight`, dtype: 'I32', shape: [columns / 8, rows] },
        { name: `${name}.qzeros`, dtype: 'I32', shape: [groups, rows / 8] },
        { name: `${name}.scales`, dtype: 'F16', shape: [groups, rows] },
        { name: `${name}.g_idx`, dtype: 'I32', shape: [columns] },
      ];
    },
    bytes(quantized) {
      const { rows, columns, code, zero, scales, order } = groupsOf(quantized, { rows: 8, columns: 8 });
      const group = groupOf(group_size, columns);
      const groups = columns / group;
      // Columns stay in their place, whatever the order they were quantized in; g_idx says in which group each is.
      const place = new Uint32Array(columns);
      for (let at = 0; at < columns; at++) place[order?.[at] ?? at] = at;
      const qweight = packWords((columns / 8) * rows, (word, nibble) =>
        code(word % rows, place[Math.floor(word / rows) * 8 + nibble]!),
      );
      const qzeros = packWords((groups * rows) / 8, (word, nibble) =>
        zero((word % (rows / 8)) * 8 + nibble, Math.floor(word / (rows / 8))),
      ).map((word) => word - LESS_ONE);
      return [
        bytesOfWords(qweight),
        bytesOfWords(qzeros),
        halves(transposed(scales, rows, groups)),
        bytesOfWords(place.map((at) => Math.floor(at / group))),
      ];
    },
  };
}

export const groupOf = (group_size: number, columns: number): number =>
  group_size === -1 ? columns : group_size;

/** Codes, zeros and scales of a layer by row and column, or row and group. */
export function groupsOf(quantized: QuantizedTensor, least: { rows: number; columns: number }) {
  if (!('packed' in quantized) || quantized.scales.kind !== 'absmax') {
    throw new LabError('internal', `${quantized.quant_type} has no groups of nibbles`);
  }
  const { shape, packed, scales, shift, order, blocksize } = quantized as PlainBlockwise4bit;
  const [rows, columns] = shape as [number, number];
  if (rows % least.rows !== 0 || columns % least.columns !== 0) {
    throw new LabError(
      'bad-spec',
      `A layer is [${rows}, ${columns}]; ${quantized.quant_type} is written in words of eight: leave it out by --skip-modules.`,
    );
  }
  const groups = columns / blocksize;
  return {
    rows,
    columns,
    code: (row: number, column: number) => nibbleAt(packed, row * columns + column),
    // Where all of them are 8 they lie within the values of the codes.
    zero: (row: number, group: number) => shift?.values[row * groups + group] ?? 8,
    scales: scales.absmax,
    order,
  };
}

/** [rows, groups] as [groups, rows]. */
export const transposed = (values: Float32Array, rows: number, groups: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: values.length }, (_, i) => values[(i % rows) * groups + Math.floor(i / rows)]!);

/** Float16s, as bytes. */
export const halves = (values: Float32Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(encodeF16(values).buffer);
