import type { AdapterReport } from '../../gpu/adapter.ts';
import type { BenchGap, BenchRow, Ceiling } from '../../gpu/bench/row.ts';
import type { ModelRef } from '../spec.ts';
import type { BenchReport, ModelBench } from './bench_report.ts';

/** What to measure, and how long. */
export interface BenchRequest {
  /** Words of which each must stand in a row's name: "SmolLM2-135M", "down", "nf4", "M=8". */
  only?: readonly string[];
  /** A layer of each kind and the small numbers of tokens. */
  quick?: boolean;
  /** Seconds of rounds a row. */
  seconds: number;
  /** The address of onnxruntime-web's dist/, whose kernels are timed in turn with ours. */
  onnxruntime?: string;
  /** The model that is measured whole; none when not given. */
  model?: ModelRef;
}

/** The steps of a bench, in the order they happen. */
export type BenchEvent =
  | { type: 'begun'; adapter: AdapterReport; runtime: string; app: BenchReport['app']; started: string }
  | { type: 'ceiling'; ceiling: Ceiling }
  | { type: 'row'; row: BenchRow; done: number; total: number }
  | { type: 'gap'; gap: BenchGap; done: number; total: number }
  /** A part of the model's measurement begins. */
  | { type: 'measuring'; what: string }
  | { type: 'model'; model: ModelBench };

/** A report without a number yet. */
export const emptyReport = ({
  adapter,
  runtime,
  app,
  started,
}: Extract<BenchEvent, { type: 'begun' }>): BenchReport => ({
  ...{ kind: 'nibble bench', version: 1, app, runtime, started, adapter },
  ceiling: { read_gbps: 0, copy_gbps: 0, fma_gflops: 0 },
  ...{ rows: [], gaps: [] },
});

/** A report with what an event brings. */
export function withEvent(report: BenchReport | undefined, event: BenchEvent): BenchReport | undefined {
  if (event.type === 'begun') return emptyReport(event);
  if (!report) return undefined;
  switch (event.type) {
    case 'ceiling':
      return { ...report, ceiling: event.ceiling };
    case 'row':
      return { ...report, rows: [...report.rows, event.row] };
    case 'gap':
      return { ...report, gaps: [...report.gaps, event.gap] };
    case 'model':
      return { ...report, model: event.model };
    case 'measuring':
      return report;
  }
}
