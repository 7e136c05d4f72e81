import { CODEBOOKS } from '../../quant/codebook.ts';
import type { TableTwin } from '../chart/table_twin.ts';
import { decimals, digits3, whole } from '../format.ts';
import type { Explore } from './explore.svelte.ts';
import { comparison, type BookName } from './measure.ts';
import { DRAWS } from './weights.ts';

/** Which weights are shown, in a few words. */
export function weightsName({ choice, sample, file, tensorName }: Explore): string {
  switch (choice) {
    case 'sample':
      return sample ? `${sample.tensor} of ${sample.model}` : 'the sample';
    case 'own':
      return file ? `${tensorName} of ${file.source.name}` : 'your own file';
    default:
      return `weights ${DRAWS[choice].title}`;
  }
}

/** The figure in one sentence. */
export function figureSentence(explore: Explore): string {
  const { measured, weights, blocksize } = explore;
  if (!measured || !weights) return 'No weights yet.';
  const { nf4, fp4 } = measured.errors;
  const n = `${whole(weights.data.length)} weights`;
  return `${n}, ${weightsName(explore)}, in blocks of ${blocksize}: mean error NF4 ${digits3(nf4)}, FP4 ${digits3(fp4)} standard deviations. ${comparison(measured.errors)}.`;
}

/** The same numbers as tables: the codebooks' values, and the bars. */
export function figureTables({ measured }: Explore, books: readonly BookName[]): TableTwin[] {
  const sorted = books.map((book) => [...CODEBOOKS[book].code].sort((a, b) => a - b));
  const counts = measured?.counts ?? [];
  const edge = (i: number) => decimals(-1 + (2 * i) / counts.length, 3);
  return [
    {
      caption: 'The 16 values of each codebook, from the least to the largest',
      head: ['place', ...books.map((book) => book.toUpperCase())],
      rows: Array.from({ length: 16 }, (_, i) => [i, ...sorted.map((code) => decimals(code[i]!, 4))]),
    },
    {
      caption: 'How many scaled weights lie in each interval',
      head: ['from', 'to', 'weights'],
      rows: counts.map((n, i) => [edge(i), edge(i + 1), whole(n)]),
    },
  ];
}
