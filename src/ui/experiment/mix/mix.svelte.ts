import { toFailure, type Failure } from '../../../errors.ts';
import type { MixRequest } from '../../../lab/protocol.ts';
import { canonicalJson } from '../../../study/spec.ts';
import { mixableFormats, type MixMeasured } from '../../../study/mix.ts';
import { hubToken } from '../../page/hub_token.svelte.ts';
import { lab } from '../../page/lab.ts';

/** What each layer costs in each format, on its way; it goes on while another screen is open. */
class MixState {
  /** How far the measurement is, undefined while there is none. */
  progress = $state.raw<{ done: number; total: number; what: string }>();
  measured = $state.raw<MixMeasured>();
  failure = $state.raw<Failure>();
  /** The model and formats that were measured. */
  #of = $state('');

  /** Whether what was measured is of this experiment's model and formats. */
  isOf = ({ spec }: Pick<MixRequest, 'spec'>): boolean => this.#of === keyOf(spec);

  async measure(request: Omit<MixRequest, 'hub_token'>): Promise<void> {
    if (this.progress) return;
    this.failure = undefined;
    this.measured = undefined;
    this.#of = keyOf(request.spec);
    this.progress = { done: 0, total: 0, what: '' };
    try {
      const answer = await lab.mix({ ...request, hub_token: hubToken.given }, (done, total, what) => {
        this.progress = { done, total, what };
      });
      if ('code' in answer) this.failure = answer.code === 'cancelled' ? undefined : answer;
      else this.measured = answer;
    } catch (error) {
      this.failure = toFailure(error);
    } finally {
      this.progress = undefined;
    }
  }

  stop = (): Promise<void> => lab.cancel();
}

const keyOf = (spec: MixRequest['spec']): string =>
  canonicalJson({ model: spec.model, formats: mixableFormats(spec) });

export const mixing = new MixState();
