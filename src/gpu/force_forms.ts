import { LabError } from '../errors.ts';
import type { Gpu } from './device/device.ts';
import { FORM_NAMES, formsFor, type Phase } from './matrix/choose.ts';

/**
 * The phases that named forms of the matmul are for: `tile_32` and `matvec_fused` of prefill and of decoding.
 * @throws bad-link naming a form that does not exist, or a second one for the same phase.
 */
export function phasesOf(names: readonly string[]): Gpu['forced'] {
  const phases: Gpu['forced'] = {};
  for (const name of names) {
    const found = FORM_NAMES.find(({ form }) => form === name);
    if (!found) {
      const allowed = FORM_NAMES.map(({ form }) => form).join(', ');
      throw new LabError('bad-link', `kernels names ${name}; allowed: ${allowed}.`);
    }
    const before = phases[found.phase];
    if (before !== undefined && before !== name) {
      throw new LabError(
        'bad-link',
        `kernels names ${before} and ${name}, both for ${found.phase}; allowed: one of them.`,
      );
    }
    phases[found.phase] = name;
  }
  return phases;
}

/**
 * Has a device take these forms of the matmul and no others, as `?kernels=tile_32,matvec_fused` on the page and
 * `--kernels tile_32,matvec_fused` on the command line ask for a bug report; returns the device.
 * @throws bad-link as `phasesOf` does, or naming a form that this adapter cannot run.
 */
export function forceForms(gpu: Gpu, names: readonly string[]): Gpu {
  const phases = phasesOf(names);
  for (const [phase, name] of Object.entries(phases)) {
    const able = formsFor(gpu, 'float', phase as Phase).map(({ form }) => form);
    if (!able.includes(name)) {
      throw new LabError(
        'bad-link',
        `kernels names ${name}, which this adapter cannot run; allowed: ${able.join(', ')}.`,
      );
    }
  }
  gpu.forced = phases;
  return gpu;
}
