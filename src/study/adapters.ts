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
  const adapters = isSame(last, adapter) ? segments : [...segments, { adapter, kernel_check, answers }];
  return {
    ...now,
    ...{ adapter: before.adapter, kernel_check: before.kernel_check },
    ...(adapters.length > 0 && { adapters }),
  };
}

/** "swiftshader", or "A, then B from answer 31 on" where the run went on elsewhere. */
export const adapterNames = ({ adapter, adapters = [] }: Environment): string =>
  [
    adapterName(adapter),
    ...adapters.map((next) => `then ${adapterName(next.adapter)} from answer ${next.answers + 1} on`),
  ].join(', ');

const isSame = (a: AdapterReport, b: AdapterReport): boolean =>
  adapterName(a) === adapterName(b) && a.device === b.device;
