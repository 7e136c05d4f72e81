import source from '../../../shaders/attention_tile.wgsl?raw';
import { defineKernel } from '../device/kernel.ts';
import {
  attention,
  ATTENTION,
  ATTENTION_CASES,
  ATTENTION_INPUTS,
  ATTENTION_ORDER,
  ATTENTION_TOLERANCE,
  attentionCase,
} from './attention.ts';

/** Tokens of a workgroup. */
const TOKENS = 16;

/** The constant that the kernel is compiled with for heads of a width: how many vec4 of it there is room for. */
export const tileOverrides = (head_dim: number) => ({
  COLUMNS: head_dim <= 64 ? 16 : head_dim <= 128 ? 32 : 64,
});

/**
 * The attention of many tokens: those of a workgroup share the keys and values that they read, in tiles of slots. Equal
 * bits to `attention`, since neither adds anything but the slots a token sees, in their order.
 */
export const attention_tile = defineKernel({
  name: 'attention_tile',
  wgsl: ATTENTION_ORDER + source,
  params: ATTENTION,
  bindings: { ...ATTENTION_INPUTS, y: 'write f32' },
  workgroups: ({ T, heads }) => [Math.ceil(T / TOKENS), heads],
  reference: (shape, arrays) => attention.reference(shape, arrays, {}),
  tolerance: () => ATTENTION_TOLERANCE,
  cases: () =>
    ATTENTION_CASES.map((one) => ({ ...attentionCase(one), overrides: tileOverrides(one.head_dim) })),
});
