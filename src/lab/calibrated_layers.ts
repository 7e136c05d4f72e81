import type { Gpu } from '../gpu/device/device.ts';
import { openCalibrator } from '../model/calibrate/calibrator.ts';
import { requireCalibratable } from '../model/calibrate/requirements.ts';
import type { ModelFiles } from '../model/open_model.ts';
import { withModel } from '../model/session.ts';
import type { Calibration } from '../quant/calibrated/calibration.ts';
import type { QuantConfig } from '../quant/config.ts';
import type { QuantizedTensor } from '../quant/quantized.ts';
import { readSequences } from './calibration.ts';
import type { Datasets } from './datasets.ts';
import type { MadeLayers } from './save_checkpoint.ts';

/** Called with how far a calibration is, of how much. */
export type LayerProgress = (done: number, total: number) => void;

/**
 * Quantizes a model's Linear layers by a text, for a checkpoint to be written of them; they are all kept, in four bits.
 * @throws bad-spec where the model or its text will not do, out-of-memory, device-lost.
 */
export async function calibratedLayers(
  gpu: Gpu,
  model: ModelFiles,
  config: QuantConfig,
  calibration: Calibration,
  datasets: Datasets,
  onProgress: LayerProgress,
): Promise<MadeLayers> {
  requireCalibratable(config, model);
  const onStep = (done: number, total: number) => Promise.resolve(onProgress(done, total));
  // Nothing is evaluated here that the text could be among.
  const sequences = await readSequences(gpu, model, calibration, {
    ...{ datasets, onStep },
    asked: new Set(),
  });
  const linears = new Map<string, QuantizedTensor>();
  const divisors = new Map<string, Float64Array>();
  const calibrator = openCalibrator(gpu, model, {
    ...{ config, sequences, onStep },
  });
  const keeping: typeof calibrator = {
    ...calibrator,
    async make(index, tensors) {
      const made = await calibrator.make(index, tensors);
      made?.linears.forEach((quantized, name) => linears.set(name, quantized));
      made?.divisors.forEach((by, name) => divisors.set(name, by));
      return made;
    },
  };
  await withModel(gpu, { ...model, calibrator: keeping }, config, () => Promise.resolve());
  return { linears, divisors };
}
