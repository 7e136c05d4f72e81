import { readBack } from '../gpu/device/buffers.ts';
import type { Model } from './forward.ts';
import type { Role } from './model_config.ts';
import { INPUT_SITES, type InputSite } from './pass.ts';
import type { LinearRows } from './weights.ts';
import { widestMaskBytes } from './workspace_sizes.ts';

/** The columns of one input that LLM.int8() kept in the float path, in any token so far. */
export interface OutlierColumns {
  layer: number;
  /** Which of a block's Linear layers read it: `attention` is q, k and v's input, `mlp` gate and up's. */
  input: InputSite;
  columns: number[];
}

/** The roles that read each input. */
const READERS: Record<InputSite, readonly Role[]> = {
  attention: ['q', 'k', 'v'],
  output: ['o'],
  mlp: ['gate', 'up'],
  down: ['down'],
};

/**
 * Reads what a run's passes have collected, a layer's inputs in order; nothing for other quant types, nor of an input
 * that only layers read which are left unquantized.
 */
export async function readOutliers({ gpu, config, seen, weights }: Model): Promise<OutlierColumns[]> {
  const bytes = widestMaskBytes(config);
  const found: OutlierColumns[] = [];
  for (const [layer, masks] of seen.layers.entries()) {
    for (const input of INPUT_SITES) {
      if (!READERS[input].some((role) => isLlmInt8(weights.layers[layer]!.linears[role]))) continue;
      const mask = new Uint32Array(await readBack(gpu, masks[input], bytes));
      found.push({ layer, input, columns: columnsOf(mask) });
    }
  }
  return found;
}

const isLlmInt8 = (rows: LinearRows | undefined): boolean =>
  rows?.linear.matrix.parts.some(({ storage }) => storage === 'llm_int8') ?? false;

/** The set bits of a mask: [0b101] is [0, 2]. */
function columnsOf(mask: Uint32Array): number[] {
  return Array.from(mask).flatMap((word, i) =>
    Array.from({ length: 32 }, (_, bit) => bit)
      .filter((bit) => (word >>> bit) & 1)
      .map((bit) => 32 * i + bit),
  );
}
