import { adapterName, type AdapterReport } from '../gpu/adapter.ts';
import type { AdapterSegment, Environment } from './result.ts';

/**
 * The environment of a run that goes on: `now`, but begun on the adapter and with the kernels it was begun on; others are
 * a segment of their own, from so many answers on.
 */
export function continued(before: Environment | undefined, now: Environment, answers: number): Environment {
  if (!before || answers === 0) return now;
  const segments = before.adapters ?? [];
  const adapters = isSame(segments.at(-1) ?? before, now)
    ? segments
    : [...segments, { ...computing(now), answers }];
  return { ...now, ...computing(before), ...(adapters.length > 0 && { adapters }) };
}

type Computing = Pick<AdapterSegment, 'adapter' | 'kernel_check' | 'kernels'>;

const computing = ({ adapter, kernel_check, kernels }: Computing): Computing => ({
  adapter,
  kernel_check,
  ...(kernels && { kernels }),
});

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
    ...adapters.map(
      (next) => `then ${adapterName(next.adapter)}${kernelsText(next)} from answer ${next.answers + 1} on`,
    ),
  ].join(', ');

/** " with kernels 2, matvec", or nothing where no record says. */
const kernelsText = ({ kernels }: Computing): string =>
  kernels ? ` with kernels ${kernelNames(kernels)}` : '';

/** "version 2, decoding by matvec and attention": the kernels of a record in words. */
export const kernelNames = ({
  version,
  matvec,
  attention,
  tile,
}: NonNullable<Computing['kernels']>): string =>
  [
    `version ${version}`,
    ...(tile ? [`prefill by ${tile} alone`] : []),
    `decoding by ${matvec} and ${attention}`,
  ].join(', ');

const isSame = (a: Computing, b: Computing): boolean =>
  isSameAdapter(a.adapter, b.adapter) && JSON.stringify(a.kernels) === JSON.stringify(b.kernels);

/** True for two reports of what is one kind of adapter, as far as a browser tells. */
export const isSameAdapter = (a: AdapterReport, b: AdapterReport): boolean =>
  adapterName(a) === adapterName(b) && a.device === b.device;
