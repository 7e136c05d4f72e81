import { quantizeBlockwise } from '../blockwise.ts';
import { makeCodebook, type Codebook } from '../codebook.ts';
import { encodeScales, scaleBytes, scaleTableBytes } from '../scales.ts';
import { NO_EXCEPTIONS, type Config, type Format, type FormatLook, type Saved } from './format.ts';

/** A configuration of 4-bit codes in blocks: the knobs all of them share. */
export type BlockwiseConfig<Q extends string> = Config<Q, 'blocksize' | 'double_quant' | 'compute_dtype'>;

/** A format whose sixteen values have a name. */
export interface NamedFormat<Q extends string, S extends Saved = Saved> extends Format<
  BlockwiseConfig<Q>,
  S
> {
  codebook: Codebook<Q>;
  /** One sentence on the sixteen values, for the reader who meets them first. */
  about: string;
}

/** A named codebook's own part of its row. */
interface NamedCodebook<Q extends string, S extends Saved> {
  quant_type: Q;
  /** [16] the value of each nibble. */
  values: readonly number[];
  about: string;
  saved: S;
  look: FormatLook;
}

/** Makes the row of a named codebook. */
export function namedCodebook<const Q extends string, const S extends Saved>({
  quant_type,
  values,
  ...row
}: NamedCodebook<Q, S>): NamedFormat<Q, S> {
  const codebook = makeCodebook(quant_type, values);
  return {
    ...blockwise<BlockwiseConfig<Q>>(() => codebook),
    ...row,
    quant_type,
    title: quant_type.toUpperCase(),
    knobs: BLOCKWISE_KNOBS,
    codebook,
  };
}

/** Defaults of the knobs that all 4-bit codes in blocks have. */
export const BLOCKWISE_KNOBS = {
  blocksize: 64,
  double_quant: false,
  compute_dtype: 'float32',
  ...NO_EXCEPTIONS,
} as const;

/** The part of a row that all 4-bit codes in blocks share. */
export const blockwise = <C extends BlockwiseConfig<string>>(
  codebookOf: (config: C) => Codebook<C['quant_type']>,
) =>
  ({
    codebookOf,
    arithmetic: () => '4-bit',
    nestedScales: ({ double_quant }: C) => double_quant,
    nameOf: ({ quant_type, blocksize, double_quant }: C) =>
      `${quant_type.toUpperCase()} · ${blocksize}${double_quant ? ' · double quant' : ''}`,
    quantize(tensor, config: C) {
      const quantized = quantizeBlockwise(tensor, codebookOf(config) as Codebook, config.blocksize);
      return { ...quantized, scales: encodeScales(quantized.scales.absmax, kindOf(config)) };
    },
    blocksizeOf: ({ blocksize }: C) => blocksize,
    codeBits: () => 4,
    scaleBytes: ([rows, columns], config: C) =>
      scaleBytes({ kind: kindOf(config) }, Math.ceil((rows * columns) / config.blocksize)),
    sharedBytes: (config: C) => 64 + scaleTableBytes(kindOf(config)),
  }) satisfies Partial<Format<C>>;

const kindOf = ({ double_quant }: { double_quant: boolean }) => (double_quant ? 'nested' : 'absmax');
