import { GRID_BLOCK, isOnGrid } from '../quant/weight_grid.ts';
import { decode, DTYPES, isQuantizable } from '../tensor/dtype.ts';
import { linearModules } from './modules.ts';
import type { ModelWeights } from './open_model.ts';

/** How many blocks of weights were looked at, and how many of them lie on a 4-bit grid. */
export interface WeightsOnGrid {
  blocks: number;
  on_grid: number;
}

/** Linear layers that are looked at, and blocks of each: 128 kB at most are read. */
const LAYERS = 16;
const BLOCKS = 64;

/** Below this share a grid is a coincidence, or of few layers. */
const SHARE = 0.5;

/**
 * Looks at a sample of a model's float weights: whether they lie on a 4-bit grid, as they do if they were quantized
 * once and stored as floats again. Undefined where they do not, and for checkpoints that say they are quantized.
 */
export async function weightsOnGrid({
  config,
  checkpoint,
  stored_quant,
}: Pick<ModelWeights, 'config' | 'checkpoint' | 'stored_quant'>): Promise<WeightsOnGrid | undefined> {
  if (stored_quant) return undefined;
  const modules = linearModules(config, checkpoint);
  const every = Math.max(1, Math.ceil(modules.length / LAYERS));
  const found: boolean[] = [];
  for (const { name } of modules.filter((_, i) => i % every === 0)) {
    const tensor = checkpoint.tensors.get(`${name}.weight`);
    if (!tensor) continue;
    const { info, shard } = tensor;
    const [rows = 0, columns = 0] = info.shape;
    if (!isQuantizable(info.dtype) || columns < GRID_BLOCK) continue;
    const size = DTYPES.get(info.dtype)! / 8;
    // From the beginning of a row in the middle; across rows only where blocks do not straddle them.
    const weights =
      columns % GRID_BLOCK === 0
        ? Math.min(BLOCKS * GRID_BLOCK, rows * columns - Math.floor(rows / 2) * columns)
        : Math.min(BLOCKS, Math.floor(columns / GRID_BLOCK)) * GRID_BLOCK;
    const begin = shard.header.data_start + info.data_offsets[0] + Math.floor(rows / 2) * columns * size;
    const sample = decode(info.dtype, await shard.source.slice(begin, begin + weights * size));
    for (let at = 0; at < sample.length; at += GRID_BLOCK) {
      const on = isOnGrid(sample.subarray(at, at + GRID_BLOCK));
      if (on !== undefined) found.push(on);
    }
  }
  const on_grid = found.filter(Boolean).length;
  return found.length > 0 && on_grid >= SHARE * found.length ? { blocks: found.length, on_grid } : undefined;
}
