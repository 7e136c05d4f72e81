import { adapterName, type AdapterReport } from '../gpu/adapter.ts';
import type { Environment } from './result.ts';

/**
 * The environment of a run that goes on: `now`, but begun on the adapter it was begun on; another one is a segment of
 * its own, from so many answers on.
 */
export function continued(before: Environment | undefined, now: Environment, answers: number): Environment {
  if (!before || answers === 0) return now;
  const { adapter, kernel_check } = now;
  const segments = before.adapters ?? [];
  const last = segments.at(-1)?.adapter ?? before.adapter;
  const adapters = isSameAdapter(last, adapter)
    ? segments
    : [...segments, { adapter, kernel_check, answers }];
  return {
    ...now,
    ...{ adapter: before.adapter, kernel_check: before.kernel_check },
    ...(adapters.length > 0 && { adapters }),
  };
}

/**
 * "swiftshader", "A, then B from answer 31 on" where the run went on elsewhere, or "A (5 parts), B (1 part)" where it
 * was merged.
 */
export function adapterNames(environment: Environment): string {
  const { parts } = environment;
  if (!parts) return namesOf(environment);
  const counts = new Map<string, number>();
  for (const part of parts) {
    const name = namesOf(part);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, n]) => `${name} (${n === 1 ? '1 part' : `${n} parts`})`).join(', ');
}

const namesOf = ({ adapter, adapters = [] }: Pick<Environment, 'adapter' | 'adapters'>): string =>
  [
    adapterName(adapter),
    ...adapters.map((next) => `then ${adapterName(next.adapter)} from answer ${next.answers + 1} on`),
  ].join(', ');

/** True for two reports of what is one kind of adapter, as far as a browser tells. */
export const isSameAdapter = (a: AdapterReport, b: AdapterReport): boolean =>
  adapterName(a) === adapterName(b) && a.device === b.device;
