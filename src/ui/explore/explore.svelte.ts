import { toFailure, type Failure } from '../../errors.ts';
import { BLOCKSIZES } from '../../quant/config.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { measure } from './measure.ts';
import { openOwnFile, readFirstWeights, type OwnFile } from './own_file.ts';
import {
  drawWeights,
  fetchSample,
  plantOutliers,
  standardDeviation,
  type DrawName,
  type WeightSample,
} from './weights.ts';

export type WeightChoice = 'sample' | 'own' | DrawName;

/** The Explore screen, as the reader left it: which weights, which block size, and what follows from them. */
class ExploreState {
  choice = $state<WeightChoice>('sample');
  /** Place in BLOCKSIZES. */
  blocksizeAt = $state(BLOCKSIZES.indexOf(64));
  outliers = $state(0);
  showInt4 = $state(false);
  sample = $state.raw<WeightSample>();
  file = $state.raw<OwnFile>();
  /** The tensor of the file that is shown. */
  tensorName = $state('');
  failure = $state.raw<Failure>();
  #own = $state.raw<Tensor>();

  blocksize = $derived(BLOCKSIZES[this.blocksizeAt]!);
  #clean = $derived(this.#chosen());
  /** Of the weights before outliers were planted, so that planting them moves the errors alone. */
  deviation = $derived(this.#clean ? standardDeviation(this.#clean) : 1);
  weights = $derived(this.#clean && plantOutliers(this.#clean, this.outliers, this.deviation));
  measured = $derived(this.weights && measure(this.weights, this.blocksize, this.deviation, this.showInt4));

  #chosen(): Tensor | undefined {
    if (this.choice === 'sample') return this.sample?.weights;
    return this.choice === 'own' ? this.#own : drawWeights(this.choice);
  }

  async loadSample(): Promise<void> {
    try {
      this.sample ??= await fetchSample();
    } catch (error) {
      this.failure = toFailure(error);
      this.choice = 'normal';
    }
  }

  async openFile(file: File): Promise<void> {
    this.failure = undefined;
    try {
      this.file = await openOwnFile(file);
      await this.showTensor(this.file.tensors[0]!.name);
    } catch (error) {
      this.failure = toFailure(error);
    }
  }

  async showTensor(name: string): Promise<void> {
    this.failure = undefined;
    this.tensorName = name;
    const file = this.file!;
    try {
      const weights = await readFirstWeights(
        file,
        file.tensors.find((info) => info.name === name)!,
      );
      // Another tensor may have been chosen while this one was read.
      if (this.file === file && this.tensorName === name) this.#own = weights;
    } catch (error) {
      this.#own = undefined;
      this.failure = toFailure(error);
    }
  }
}

export const explore = new ExploreState();

export type Explore = ExploreState;
