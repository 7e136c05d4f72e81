import { toFailure, type Failure } from '../../../errors.ts';
import { probes } from '../../../lab/client/kept.ts';
import type { ExperimentSpec } from '../../../study/spec.ts';
import type { Probe } from '../../../study/speed.ts';
import type { ChosenFolder } from '../../kit/chosen_files.ts';
import { hubToken } from '../../page/hub_token.svelte.ts';
import { lab } from '../../page/lab.ts';
import { identity } from '../../../study/estimate.ts';

/** The probe of the draft's model: as it was kept, or measured when the reader asks for it. */
class Probing {
  known = $state.raw<Probe>();
  busy = $state(false);
  failure = $state.raw<Failure>();

  /** The model that is asked about now: another one's answer comes too late. */
  #model = '';

  /** Reads the kept probe of a model; where the browser keeps nothing there is none, and the reader measures again. */
  async read(adapter: string, model: string): Promise<void> {
    this.#model = model;
    this.known = undefined;
    this.failure = undefined;
    const kept = await probes.of(adapter, model).catch(() => undefined);
    if (this.#model === model) this.known ??= kept;
  }

  async measure(adapter: string, spec: ExperimentSpec, folder: ChosenFolder | undefined): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.failure = undefined;
    const { model, configs } = spec;
    const asked = identity(model);
    const answer = await lab
      .probe({ model, configs, model_files: folder?.files, hub_token: hubToken.given })
      .catch(toFailure);
    this.busy = false;
    if ('code' in answer) {
      if (this.#model === asked) this.failure = answer;
      return;
    }
    if (this.#model === asked) this.known = answer;
    await probes.keep(adapter, asked, answer).catch(() => undefined);
  }
}

export const probing = new Probing();
