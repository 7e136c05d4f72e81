import { LabError, toFailure, type Failure } from '../../errors.ts';
import type { CheckRow } from '../../gpu/check.ts';
import { lab } from '../page/lab.ts';
import { adapterName } from '../../gpu/adapter.ts';

/** The check of every kernel, under way or done; it goes on while the reader is on another screen. */
class SelfCheck {
  state = $state<'idle' | 'running' | 'done'>('idle');
  rows = $state.raw<readonly CheckRow[]>([]);
  total = $state(0);
  adapter = $state('');
  failure = $state.raw<Failure>();

  failed = $derived(this.rows.filter(({ pass }) => !pass).length);

  async start(): Promise<void> {
    this.state = 'running';
    this.rows = [];
    this.failure = undefined;
    try {
      if (!('gpu' in navigator)) {
        throw new LabError('no-webgpu', 'This browser has no WebGPU, and the kernels run on it.');
      }
      const adapter = await lab.adapter();
      if ('code' in adapter) this.failure = adapter;
      else {
        this.adapter = adapterName(adapter);
        this.failure = await lab.selfCheck((row, _, total) => {
          this.rows = [...this.rows, row];
          this.total = total;
        });
      }
    } catch (error) {
      this.failure = toFailure(error);
    }
    this.state = 'done';
  }
}

export const selfCheck = new SelfCheck();
