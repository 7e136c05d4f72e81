import type { ExperimentResult } from '../result.ts';

/** The sentence that stands beside a result whose digest is not the one of its answers; undefined where it fits. */
export const digestNote = ({ digest_fits }: Pick<ExperimentResult, 'digest_fits'>): string | undefined =>
  digest_fits === false
    ? 'These answers do not fit the digest they came with: they were changed, or come from a version that counts differently.'
    : undefined;
