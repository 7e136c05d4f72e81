import { CODEBOOK_ROWS, type CodebookName } from '../../quant/config.ts';
import { BLOCKSIZES } from '../../quant/knobs.ts';
import { flag, maybeWhole, oneNumber, wholeNumber, word } from '../page/query_state.ts';
import { codeField } from './weights/code_field.ts';
import { pairField } from './output/pair_field.ts';
import { LEAST_SHARE, MOST_SHARE } from './scales/scale_picture.ts';
import { SCALE_CHOICES, type ScaleChoiceName } from './scales/scale_rules.ts';
import { MOST_DEVIATIONS, OUTLIER_DEVIATIONS, type DrawName } from './weights/weights.ts';

/** The most outliers the slider spreads over the weights. */
export const MOST_OUTLIERS = 64;

/** The largest correlation of two inputs, in hundredths: at 1 the ellipse would have no end. */
export const MOST_ALIKE = 97;

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
  scaleOf: word<ScaleChoiceName>('scale_of', Object.keys(SCALE_CHOICES) as ScaleChoiceName[], 'mxfp4'),
  scaleHundredths: wholeNumber('scale', 100 * LEAST_SHARE, 100 * MOST_SHARE, 100),
  pair: pairField('pair'),
  alike: wholeNumber('alike', 0, MOST_ALIKE, 80),
};
