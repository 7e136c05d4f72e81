import { CODEBOOK_ROWS, type CodebookName } from '../../quant/config.ts';
import { BLOCKSIZES } from '../../quant/knobs.ts';
import { flag, maybeWhole, oneNumber, wholeNumber, word } from '../page/query_state.ts';
import { codeField } from './weights/code_field.ts';
import { MOST_DEVIATIONS, OUTLIER_DEVIATIONS, type DrawName } from './weights/weights.ts';

/** The most outliers the slider spreads over the weights. */
export const MOST_OUTLIERS = 64;

/** Fields of Explore's address; `missing` is the value the screen begins with: `block=128&outliers=4`. */
export const EXPLORE_QUERY = {
  choice: word<'sample' | DrawName>(
    'weights',
    ['sample', 'normal', 'uniform', 'laplace', 'student'],
    'sample',
  ),
  blocksize: oneNumber('block', BLOCKSIZES, 64),
  outliers: wholeNumber('outliers', 0, MOST_OUTLIERS, 0),
  showInt4: flag('int4'),
  code: codeField('code'),
  blockAt: wholeNumber('at', 0, 1e6, 0),
  weightAt: wholeNumber('weight', 0, 4095, 0),
  tenths: wholeNumber('threshold', 0, 100, 60),
  planted: flag('plant'),
  plantedAt: maybeWhole('plant_at', 0, 1e6),
  plantedTenths: wholeNumber(
    'plant_sd',
    -10 * MOST_DEVIATIONS,
    10 * MOST_DEVIATIONS,
    10 * OUTLIER_DEVIATIONS,
  ),
  scaled: flag('scaled'),
  book: word<CodebookName>('book', [...CODEBOOK_ROWS.map(({ quant_type }) => quant_type), 'custom'], 'nf4'),
};
