import { openGpu, type Gpu } from '../gpu/device/device.ts';

/** A device that is opened when first asked for, kept, and opened anew only after a loss. */
export function gpuOnce(entry: () => Promise<GPU | undefined> | GPU | undefined): () => Promise<Gpu> {
  let opened: Promise<Gpu> | undefined;
  return async () => {
    const gpu = await opened?.catch(() => undefined);
    if (gpu && gpu.loss.reason === undefined) return gpu;
    opened = Promise.resolve(entry()).then(openGpu);
    return opened;
  };
}
