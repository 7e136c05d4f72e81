import type { Need } from '../gpu/check.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { formsNeeded } from '../gpu/forms.ts';
import type { Kernel } from '../gpu/device/kernel.ts';
import { activate, activateOverrides } from '../gpu/kernels/activate.ts';
import { SCALES, SHIFT } from '../gpu/kernels/blockwise.ts';
import { embedding } from '../gpu/kernels/embedding.ts';
import { GROUP_LANES } from '../gpu/kernels/grouped.ts';
import { COMPUTE_DTYPE } from '../gpu/kernels/rounding.ts';
import { DTYPE } from '../gpu/kernels/stored.ts';
import type { Phase } from '../gpu/matrix/choose.ts';
import type { StorageName } from '../gpu/matrix/matrix.ts';
import { kernelsOf } from '../gpu/registry.ts';
import { formatOf, type ComputeDtype, type QuantConfig } from '../quant/config.ts';
import type { Arithmetic } from '../quant/formats/format.ts';
import { layerConfigs } from '../quant/layers.ts';
import { isQuantizable, type QuantizableDtype } from '../tensor/dtype.ts';
import { headDtype } from './forward.ts';
import { isGated, type ModelConfig } from './model_config.ts';
import type { ModelFiles } from './open_model.ts';
import { effectiveConfig } from './stored_quant.ts';

/** Matrices that lie on the device in one way and compute in one type. */
interface Use {
  storage: StorageName;
  compute_dtype: ComputeDtype;
  scales?: keyof typeof SCALES;
  shift?: keyof typeof SHIFT;
}

/** The pipelines that a model's passes of some phases compile under some configurations, as a check before a run wants them. */
export function needsOf(
  gpu: Gpu,
  model: Pick<ModelFiles, 'config' | 'checkpoint' | 'stored_quant' | 'adapter'>,
  configs: readonly QuantConfig[],
  phases: readonly Phase[],
): Need[] {
  const need = (
    { storage, compute_dtype, scales = 'absmax', shift = 'none' }: Use,
    dtype: QuantizableDtype,
  ): Need => ({
    kernels: kernelsOf(gpu, storage, phases),
    overrides: {
      COMPUTE_DTYPE: COMPUTE_DTYPE[compute_dtype],
      DTYPE: DTYPE[dtype],
      SCALES: SCALES[scales],
      SHIFT: SHIFT[shift],
      LANES: GROUP_LANES,
    },
  });
  const dtypes = matrixDtypes(model);
  const needs = configs.flatMap((config) => {
    // Where a checkpoint is quantized already, only `none` will run.
    const computed = config.quant_type === 'none' ? effectiveConfig(config, model.stored_quant) : config;
    return usesOf(computed).flatMap((use) => dtypes.map((dtype) => need(use, dtype)));
  });
  const adapter = model.adapter ? [need({ storage: 'float', compute_dtype: 'float32' }, 'F32')] : [];
  const { num_attention_heads: heads, num_key_value_heads: kv_heads, head_dim } = model.config;
  const forms = formsNeeded(gpu, { heads, kv_heads, head_dim });
  return [...needs, ...adapter, ...activations(model.config), ...forms, PICKING];
}

/** Of each activation among the blocks. */
const activations = ({ blocks }: ModelConfig): Need[] =>
  blocks.map((block) => ({
    kernels: [activate as unknown as Kernel],
    overrides: activateOverrides(block.activation, isGated(block)),
  }));

/** Rows of hidden states are picked as rows of a float32 table. */
const PICKING: Need = { kernels: [embedding as unknown as Kernel], overrides: { DTYPE: DTYPE.F32 } };

/** The dtypes that matrices are stored in. */
function matrixDtypes({
  checkpoint,
  adapter,
}: Pick<ModelFiles, 'checkpoint' | 'adapter'>): QuantizableDtype[] {
  const tensors = [...checkpoint.tensors.values(), ...(adapter?.saved.values() ?? [])];
  const matrices = tensors.filter(({ info }) => info.shape.length === 2);
  return [...new Set(matrices.map(({ info }) => info.dtype).filter(isQuantizable))];
}

/** The head, and the Linear layers under a configuration and its exceptions. */
const usesOf = (config: QuantConfig): Use[] => [
  { storage: 'float', compute_dtype: headDtype(config) },
  ...layerConfigs(config).map(linearUse),
];

/** The storage of each kind of arithmetic. */
const STORAGE: Record<Arithmetic, StorageName> = {
  float: 'float',
  '4-bit': 'blockwise',
  '8-bit': 'bytes',
  int8: 'int8',
  llm_int8: 'llm_int8',
};

function linearUse(config: QuantConfig): Use {
  const format = formatOf(config);
  return {
    storage: STORAGE[format.arithmetic(config)],
    compute_dtype: config.compute_dtype,
    scales: format.nestedScales?.(config) ? 'nested' : 'absmax',
    shift: format.shiftOf?.(config) ?? 'none',
  };
}
