import { LabError } from '../errors.ts';
import type { AnswerCounts } from './complete.ts';

/** One of the equal shares a run is cut into, so that several machines can answer it: number `index` of `of`, from 0. */
export interface Shard {
  index: number;
  of: number;
  /** Every item is answered by all configurations in one shard, so that shards may come from different adapters. */
  mixed?: true;
  /** The answers that are its own, once they are known: by configuration, then by task. */
  planned?: AnswerCounts;
}

/** Shards of one run at most: a folder of more results is hard to handle, and none needs them. */
export const MOST_SHARDS = 100_000;

/**
 * "3/40" as the shard 3 of 40, the first of which is 0.
 * @throws bad-arguments when it is none.
 */
export function parseShard(text: string, mixed = false): Shard {
  const [, index = NaN, of = NaN] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (!(of >= 1 && of <= MOST_SHARDS && index < of)) {
    throw new LabError(
      'bad-arguments',
      `The shard is ${JSON.stringify(text.slice(0, 40))}; allowed: i/n with i from 0 to n - 1, as 0/40, and n up to ${MOST_SHARDS}.`,
    );
  }
  return { index, of, ...(mixed && { mixed }) };
}

/** "0/40": what `parseShard` reads. */
export const shardName = ({ index, of }: Pick<Shard, 'index' | 'of'>): string => `${index}/${of}`;

/** True for the same share of the same cut. */
export const isSameShard = (a: Shard | undefined, b: Shard | undefined): boolean =>
  a?.index === b?.index && a?.of === b?.of && a?.mixed === b?.mixed;
