import type { TunedClass } from '../../gpu/tune.ts';
import { digits3 } from '../../study/view/format.ts';

/** A class of shapes in words: "decoding", "48 tokens or more, 1,024 rows or more". */
export function classText({ phase, M, N }: Pick<TunedClass, 'phase' | 'M' | 'N'>): string {
  if (phase === 'decode') return 'a decoded token';
  const tokens = M > 1 ? `${M} tokens or more` : 'fewer tokens';
  const rows = N > 1 ? `${N.toLocaleString('en')} rows or more` : 'fewer rows';
  return `${tokens}, ${rows}`;
}

/** What each form took: "tile 2.1 ms, tile_32 0.8 ms". */
export const timingsText = ({ timings }: Pick<TunedClass, 'timings'>): string =>
  timings.map(({ form, median_ms }) => `${form} ${digits3(median_ms)} ms`).join(', ');
