import { LabError } from '../errors.ts';
import type { Gpu } from './device/device.ts';
import { FORM_NAMES } from './matrix/choose.ts';

/**
 * Has a device take these forms of the matmul and no others, as `?kernels=tile_32,matvec_wide` asks for a bug report.
 * @throws bad-link naming a form that does not exist, or a second one for the same phase.
 */
export function forceForms({ forced }: Pick<Gpu, 'forced'>, names: readonly string[]): void {
  delete forced.prefill;
  delete forced.decode;
  for (const name of names) {
    const found = FORM_NAMES.find(({ form }) => form === name);
    if (!found) {
      const allowed = FORM_NAMES.map(({ form }) => form).join(', ');
      throw new LabError('bad-link', `kernels names ${name}; allowed: ${allowed}.`);
    }
    const before = forced[found.phase];
    if (before !== undefined && before !== name) {
      throw new LabError(
        'bad-link',
        `kernels names ${before} and ${name}, both for ${found.phase}; allowed: one of them.`,
      );
    }
    forced[found.phase] = name;
  }
}
