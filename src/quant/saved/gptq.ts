import { LabError } from '../../errors.ts';
import { packGroups, readGroupSize, transposedGroups, wholeGroups } from './groups.ts';
import {
  nibbleOf,
  refuseSetting,
  requireFloats,
  requireWords,
  type SavedLayout,
  type SavedReader,
} from './layout.ts';

/** quantization_config of GPTQ, as far as it says how tensors are stored. */
export interface GptqSettings {
  /** -1 for whole rows. */
  group_size: number;
  /** Of the first version, zeros are stored less one, by a subtraction from the whole word. */
  checkpoint_format: 'gptq' | 'gptq_v2';
  symmetric: boolean;
  /** Whether columns may have been quantized in another order: g_idx of each layer says in which group each is. */
  desc_act: boolean;
  /** Sizes of the groups of layers that `dynamic` names, where they are others; each layer's own tensors say which it has. */
  others: readonly number[];
}

const TOOL = 'GPTQ';

/**
 * Reads the settings of GPTQ (gptqmodel, AutoGPTQ).
 * @throws unsupported-quantization for other bits, packings or layers than are read here.
 */
export function gptqSettings(config: Readonly<Record<string, unknown>>): GptqSettings {
  const {
    bits,
    group_size = -1,
    sym = true,
    desc_act,
    static_groups,
    is_marlin_format,
    dynamic,
    lm_head,
    pack_dtype = 'int32',
  } = config;
  const checkpoint_format = config.checkpoint_format ?? config.format ?? 'gptq';
  if (bits !== 4) refuseSetting(TOOL, 'bits', bits, '4');
  if (is_marlin_format === true) refuseSetting(TOOL, 'is_marlin_format', true, 'plain packing');
  if (checkpoint_format !== 'gptq' && checkpoint_format !== 'gptq_v2') {
    refuseSetting(TOOL, 'checkpoint_format', checkpoint_format, 'gptq and gptq_v2');
  }
  const rules = Object.entries((dynamic ?? {}) as Record<string, Readonly<Record<string, unknown>> | null>);
  for (const [pattern, rule] of rules) {
    if ((rule?.bits ?? 4) !== 4) refuseSetting(TOOL, `dynamic of ${pattern}`, rule, 'layers of 4 bits');
  }
  if (lm_head === true) refuseSetting(TOOL, 'lm_head', true, 'heads that are not quantized');
  if (pack_dtype !== 'int32') refuseSetting(TOOL, 'pack_dtype', pack_dtype, 'int32');
  return {
    group_size: readGroupSize(TOOL, group_size),
    checkpoint_format,
    symmetric: sym === true,
    desc_act: desc_act === true && static_groups !== true,
    others: rules
      .filter(([pattern, rule]) => !pattern.startsWith('-') && rule?.group_size !== undefined)
      .map(([, rule]) => readGroupSize(TOOL, rule!.group_size)),
  };
}

/** GPTQ's layout: codes eight to a word down the columns of the transposed weight, zeros eight to a word along it. */
export function gptqLayout({
  group_size,
  checkpoint_format,
  symmetric,
  desc_act,
  others,
}: GptqSettings): SavedLayout {
  /** The size of a layer's groups, by how many scales it has. */
  const sizeOf = (reader: SavedReader, name: string): number => {
    if (others.length === 0) return group_size;
    const columns = 8 * (reader.shapeOf(`${name}.qweight`)?.[0] ?? 0);
    const groups = reader.shapeOf(`${name}.scales`)?.[0];
    const fits = (size: number) => (size === -1 ? 1 : columns / size) === groups;
    return [group_size, ...others].find(fits) ?? group_size;
  };
  return {
    tool: TOOL,
    ...(others.length > 0 && { mixes: true as const }),
    parts: /^(qweight|qzeros|scales|g_idx)$/,
    warnings: [],
    isQuantized: (reader, name) => reader.dtypeOf(`${name}.qweight`) !== undefined,
    storageOf: (reader, name) =>
      Promise.resolve({
        quant_type: 'gptq',
        group_size: sizeOf(reader, name),
        symmetric,
        ...(desc_act && { desc_act }),
      }),
    async read(reader, name, shape) {
      const [rows, columns] = shape;
      const group = wholeGroups(TOOL, name, shape, sizeOf(reader, name), { rows: 8, columns: 8 });
      const order = await orderOf(reader, name, columns, group);
      const groups = columns / group;
      const qweight = await requireWords(reader, `${name}.qweight`, (columns / 8) * rows);
      const stored = await requireFloats(reader, `${name}.scales`, groups * rows);
      const qzeros = await requireWords(reader, `${name}.qzeros`, groups * (rows / 8));
      const codes = new Uint8Array(rows * columns);
      for (let at = 0; at < columns; at++) {
        const k = order?.[at] ?? at;
        const words = (k >> 3) * rows;
        for (let n = 0; n < rows; n++) codes[n * columns + at] = nibbleOf(qweight[words + n]!, k & 7);
      }
      return packGroups({
        quant_type: 'gptq',
        shape,
        group_size: group,
        codes,
        ...transposedGroups(
          rows,
          groups,
          (at) => stored[at]!,
          (g, n) => nibbleOf(zeroWord(qzeros[g * (rows / 8) + (n >> 3)]!, checkpoint_format), n & 7),
        ),
        bits: { scale: 16, zero: 4 },
        ...(order && { order }),
      });
    },
  };
}

/** The first version takes one from every nibble by one subtraction from the word, which borrows: so does undoing it. */
const zeroWord = (word: number, format: GptqSettings['checkpoint_format']): number =>
  format === 'gptq' ? (word + 0x11111111) >>> 0 : word;

/**
 * The columns group by group, where those of a group lie apart (act-order); undefined where each is in its place.
 * @throws bad-quant-state where g_idx names a group that there is none of, or groups of other sizes.
 */
async function orderOf(
  reader: SavedReader,
  name: string,
  columns: number,
  group: number,
): Promise<Uint32Array<ArrayBuffer> | undefined> {
  if (reader.dtypeOf(`${name}.g_idx`) === undefined) return undefined;
  const g_idx = await requireWords(reader, `${name}.g_idx`, columns);
  if (g_idx.every((g, k) => g === Math.floor(k / group))) return undefined;
  const order = Uint32Array.from(g_idx, (_, k) => k).sort((a, b) => g_idx[a]! - g_idx[b]! || a - b);
  const at = order.findIndex((k, place) => g_idx[k] !== Math.floor(place / group));
  if (at < 0) return order;
  throw new LabError(
    'bad-quant-state',
    `${name}.g_idx puts column ${order[at]} into group ${g_idx[order[at]!]}; allowed: ${columns / group} groups of ${group} columns.`,
  );
}
