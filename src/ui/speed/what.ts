import { TIMED_MODELS } from '../../gpu/bench/layers.ts';
import type { BenchRequest } from '../../study/bench/bench_event.ts';

/** What may be timed, and what is asked for it. */
export const WHAT: Readonly<
  Record<string, { label: string; request: Pick<BenchRequest, 'quick' | 'only'> }>
> = {
  quick: { label: 'one layer, in a minute', request: { quick: true } },
  ...Object.fromEntries(
    TIMED_MODELS.map((model) => [model, { label: `the layers of ${model}`, request: { only: [model] } }]),
  ),
  all: { label: 'the layers of all of them', request: {} },
};

export type What = string;
