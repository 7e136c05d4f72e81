import type { QuantConfig } from '../config.ts';
import { bytesOfWords, packWords } from './pack_words.ts';
import { groupOf, groupsOf, halves, transposed } from './write_gptq.ts';
import type { LayerWriter, Writer } from './writer.ts';

/** The output column that each nibble of a word holds, the lowest first. */
const COLUMN = [0, 2, 4, 6, 1, 3, 5, 7] as const;

/** Writes layers in AutoAWQ's "gemm" layout (modules/linear/gemm.py, WQLinear_GEMM.from_linear). */
export const autoawq: Writer = {
  tool: 'AutoAWQ',
  opener: 'transformers and vLLM',
  mixes: false,
  layer: (config) => (config.quant_type === 'awq' ? awqLayer(config) : undefined),
  settings: ({ groups: [{ config }], skipped }) => ({
    quant_method: 'awq',
    bits: 4,
    group_size: (config as AwqConfig).group_size,
    zero_point: true,
    version: 'gemm',
    modules_to_not_convert: skipped.length > 0 ? [...skipped] : null,
  }),
};

type AwqConfig = Extract<QuantConfig, { quant_type: 'awq' }>;

function awqLayer({ group_size }: AwqConfig): LayerWriter {
  return {
    plan(name, [rows, columns]) {
      const groups = columns / groupOf(group_size, columns);
      return [
        { name: `${name}.qweight`, dtype: 'I32', shape: [columns, rows / 8] },
        { name: `${name}.qzeros`, dtype: 'I32', shape: [groups, rows / 8] },
        { name: `${name}.scales`, dtype: 'F16', shape: [groups, rows] },
      ];
    },
    bytes(quantized) {
      const { rows, columns, code, zero, scales } = groupsOf(quantized, { rows: 8, columns: 1 });
      const groups = columns / groupOf(group_size, columns);
      const across = rows / 8;
      const row = (word: number, nibble: number) => (word % across) * 8 + COLUMN[nibble]!;
      const qweight = packWords(columns * across, (word, nibble) =>
        code(row(word, nibble), Math.floor(word / across)),
      );
      const qzeros = packWords(groups * across, (word, nibble) =>
        zero(row(word, nibble), Math.floor(word / across)),
      );
      return [bytesOfWords(qweight), bytesOfWords(qzeros), halves(transposed(scales, rows, groups))];
    },
  };
}
