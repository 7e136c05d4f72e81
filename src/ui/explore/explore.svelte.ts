import { toFailure, type Failure } from '../../errors.ts';
import { quantizeBlockwise } from '../../quant/blockwise.ts';
import { CODEBOOKS, type CodebookName, type NamedCodebook } from '../../quant/config.ts';
import { customCodebook, type Codebook } from '../../quant/codebook.ts';
import { BLOCKSIZES } from '../../quant/knobs.ts';
import type { MeasureRequest } from '../../lab/protocol.ts';
import { elements, type Tensor } from '../../tensor/tensor.ts';
import { parseQuery, printQuery, writeQuery } from '../page/query_state.ts';
import { parseRoute, queryOf } from '../shell/route.ts';
import { EXPLORE_QUERY as QUERY } from './explore_query.ts';
import { measure, measuredWhole } from './weights/measure.ts';
import { lloydStep, moveLevel, placeByQuantiles, roundCode, scaleWeights } from './codes/own_code.ts';
import type { Pair } from './output/output_error.ts';
import { FARTHEST } from './output/pair_field.ts';
import { openOwnFile, readFirstWeights, type OwnFile } from './weights/own_file.ts';
import { parsePasted } from './weights/pasted.ts';
import {
  drawWeights,
  fetchSample,
  MOST_DEVIATIONS,
  plantOutliers,
  SHOWN,
  standardDeviation,
  VALUES,
  type DrawName,
  type WeightSample,
} from './weights/weights.ts';
import { WholeTensor } from './weights/whole_tensor.svelte.ts';

export type WeightChoice = 'sample' | 'own' | 'pasted' | DrawName;

/** The Explore screen, as the reader left it: which weights, which block size, and what follows from them. */
class ExploreState {
  choice = $state<WeightChoice>(QUERY.choice.missing);
  /** Place in BLOCKSIZES. */
  blocksizeAt = $state(BLOCKSIZES.findIndex((blocksize) => blocksize === QUERY.blocksize.missing));
  outliers = $state(QUERY.outliers.missing);
  showInt4 = $state(QUERY.showInt4.missing);
  sample = $state.raw<WeightSample>();
  file = $state.raw<OwnFile>();
  /** The tensor of the file that is shown. */
  tensorName = $state('');
  pasted = $state('');
  failure = $state.raw<Failure>();
  #own = $state.raw<Tensor>();

  /** A codebook of the reader's own, ascending; and the value in hand. */
  code = $state.raw(QUERY.code.missing);
  level = $state(8);
  #undo: (readonly number[] | undefined)[] = [];

  /** The block, the weight in it and the codebook that the strips below the figure show. */
  wantedBlock = $state(QUERY.blockAt.missing);
  wantedWeight = $state(QUERY.weightAt.missing);
  wantedBook = $state<CodebookName>(QUERY.book.missing);
  /** Bars are drawn over their block's absmax. */
  scaled = $state(QUERY.scaled.missing);
  /** The threshold of the LLM.int8() picture, in tenths. */
  tenths = $state(QUERY.tenths.missing);
  /** The weight at which an outlier was planted by hand. */
  planted = $state<number>();
  /** The outlier's value, in tenths of a standard deviation. */
  plantedTenths = $state(QUERY.plantedTenths.missing);

  /** The format whose scale is pulled, and that scale in hundredths of the one that just fits. */
  scaleOf = $state(QUERY.scaleOf.missing);
  scaleHundredths = $state(QUERY.scaleHundredths.missing);
  /** Two weights in steps of a code, and how alike their inputs are, in hundredths. */
  pair = $state.raw(QUERY.pair.missing);
  alike = $state(QUERY.alike.missing);

  blocksize = $derived(BLOCKSIZES[this.blocksizeAt]!);
  #clean = $derived(this.#chosen());
  /** Of the weights before outliers were planted, so that planting them moves the errors alone. */
  deviation = $derived(this.#clean ? standardDeviation(this.#clean) || 1 : 1);
  #drawn = $derived(this.#clean && plantOutliers(this.#clean, this.outliers, this.deviation));
  weights = $derived(
    this.#drawn && withOne(this.#drawn, this.planted, (this.plantedTenths / 10) * this.deviation),
  );
  /** The weights without the outlier planted by hand. */
  unplanted = $derived(this.#drawn);
  own = $derived(this.code && customCodebook(this.code));
  /** Codebooks on the screen, in their order. */
  books: Codebook[] = $derived([
    CODEBOOKS.nf4,
    CODEBOOKS.fp4,
    ...(this.showInt4 ? [CODEBOOKS.int4] : []),
    ...(this.own ? [this.own] : []),
  ]);
  #onScreen = $derived(
    this.weights && measure(this.weights, this.blocksize, this.deviation, this.books.slice(2)),
  );

  whole = new WholeTensor();
  /** Weights of the chosen tensor where the screen holds only the first of them; else 0. */
  tensorLength = $derived(this.choice === 'own' && this.#own ? this.#beyondScreen() : 0);
  /** The request to measure all weights of that tensor; outliers are planted on the screen alone. */
  wholeRequest: MeasureRequest | undefined = $derived(
    this.tensorLength > 0 && this.outliers === 0 && this.planted === undefined
      ? { file: this.file!.file, tensor: this.tensorName, books: this.books, blocksize: this.blocksize }
      : undefined,
  );
  wholeReport = $derived(this.whole.answerTo(this.wholeRequest));
  measured = $derived(
    this.wholeRequest && this.wholeReport && !('code' in this.wholeReport)
      ? measuredWhole(this.wholeReport, this.wholeRequest, this.tensorLength)
      : this.#onScreen,
  );
  #scaledWeights = $derived(this.weights && scaleWeights(this.weights, this.blocksize));

  blocks = $derived(this.weights ? Math.ceil(this.weights.data.length / this.blocksize) : 0);
  block = $derived(Math.max(0, Math.min(this.wantedBlock, this.blocks - 1)));
  book: Codebook = $derived(
    this.wantedBook === 'custom' ? (this.own ?? CODEBOOKS.nf4) : CODEBOOKS[this.wantedBook],
  );
  quantized = $derived(this.weights && quantizeBlockwise(this.weights, this.book, this.blocksize));
  /** Weights of the selected block; the last one may be short. */
  blockLength = $derived(
    this.weights ? Math.min(this.blocksize, this.weights.data.length - this.block * this.blocksize) : 0,
  );
  weight = $derived(Math.max(0, Math.min(this.wantedWeight, this.blockLength - 1)));

  #chosen(): Tensor | undefined {
    switch (this.choice) {
      case 'sample':
        return this.sample?.weights;
      case 'own':
        return this.#own;
      case 'pasted':
        return parsePasted(this.pasted);
      default:
        return drawWeights(this.choice);
    }
  }

  #beyondScreen(): number {
    const info = this.file?.tensors.find(({ name }) => name === this.tensorName);
    const length = info ? elements(info.shape) : 0;
    return length > VALUES ? length : 0;
  }

  /** Takes over the address's query; without one the screen stays as it was. */
  followAddress(): void {
    const query = queryOf(location.hash);
    if (parseRoute(location.hash).screen !== 'explore' || query === '') return;
    const { blocksize, blockAt, weightAt, planted, plantedAt, code, book, ...rest } = parseQuery(
      QUERY,
      query,
    );
    Object.assign(this, rest);
    this.blocksizeAt = BLOCKSIZES.indexOf(blocksize as (typeof BLOCKSIZES)[number]);
    this.wantedBlock = blockAt;
    this.wantedWeight = weightAt;
    this.planted = planted ? (plantedAt ?? middle(blockAt, blocksize)) : undefined;
    this.code = code;
    this.wantedBook = book;
  }

  /** Reads the state now, for an effect to follow, and gives what puts it into the address. */
  addressWriter(): () => void {
    const query = this.#query();
    return () => writeQuery('explore', query);
  }

  /** A hash that opens what is on the screen. */
  hash(): string {
    const query = this.#query();
    return query ? `#/explore?${query}` : '#/explore';
  }

  #query(): string {
    const { choice, blocksize, outliers, showInt4, code, tenths, scaled, wantedBook } = this;
    const linkable = choice === 'own' || choice === 'pasted' ? 'sample' : choice;
    const planted = this.planted !== undefined;
    const usual = this.planted === middle(this.wantedBlock, blocksize);
    const state = {
      choice: linkable,
      blockAt: this.wantedBlock,
      weightAt: this.wantedWeight,
      tenths,
      blocksize: blocksize as number,
      outliers,
      showInt4,
      code,
      scaled,
      planted,
      plantedAt: usual ? undefined : this.planted,
      plantedTenths: planted ? this.plantedTenths : QUERY.plantedTenths.missing,
      book: wantedBook,
      scaleOf: this.scaleOf,
      scaleHundredths: this.scaleHundredths,
      pair: this.pair,
      alike: this.alike,
    };
    return printQuery(QUERY, state);
  }

  /** Plants an outlier in the middle of the selected block, or takes it away. */
  togglePlanted(): void {
    this.planted = this.planted === undefined ? middle(this.block, this.blocksize) : undefined;
    this.plantedTenths = QUERY.plantedTenths.missing;
  }

  /** Puts the outlier to another weight, `deviations` out; its block is the selected one. */
  movePlanted(at: number, deviations: number): void {
    const tenths = Math.round(10 * deviations);
    this.plantedTenths = Math.max(-10 * MOST_DEVIATIONS, Math.min(10 * MOST_DEVIATIONS, tenths));
    this.planted = Math.max(0, Math.min(at, (this.weights?.data.length ?? 1) - 1));
    this.wantedBlock = Math.floor(this.planted / this.blocksize);
    this.wantedWeight = this.planted % this.blocksize;
  }

  /** Another block size, with weight `at` still the selected one. */
  resizeAround(at: number, blocksize: number): void {
    this.blocksizeAt = BLOCKSIZES.indexOf(blocksize as (typeof BLOCKSIZES)[number]);
    this.wantedBlock = Math.floor(at / blocksize);
    this.wantedWeight = at % blocksize;
  }

  /** The block of so many weights that the selected weight lies in. */
  blockOfSize(length: number): number {
    return Math.floor((this.block * this.blocksize + this.weight) / length);
  }

  /** Selects the first weight of a block of so many weights. */
  selectBlockOfSize(block: number, length: number): void {
    this.wantedBlock = Math.floor((block * length) / this.blocksize);
    this.wantedWeight = (block * length) % this.blocksize;
  }

  /** Moves the two weights whose inputs are alike, in steps of their code. */
  movePair(to: Pair): void {
    const within = (x: number) => Math.round(100 * Math.max(-FARTHEST, Math.min(FARTHEST, x))) / 100;
    this.pair = [within(to[0]), within(to[1])];
  }

  /** Another codebook of one's own, or none; the one before can be had back. */
  setCode(code: readonly number[] | undefined): void {
    this.#undo = [...this.#undo, this.code].slice(-100);
    this.code = code && [...code].sort((a, b) => a - b);
    if (!code && this.wantedBook === 'custom') this.wantedBook = 'nf4';
  }

  undoCode(): void {
    if (this.#undo.length > 0) this.code = this.#undo.pop();
  }

  /** Moves a value of one's own codebook; a drag is one step to undo, not one a pixel. */
  drag(level: number, to: number, first: boolean): void {
    if (!this.code) return;
    if (first) this.#undo = [...this.#undo, this.code].slice(-100);
    this.level = level;
    this.code = moveLevel(this.code, level, to);
  }

  startFrom(book: NamedCodebook): void {
    this.setCode(roundCode([...CODEBOOKS[book].code]));
  }

  quantiles(): void {
    if (this.#scaledWeights) this.setCode(placeByQuantiles(this.#scaledWeights));
  }

  /** Makes one Lloyd-Max step; true if a value moved by more than 1e-4. */
  lloyd(): boolean {
    if (!this.#scaledWeights) return false;
    const before = this.code ?? roundCode([...CODEBOOKS.nf4.code]);
    const after = lloydStep(before, this.#scaledWeights);
    this.setCode(after);
    return after.some((value, i) => Math.abs(value - before[i]!) > 1e-4);
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

/** The middle of a block, or of its first part where no strip shows all of it. */
const middle = (block: number, blocksize: number): number =>
  block * blocksize + Math.min(blocksize, SHOWN) / 2;

/** The tensor with one of its weights set. */
function withOne(tensor: Tensor, at: number | undefined, value: number): Tensor {
  if (at === undefined || at >= tensor.data.length) return tensor;
  const data = tensor.data.slice();
  data[at] = value;
  return { shape: tensor.shape, data };
}

export const explore = new ExploreState();

export type Explore = ExploreState;
