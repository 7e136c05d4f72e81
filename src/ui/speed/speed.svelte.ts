import { LabError, toFailure, type Failure } from '../../errors.ts';
import { withEvent, type BenchEvent } from '../../study/bench/bench_event.ts';
import type { BenchReport } from '../../study/bench/bench_report.ts';
import { lab } from '../page/lab.ts';
import { WHAT, type What } from './what.ts';

/** The bench, under way or done; it goes on while the reader is on another screen. */
class Speed {
  what = $state<What>('quick');
  state = $state<'idle' | 'running' | 'done'>('idle');
  report = $state.raw<BenchReport>();
  failure = $state.raw<Failure>();
  done = $state(0);
  total = $state(0);
  /** What is being measured, beyond the rows. */
  doing = $state('');

  async start(): Promise<void> {
    Object.assign(this, { state: 'running', report: undefined, failure: undefined, done: 0, total: 0 });
    this.doing = 'Opening the adapter…';
    try {
      if (!('gpu' in navigator)) {
        throw new LabError('no-webgpu', 'This browser has no WebGPU, and the kernels run on it.');
      }
      const model = { source: 'bundled', name: 'nibble-tiny' } as const;
      const request = { ...WHAT[this.what]!.request, seconds: SECONDS, model };
      this.failure = await lab.bench(request, (event) => this.follow(event));
    } catch (error) {
      this.failure = toFailure(error);
    }
    this.state = 'done';
  }

  /** Ends it after the row it is at; what was measured stays. */
  stop(): Promise<void> {
    return lab.cancel();
  }

  private follow(event: BenchEvent): void {
    this.report = withEvent(this.report, event);
    if (event.type === 'row' || event.type === 'gap')
      Object.assign(this, { done: event.done, total: event.total });
    if (event.type === 'ceiling') this.doing = 'Timing kernels…';
    if (event.type === 'begun') this.doing = 'Measuring what the adapter does at most…';
    if (event.type === 'measuring') this.doing = `Timing nibble-tiny under ${event.what}…`;
  }
}

/** Seconds of rounds a row: enough for a steady median on a GPU. */
const SECONDS = 0.5;

export const speed = new Speed();
