import { openArena, readBack, write } from '../../gpu/device/buffers.ts';
import type { Gpu } from '../../gpu/device/device.ts';
import { pick_rows } from '../../gpu/kernels/pick_rows.ts';
import { computeBlock, computeHalf, type Half } from '../block.ts';
import { beginPass, closeModel, embed, makeModel, reserve, type Model } from '../forward.ts';
import { blockOf, type ModelConfig } from '../model_config.ts';
import type { InputSite, Pass } from '../pass.ts';
import { sequenceBatch } from '../sequence.ts';
import type { LayerWeights, Weights } from '../weights.ts';
import { widestInput } from '../workspace_sizes.ts';

/** The inputs that the Linear layers of a site had: one sequence of a text, [tokens, width]. */
export type Taken = (site: InputSite, x: Float32Array<ArrayBuffer>, width: number) => Promise<void>;

/** Sequences of a text on their way through a model, one block at a time: their states lie here between two blocks. */
export interface TextRunner {
  /**
   * Runs all sequences through a block, telling the inputs of its sites; where they are to go on, its outputs are the
   * next block's inputs.
   */
  run(index: number, layer: LayerWeights, options: { goOn: boolean; taken?: Taken }): Promise<void>;
  /** What half of a block adds to the stream of one sequence, by its normalized input: [tokens, hidden]. */
  half(
    index: number,
    layer: LayerWeights,
    half: Half,
    input: Float32Array<ArrayBuffer>,
  ): Promise<Float32Array>;
  close(): void;
}

/** The compute dtype of what calibration looks at. */
const FLOAT = { quant_type: 'none', compute_dtype: 'float32' } as const;

const SITES: readonly InputSite[] = ['attention', 'output', 'mlp', 'down'];

/**
 * Sequences of token ids as they enter a model's first block.
 * @param step is waited for behind each sequence of a block: to be told of progress, or to be stopped
 */
export async function openTextRunner(
  gpu: Gpu,
  config: ModelConfig,
  tables: Pick<Weights, 'embedding' | 'positions'>,
  sequences: readonly (readonly number[])[],
  step: () => Promise<void>,
): Promise<TextRunner> {
  const longest = Math.max(...sequences.map(({ length }) => length));
  // Only its tables and its blocks are used.
  const model = await makeModel(gpu, config, tables as Weights, FLOAT);
  const arena = openArena(gpu);
  const close = () => {
    closeModel(model);
    arena.close();
  };
  try {
    await reserve(model, longest, longest);
    const taps = {} as Record<InputSite, GPUBuffer>;
    for (const site of SITES) {
      taps[site] = await arena.allocate(4 * longest * widestInput(config), 'inputs of calibration');
    }
    const states: Float32Array<ArrayBuffer>[] = [];
    for (const ids of sequences) {
      const pass = beginPass(model, sequenceBatch(ids, 0));
      embed(model, pass.workspace, pass.workspace.activations.ids, pass.T);
      states.push(await hiddenOf(model, pass));
    }
    return {
      async run(index, layer, { goOn, taken }) {
        for (const [i, ids] of sequences.entries()) {
          const pass = beginPass(model, sequenceBatch(ids, 0));
          const widths = new Map<InputSite, number>();
          if (taken) {
            pass.tap = (site, x, width) => {
              widths.set(site, width);
              copy(pass, x, taps[site], pass.T * width);
            };
          }
          write(gpu, pass.workspace.activations.hidden, states[i]!);
          computeBlock(pass, blockOf(config, index), layer, index);
          model.commands.submit();
          for (const [site, width] of widths) {
            await taken!(
              site,
              new Float32Array(await readBack(gpu, taps[site], 4 * ids.length * width)),
              width,
            );
          }
          if (goOn) states[i] = await hiddenOf(model, pass);
          await step();
        }
      },
      async half(index, layer, half, x) {
        const pass = beginPass(
          model,
          sequenceBatch(new Array<number>(x.length / config.hidden_size).fill(0), 0),
        );
        const { normed, update } = pass.workspace.activations;
        write(gpu, normed, x);
        computeHalf(pass, blockOf(config, index), layer, index, { half, input: normed });
        model.commands.submit();
        return new Float32Array(await readBack(gpu, update, 4 * x.length));
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

async function hiddenOf(model: Model, { workspace, T }: Pass): Promise<Float32Array<ArrayBuffer>> {
  model.commands.submit();
  const bytes = 4 * T * model.config.hidden_size;
  return new Float32Array(await readBack(model.gpu, workspace.activations.hidden, bytes));
}

const copy = ({ commands }: Pass, x: GPUBuffer, y: GPUBuffer, n: number): void =>
  commands.dispatch(pick_rows, { n, group: n, offset: 0, width: n, first: 0 }, { x, y });
