import { decodingAttention } from './attend.ts';
import type { Gpu } from './device/device.ts';
import { KERNEL_VERSION, type KernelsUsed } from './kernel_version.ts';
import { decodingFormName } from './matrix/choose.ts';

/** Has a run take the decoding forms it began with; one that this device cannot run, or of another version, is none. */
export function takeKernels({ pinned }: Gpu, recorded: KernelsUsed | undefined): void {
  delete pinned.decode;
  if (recorded?.version === KERNEL_VERSION) pinned.decode = recorded.matvec;
}

/** What a run on a device takes. */
export const kernelsUsed = (gpu: Gpu): KernelsUsed => ({
  version: KERNEL_VERSION,
  matvec: decodingFormName(gpu),
  attention: decodingAttention(gpu),
  ...tileOf(gpu),
});

/** The one form of prefill, where there is one. */
function tileOf({ pinned, forced }: Gpu): Pick<KernelsUsed, 'tile'> {
  const tile = pinned.prefill ?? forced.prefill;
  return tile === undefined ? {} : { tile };
}
