import { USUAL_CHOICE, type AdapterChoice } from '../gpu/adapter.ts';
import { openGpu, type Gpu } from '../gpu/device/device.ts';

/**
 * A device that is opened when first asked for, kept, and opened anew only after a loss or another choice of an adapter.
 */
export function gpuOnce(
  entry: () => Promise<GPU | undefined> | GPU | undefined,
  chosen: () => AdapterChoice = () => USUAL_CHOICE,
): () => Promise<Gpu> {
  let opened: { choice: AdapterChoice; gpu: Promise<Gpu> } | undefined;
  return async () => {
    const choice = chosen();
    if (opened?.choice === choice) {
      const gpu = await opened.gpu.catch(() => undefined);
      if (gpu && gpu.loss.reason === undefined) return gpu;
    }
    opened = { choice, gpu: Promise.resolve(entry()).then((found) => openGpu(found, choice)) };
    return opened.gpu;
  };
}
