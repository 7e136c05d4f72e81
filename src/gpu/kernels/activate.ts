import activation from '../../../shaders/preludes/activation.wgsl?raw';
import source from '../../../shaders/activate.wgsl?raw';
import { elementTraffic } from '../traffic/row_traffic.ts';
import { floats, normals } from './cases.ts';
import { defineKernel, grid } from '../device/kernel.ts';

/** An activation of an MLP: the number a shader knows it by, `override ACTIVATION`, and what it computes. */
interface ActivationRow {
  id: number;
  of: (v: number) => number;
}

/** The activations there are, under names of transformers (activations.py). */
export const ACTIVATIONS = {
  /** Swish; gated it is SwiGLU (Shazeer 2020). */
  silu: { id: 0, of: (v) => v / (1 + Math.exp(-v)) },
  /** Hendrycks & Gimpel 2016, by the normal distribution. */
  gelu: { id: 1, of: (v) => v * normalDistribution(v) },
  /** Its tanh form, GPT-2's. */
  gelu_tanh: {
    id: 2,
    of: (v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))),
  },
  relu: { id: 3, of: (v) => Math.max(v, 0) },
  /** So et al. 2021, Primer. */
  relu2: { id: 4, of: (v) => Math.max(v, 0) ** 2 },
  quick_gelu: { id: 5, of: (v) => v / (1 + Math.exp(-1.702 * v)) },
} as const satisfies Record<string, ActivationRow>;

/** The name of a row of ACTIVATIONS. */
export type Activation = keyof typeof ACTIVATIONS;

/** The constants that the kernel is compiled with for an activation, with or without a gate. */
export const activateOverrides = (activation: Activation, gated: boolean) => ({
  ACTIVATION: ACTIVATIONS[activation].id,
  GATED: Number(gated),
});

const ACTIVATE = { n: 'u32' } as const;

/** y = act(x), or act(x) · up in an MLP with a gate, where x is what the gate gives. */
export const activate = defineKernel({
  name: 'activate',
  wgsl: activation + source,
  params: ACTIVATE,
  bindings: { x: 'read f32', up: 'read f32', y: 'write f32' },
  workgroups: ({ n }) => grid(n),
  reference: (_, { x, up }, { ACTIVATION, GATED }) => {
    const { of } = Object.values(ACTIVATIONS).find(({ id }) => id === ACTIVATION)!;
    return { y: x.map((v, i) => of(v) * (GATED === 1 ? up[i]! : 1)) };
  },
  tolerance: () => ({ atol: 1e-6, rtol: 1e-5 }),
  cases: () =>
    (Object.keys(ACTIVATIONS) as Activation[]).flatMap((activation) =>
      [false, true].map((gated) => activateCase(activation, gated)),
    ),
  traffic: elementTraffic<typeof ACTIVATE>({
    elements: ({ n }) => n,
    element: (_, i, __, { GATED }) =>
      GATED === 1
        ? [
            ['x', i],
            ['up', i],
          ]
        : [['x', i]],
    // An exponential and a division, or gelu's series.
    flops: () => 6,
    instructions: () => 40,
  }),
});

function activateCase(activation: Activation, gated: boolean) {
  const x = normals(1001, 1).map((v) => 2 * v);
  x.set([-200, -90, 200, 0, -30, -13.5, -10, -5, 5, 13.5, 30]);
  return {
    name: `${activation}${gated ? ', gated' : ''}`,
    params: { n: 1001 },
    arrays: { x, up: normals(1001, 2), y: floats(1001) },
    overrides: activateOverrides(activation, gated),
  };
}

/** Φ(v), the share of N(0, 1) below v, by its series around 0 (Marsaglia 2004); past 8 it is 0 or 1 to 1e-15. */
function normalDistribution(v: number): number {
  if (Math.abs(v) > 8) return v > 0 ? 1 : 0;
  let sum = 0;
  for (let term = v, k = 1; Math.abs(term) > 1e-18; k += 2, term *= (v * v) / k) sum += term;
  return 0.5 + (sum * Math.exp(-0.5 * v * v)) / Math.sqrt(2 * Math.PI);
}
