import type { TableTwin } from '../../chart/table_twin.ts';
import { decimals, digits3, whole } from '../../../study/view/format.ts';
import type { Explore } from '../explore.svelte.ts';
import type { CodebookName } from '../../../quant/config.ts';
import { comparison } from '../weights/measure.ts';
import { DRAWS, VALUES } from '../weights/weights.ts';

/** A codebook's name beside its marks. */
export const bookTitle = (book: CodebookName): string => (book === 'custom' ? 'Yours' : book.toUpperCase());

/** Words for where the weights come from, after "weights". */
function origin({ choice, sample, file, tensorName }: Explore): string {
  switch (choice) {
    case 'sample':
      return sample ? `of ${sample.tensor} in ${sample.model}` : 'of a sample';
    case 'own':
      return file ? `of ${tensorName} in ${file.source.name}` : 'of a file';
    case 'pasted':
      return 'as you pasted them';
    default:
      return `from ${DRAWS[choice].from}`;
  }
}

/** "The first 16,384 of 81,920". */
const firstOf = (n: number, length: number): string => `The first ${whole(n)} of ${whole(length)}`;

/** A sentence for a tensor larger than the screen: which of its weights the bars and the errors are of. */
export function measuredOf({ tensorLength, wholeRequest, wholeReport }: Explore): string {
  if (tensorLength === 0) return '';
  const some = `Bars and errors are of the first ${whole(VALUES)} of ${whole(tensorLength)} weights`;
  if (!wholeRequest) return `${some}, for the outliers were planted there.`;
  if (!wholeReport) return `Measuring all ${whole(tensorLength)} weights…`;
  if ('code' in wholeReport) return `${some}. ${wholeReport.message}`;
  return `Bars and errors are of all ${whole(tensorLength)} weights, the pictures below of the first ${whole(VALUES)}.`;
}

/** The figure in one sentence. */
export function figureSentence(explore: Explore): string {
  const { measured, blocksize, tensorLength } = explore;
  if (!measured) return 'No weights yet.';
  const errors = explore.books.map(
    ({ quant_type }) => `${bookTitle(quant_type)} ${digits3(measured.errors[quant_type]!)}`,
  );
  const weights = measured.n < tensorLength ? firstOf(measured.n, tensorLength) : whole(measured.n);
  return `${weights} weights ${origin(explore)}, in blocks of ${blocksize}. Mean quantization error in standard deviations: ${errors.join(', ')}. ${comparison(measured.errors)}.`;
}

/** The figure's numbers as tables: the codebooks' values, and the bars. */
export function figureTables({ measured, books }: Explore): TableTwin[] {
  const sorted = books.map(({ code }) => [...code].sort((a, b) => a - b));
  const counts = measured?.counts ?? [];
  const edge = (i: number) => decimals(-1 + (2 * i) / counts.length, 3);
  return [
    {
      caption: 'The 16 values of each codebook, from the least to the largest',
      head: ['place', ...books.map(({ quant_type }) => bookTitle(quant_type))],
      rows: Array.from({ length: 16 }, (_, i) => [i, ...sorted.map((code) => decimals(code[i]!, 4))]),
    },
    {
      caption: 'How many scaled weights lie in each interval',
      head: ['from', 'to', 'weights'],
      rows: counts.map((n, i) => [edge(i), edge(i + 1), whole(n)]),
    },
  ];
}
