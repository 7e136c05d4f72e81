import { openArena } from '../../gpu/device/buffers.ts';
import { loadFloat } from '../../gpu/matrix/float.ts';
import { product } from '../../gpu/matrix/product.ts';
import { matrixOfFloats } from '../../gpu/matrix/stored_matrix.ts';
import {
  awqClip,
  awqScalings,
  clipped,
  quantizeAwq,
  throughScaling,
  type Scaling,
} from '../../quant/calibrated/awq.ts';
import { dividedInputs } from '../../quant/calibrated/statistics.ts';
import type { CalibratedConfig } from '../../quant/config.ts';
import type { PlainBlockwise4bit } from '../../quant/quantized.ts';
import { joinFloats } from '../../tensor/concatenate.ts';
import { sumOfSquares } from '../../tensor/sum.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Half } from '../block.ts';
import type { Linear, MadeLayer, Scaled } from '../loader.ts';
import { blockOf, isGated, type BlockSpec, type Role } from '../model_config.ts';
import type { LinearModule } from '../modules.ts';
import type { InputSite } from '../pass.ts';
import type { LayerNorm, LayerTensors } from '../tensors.ts';
import type { LayerWeights } from '../weights.ts';
import { siteOf, type FloatBlock } from './calibrator.ts';

/** Linear layers that read the same input, and what stands before it: that is divided by what they are scaled up by. */
interface Site {
  input: InputSite;
  modules: readonly LinearModule[];
  before: { norm: LayerNorm } | { role: Role };
  /** The half of the block whose output judges; undefined where it is that of the Linear layer itself. */
  half: Half | undefined;
}

/**
 * A block's Linear layers by AWQ (AutoAWQ's order): the scales of all sites are searched for on the float block, then
 * applied, then weights are cut, all but those of queries and keys.
 */
export async function makeAwqLayer(block: FloatBlock, step: () => Promise<void>): Promise<MadeLayer> {
  const { tensors, modules, statistics, config, index } = block;
  // One format for all of them: layers of one input are scaled together.
  const { group_size, clip = true, unscaled = false } = block.formatOf(modules[0]!) as AwqConfig;
  const spec = blockOf(config, index);
  const weights = new Map<string, Tensor>();
  for (const module of modules) weights.set(module.name, await block.weight(module));
  const byInput = new Map<InputSite, Float64Array<ArrayBuffer>>();
  const divisors = new Map<string, Float64Array<ArrayBuffer>>();
  const byRow = new Map<Role, Float64Array<ArrayBuffer>>();
  for (const site of sitesOf(spec, tensors, modules, config)) {
    const { factors, ratio } = await bestScaling(block, site, weights, { group_size, unscaled }, step);
    if (ratio === undefined) continue;
    for (const input of new Set(site.modules.map(siteOf))) byInput.set(input, factors);
    if ('role' in site.before) byRow.set(site.before.role, factors);
    else for (const name of normNames(tensors, site.before.norm)) divisors.set(name, factors);
  }

  const linears = new Map<string, PlainBlockwise4bit>();
  const scaled = new Map<string, Scaled>();
  for (const module of modules) {
    const input = siteOf(module);
    const changed = applied(weights.get(module.name)!, module, byInput.get(input), byRow);
    const seen = byInput.has(input)
      ? dividedInputs(statistics[input], byInput.get(input)!)
      : statistics[input];
    const kept = module.parts.some(({ role }) => role === 'q' || role === 'k');
    const cut = clip && !kept ? clipped(changed, awqClip(changed, seen, group_size), group_size) : changed;
    linears.set(module.name, quantizeAwq(cut, group_size));
    const rows = rowDivisors(module, byRow);
    scaled.set(module.name, { inputs: byInput.get(input), rows });
    if (rows && module.bias) divisors.set(`${module.name}.bias`, rows);
    await step();
  }
  return { linears, divisors, scaled };
}

type AwqConfig = Extract<CalibratedConfig, { quant_type: 'awq' }>;

/** The sites of a block whose inputs can be scaled: something linear stands before them, and all of them is quantized. */
function sitesOf(
  spec: BlockSpec,
  { norms, linears }: LayerTensors,
  modules: readonly LinearModule[],
  { num_attention_heads, num_key_value_heads }: FloatBlock['config'],
): Site[] {
  const reading = (...inputs: InputSite[]) => linears.filter((module) => inputs.includes(siteOf(module)));
  const computing = (role: Role) => linears.find(({ parts }) => parts.some((part) => part.role === role));
  const isQuantized = (module: LinearModule) => modules.includes(module);
  const hasWeight = (place: LayerNorm) => (norms[place]?.weights.length ?? 0) > 0;
  const shared = spec.parallel === true && !norms.mlp_in;
  const sites: (Site | undefined)[] = [
    hasWeight('attention_in')
      ? {
          input: 'attention',
          modules: shared ? reading('attention', 'mlp') : reading('attention'),
          before: { norm: 'attention_in' },
          half: shared ? undefined : 'attention',
        }
      : undefined,
    // A value's component must reach one column of the output's, not one a query head.
    num_attention_heads === num_key_value_heads && spec.clip_qkv === undefined && computing('v')
      ? { input: 'output', modules: reading('output'), before: { role: 'v' }, half: undefined }
      : undefined,
    hasWeight('mlp_in')
      ? { input: 'mlp', modules: reading('mlp'), before: { norm: 'mlp_in' }, half: 'mlp' }
      : undefined,
    isGated(spec) || spec.activation === 'relu'
      ? { input: 'down', modules: reading('down'), before: { role: 'up' }, half: undefined }
      : undefined,
  ];
  return sites.filter(
    (site): site is Site =>
      site !== undefined &&
      site.modules.every(isQuantized) &&
      (!('role' in site.before) || isQuantized(computing(site.before.role)!)),
  );
}

const normNames = ({ norms }: LayerTensors, place: LayerNorm): string[] => {
  const { weights, bias } = norms[place]!;
  return [weights[0]!.name, ...(bias ? [bias.name] : [])];
};

/** The scaling under which the site's output strays least; of equal ones the first. */
async function bestScaling(
  block: FloatBlock,
  site: Site,
  weights: ReadonlyMap<string, Tensor>,
  options: { group_size: number; unscaled: boolean },
  step: () => Promise<void>,
): Promise<Scaling> {
  const layers = site.modules.map(({ name }) => weights.get(name)!);
  const scalings = awqScalings(layers, block.statistics[site.input], options);
  const lossOf = site.half ? await halfLoss(block, site, site.half) : linearLoss(block, site, layers);
  let best: Scaling | undefined;
  let least = Infinity;
  for (const scaling of scalings) {
    const back = layers.map((layer) => throughScaling(layer, scaling, options.group_size));
    const loss = await lossOf(back);
    await step();
    if (best && !(loss < least)) continue;
    [best, least] = [scaling, loss];
  }
  return best!;
}

type Loss = (back: readonly Tensor[]) => Promise<number>;

/** Σ (error)² of the Linear layers' own outputs. */
function linearLoss({ gpu, inputs }: FloatBlock, { input }: Site, layers: readonly Tensor[]): Loss {
  const x = joinFloats(inputs[input]!);
  return async (back) => {
    let sum = 0;
    for (const [i, { data, shape }] of layers.entries()) {
      const lost = data.map((weight, at) => weight - back[i]!.data[at]!);
      sum += sumOfSquares(await product(gpu, x, lost, shape[1]!));
    }
    return sum;
  };
}

/** Σ (error)² of what half of the block adds to the stream. */
async function halfLoss(block: FloatBlock, { input, modules }: Site, half: Half): Promise<Loss> {
  const { runner, index, layer } = block;
  const inputs = block.inputs[input]!;
  const wanted: Float32Array[] = [];
  for (const x of inputs) wanted.push(await runner.half(index, layer, half, x));
  return async (back) => {
    const trial = await withWeights(block, modules, back);
    try {
      let sum = 0;
      for (const [i, x] of inputs.entries()) {
        const got = await runner.half(index, trial.layer, half, x);
        wanted[i]!.forEach((value, at) => (sum += (value - got[at]!) ** 2));
      }
      return sum;
    } finally {
      trial.close();
    }
  };
}

/** The block with other weights in some of its Linear layers. */
async function withWeights(
  { gpu, layer }: FloatBlock,
  modules: readonly LinearModule[],
  weights: readonly Tensor[],
) {
  const arena = openArena(gpu);
  const linears: LayerWeights['linears'] = { ...layer.linears };
  for (const [i, { name, columns, parts }] of modules.entries()) {
    const matrix = await loadFloat(arena, matrixOfFloats(name, weights[i]!.data, columns));
    for (const { role } of parts) {
      const before = layer.linears[role]!;
      const linear: Linear = { ...before.linear, matrix };
      linears[role] = { ...before, linear };
    }
  }
  return { layer: { ...layer, linears }, close: () => arena.close() };
}

/** A layer's weights, each input's scaled up by its factor, and rows divided that feed an input that was scaled up. */
function applied(
  { shape, data }: Tensor,
  module: LinearModule,
  factors: Float64Array | undefined,
  byRow: ReadonlyMap<Role, Float64Array<ArrayBuffer>>,
): Tensor {
  const { columns } = module;
  const rows = rowDivisors(module, byRow);
  return {
    shape,
    data: data.map((weight, i) => {
      const scaled = factors ? Math.fround(weight * factors[i % columns]!) : weight;
      return rows ? scaled / rows[Math.floor(i / columns)]! : scaled;
    }),
  };
}

/** What each row of a layer is divided by, [rows]; undefined where none is. */
function rowDivisors(
  { rows, groups, parts }: LinearModule,
  byRow: ReadonlyMap<Role, Float64Array<ArrayBuffer>>,
): Float64Array<ArrayBuffer> | undefined {
  if (!parts.some(({ role }) => byRow.has(role))) return undefined;
  const divisors = new Float64Array(rows).fill(1);
  for (const {
    role,
    rows: [begin, end],
  } of parts) {
    const by = byRow.get(role);
    by?.forEach((divisor, i) => {
      const group = Math.floor(i / (end - begin));
      divisors[(group * rows) / groups + begin + (i % (end - begin))] = divisor;
    });
  }
  return divisors;
}
