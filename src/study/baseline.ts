import type { ConfigRun, ExperimentResult } from './result.ts';
import { canonicalJson } from './spec.ts';

/**
 * The measured baseline, which is the spec's first configuration and no other; undefined where that one has no answer,
 * and then nothing can be compared with it.
 */
export function baselineOf({ spec, runs }: Pick<ExperimentResult, 'spec' | 'runs'>): ConfigRun | undefined {
  const [first] = runs;
  if (!first || canonicalJson(first.config) !== canonicalJson(spec.configs[0])) return undefined;
  return first.tasks.some(({ n }) => n > 0) ? first : undefined;
}
