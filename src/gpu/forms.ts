import type { Need } from './check.ts';
import { isSoftware } from './adapter.ts';
import type { Commands } from './device/commands.ts';
import type { Gpu } from './device/device.ts';
import type { Access, Kernel, Overrides, Params, ParamTypes } from './device/kernel.ts';
import { argmax } from './kernels/argmax.ts';
import { ATTENTION_FORMS, attentionNeeded } from './attend.ts';
import type { Heads } from './kernels/attention.ts';
import { expected_gap } from './kernels/expected_gap.ts';
import {
  argmax_group,
  expected_gap_group,
  int8_vectorwise_quant_group,
  lanesFor,
  layer_norm_group,
  logit_strips_group,
  logprobs_group,
  NORM_LANES,
  outlier_columns_group,
  rms_norm_group,
  GROUP_LANES,
} from './kernels/grouped.ts';
import { int8_vectorwise_quant } from './kernels/int8_vectorwise_quant.ts';
import { layer_norm } from './kernels/layer_norm.ts';
import { logit_strips } from './kernels/logit_strips.ts';
import { logprobs } from './kernels/logprobs.ts';
import { outlier_columns } from './kernels/outlier_columns.ts';
import { rms_norm } from './kernels/rms_norm.ts';

/** A form of a kernel, and the constants it is compiled with. */
export interface Form<
  P extends ParamTypes = ParamTypes,
  B extends Record<string, Access> = Record<string, Access>,
> {
  kernel: Kernel<P, B>;
  overrides: Overrides;
}

/**
 * Kernels with a lane a row, and the forms whose lanes share a row, which compute the same. The first win on adapters
 * that compute on the CPU, where a barrier is dear and nothing is gained by neighbouring addresses.
 */
const GROUPED = [
  { lane: rms_norm, group: rms_norm_group, lanes: NORM_LANES },
  { lane: layer_norm, group: layer_norm_group, lanes: NORM_LANES },
  { lane: logit_strips, group: logit_strips_group, lanes: [GROUP_LANES] },
  { lane: logprobs, group: logprobs_group, lanes: [GROUP_LANES] },
  { lane: expected_gap, group: expected_gap_group, lanes: [GROUP_LANES] },
  { lane: argmax, group: argmax_group, lanes: [GROUP_LANES] },
] as unknown as readonly Grouped[];

/** Those that ready the input of LLM.int8(). */
const GROUPED_INPUTS = [
  { lane: outlier_columns, group: outlier_columns_group, lanes: [GROUP_LANES] },
  { lane: int8_vectorwise_quant, group: int8_vectorwise_quant_group, lanes: [GROUP_LANES] },
] as unknown as readonly Grouped[];

interface Grouped {
  lane: Kernel;
  group: Kernel;
  lanes: readonly number[];
}

/** Every form that another may stand in for. */
export const FORMS: readonly Kernel[] = [
  ...ATTENTION_FORMS,
  ...[...GROUPED, ...GROUPED_INPUTS].flatMap(({ lane, group }) => [lane, group]),
];

/** The form of a kernel for this device, where a row has `length` values to share; short ones when not given. */
export function formOf<P extends ParamTypes, B extends Record<string, Access>>(
  { adapter }: Gpu,
  kernel: Kernel<P, B>,
  length?: number,
): Form<P, B> {
  if (isSoftware(adapter)) return { kernel, overrides: {} };
  const erased = kernel as unknown as Kernel;
  const row = [...GROUPED, ...GROUPED_INPUTS].find(({ lane }) => lane === erased);
  if (!row) return { kernel, overrides: {} };
  const LANES = length === undefined ? GROUP_LANES : lanesFor(length);
  return { kernel: row.group as unknown as Kernel<P, B>, overrides: { LANES } };
}

/** Dispatches a kernel in the form for this device, where a row has `length` values to share; short ones when not given. */
export function dispatchForm<P extends ParamTypes, B extends Record<string, Access>>(
  commands: Commands,
  kernel: Kernel<P, B>,
  params: Params<P>,
  buffers: { readonly [K in keyof B]: GPUBuffer },
  length?: number,
): void {
  const form = formOf(commands.gpu, kernel, length);
  commands.dispatch(form.kernel, params, buffers, form.overrides);
}

/** What a device compiles of all these, for heads of a shape. */
export function formsNeeded(gpu: Gpu, heads: Heads): Need[] {
  const software = isSoftware(gpu.adapter);
  return [
    ...attentionNeeded(gpu, heads),
    ...GROUPED.flatMap(({ lane, group, lanes }) =>
      software
        ? [{ kernels: [lane], overrides: {} }]
        : lanes.map((LANES) => ({ kernels: [group], overrides: { LANES } })),
    ),
  ];
}
