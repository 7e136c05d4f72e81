import matvec from '../../../shaders/matvec_shuffled.wgsl?raw';
import rows from '../../../shaders/preludes/four_rows.wgsl?raw';
import tile from '../../../shaders/tile_shuffled.wgsl?raw';
import type { Requirements } from '../device/kernel.ts';
import type { Form } from './matmul.ts';
import type { MatvecForm } from './matvec_kernel.ts';

/** Lanes of a workgroup, which must be a subgroup. */
const LANES = 8;
/** Rows of the weight an invocation, and tokens that a workgroup of the tile has. */
const ROWS = 4;
const TOKENS = 8;

const REQUIRES: Requirements = { features: ['subgroups'], subgroup_size: LANES };

/**
 * For adapters that compute on the CPU by vectors of eight, as Mesa's lavapipe: a value that a lane has goes to the others
 * for the price of a product, where fetching it costs them thirty.
 */
export const TILE_SHUFFLED: Form = {
  name: 'tile_shuffled',
  source: tile,
  reads: 'shuffled',
  requires: REQUIRES,
  workgroups: ({ M, N }) => [Math.ceil(N / (LANES * ROWS)), Math.ceil(M / TOKENS)],
};

/** The same for the few tokens of a decoding step. */
export const MATVEC_SHUFFLED: MatvecForm = {
  name: 'matvec_shuffled',
  source: rows + matvec,
  normalizes: false,
  reads: 'shuffled',
  requires: REQUIRES,
  workgroups: ({ M, N }) => [Math.ceil(N / (LANES * ROWS)), M],
};
