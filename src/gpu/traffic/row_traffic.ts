import { grid, type Overrides, type ParamTypes, type Params } from '../device/kernel.ts';
import type { Guiding, Traffic } from './predict.ts';
import { collect, type Touch } from './touched.ts';

/** What the lanes of a workgroup read of a row that they share. */
export interface SharedRow {
  length: number;
  /** What every lane reads, whatever is its own. */
  all?: readonly Touch[];
  /** Each walk of the lanes over the row, every lane every LANES-th value of it: what value i is read of. */
  walks: readonly ((i: number) => readonly Touch[])[];
}

/** A kernel whose workgroups have a row each. */
export interface RowTraffic<P extends ParamTypes> {
  rows: (params: Params<P>) => number;
  row: (params: Params<P>, row: number) => SharedRow;
  /** Workgroup arrays with a value a lane that every lane reads from end to end, as often as they are named. */
  together: readonly string[];
  /** Of a value: additions and multiplications, and instructions in all of its walks. */
  flops: number;
  instructions: number;
}

/** Instructions that put together what a lane brought, for each lane. */
const TOGETHER = 2;

/** The traffic of a kernel whose lanes share rows. */
export function rowTraffic<P extends ParamTypes>({
  rows,
  row,
  together,
  flops,
  instructions,
}: RowTraffic<P>): Traffic<P> {
  const values = (params: Params<P>): number =>
    Array.from({ length: rows(params) }, (_, i) => row(params, i).length).reduce((a, b) => a + b, 0);
  return {
    touched(params, overrides, [x, y]) {
      const lanes = overrides.LANES!;
      const { touched, read } = collect(lanes);
      const at = y * grid(64 * rows(params))[0] + x;
      if (at >= rows(params)) return touched;
      const { length, all = [], walks } = row(params, at);
      for (let lane = 0; lane < lanes; lane++) {
        read(lane, ...all);
        for (const walk of walks) for (let i = lane; i < length; i += lanes) read(lane, ...walk(i));
        for (const array of together) for (let i = 0; i < lanes; i++) read(lane, [array, i]);
      }
      return touched;
    },
    flops: (params) => flops * values(params),
    instructions: (params, { LANES: lanes = 64 }) =>
      instructions * values(params) + TOGETHER * rows(params) * together.length * lanes ** 2,
    shared_reads: (params, { LANES: lanes = 64 }) => rows(params) * together.length * lanes ** 2,
  };
}

/** A kernel whose lanes have an element each and share nothing. */
export interface ElementTraffic<P extends ParamTypes> {
  elements: (params: Params<P>) => number;
  element: (params: Params<P>, i: number, guiding: Guiding, overrides: Overrides) => readonly Touch[];
  /** Of an element: additions and multiplications, and instructions. */
  flops: (params: Params<P>) => number;
  instructions: (params: Params<P>) => number;
}

/** The traffic of a kernel whose lanes, 64 a workgroup, have an element each. */
export const elementTraffic = <P extends ParamTypes>({
  elements,
  element,
  flops,
  instructions,
}: ElementTraffic<P>): Traffic<P> => ({
  touched(params, overrides, [x, y], guiding) {
    const { touched, read } = collect(64);
    const first = 64 * (y * grid(elements(params))[0] + x);
    for (let lane = 0; lane < 64 && first + lane < elements(params); lane++) {
      read(lane, ...element(params, first + lane, guiding, overrides));
    }
    return touched;
  },
  flops: (params) => elements(params) * flops(params),
  instructions: (params) => elements(params) * instructions(params),
  shared_reads: () => 0,
});
