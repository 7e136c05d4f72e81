import { questionsFrom } from '../../eval/tasks/tasks.ts';
import { LabError, toFailure, type Failure } from '../../errors.ts';
import type { ItemEvent, RunEvent } from '../../lab/protocol.ts';
import { specHash, specOfQuery } from '../../study/permalink.ts';
import type { ExperimentResult, RunState } from '../../study/result.ts';
import { canonicalJson, parseSpec, type ExperimentSpec } from '../../study/spec.ts';
import { activity } from '../shell/activity.svelte.ts';
import { wantHeadingFocus } from '../shell/heading_focus.ts';
import type { ChosenFolder } from '../kit/chosen_files.ts';
import { hubToken } from '../page/hub_token.svelte.ts';
import { parseOptions } from '../page/page_options.ts';
import { lab } from '../page/lab.ts';
import { markEnded } from '../../lab/client/mark_ended.ts';
import { readRun } from '../../lab/client/read_run.ts';
import { questions } from '../../lab/client/kept.ts';
import { parseRoute } from '../shell/route.ts';
import { defaultSpec, readSpecFile } from './draft.ts';
import { reduceRun, percentDone, startLive, type Live } from './live/live.ts';
import { notice } from './live/notify.svelte.ts';
import type { Preset } from './builder/presets.ts';

/** Milliseconds between updates of the screen: events may come faster than the eye reads. */
const SHOW_EVERY_MS = 100;

/** Events shown at once: the reader waits for them, or has just asked for them. */
const AT_ONCE: ReadonlySet<RunEvent['type']> = new Set(['finished', 'failed', 'paused', 'continued']);

/** Milliseconds a question stays on the screen, so that it can be read while hundreds are answered. */
const READ_MS = 2500;

/** What the address says of a class that shares the experiment. */
const SHARE = typeof location === 'undefined' ? undefined : parseOptions(location.search).share;

/** The draft of an experiment and the run in progress; both outlive a visit to another screen. */
class ExperimentState {
  draft = $state(defaultSpec());
  /** The draft came with the address, and the reader has not run it yet. */
  fromLink = $state(false);
  /** The fault of a link or a file. */
  refused = $state.raw<{ title: string; failure: Failure }>();
  modelFolder = $state.raw<ChosenFolder>();
  adapterFolder = $state.raw<ChosenFolder>();
  dataFolder = $state.raw<ChosenFolder>();
  live = $state.raw<Live>();
  /** Of an experiment that a class shares: among how many seats. */
  readonly seats = SHARE?.of;
  /** The reader's own seat, from 1. */
  seat = $state(SHARE?.index === undefined ? undefined : SHARE.index + 1);
  /** The reader has asked the run to stop; it does so after the item it is at. */
  stopping = $state(false);
  /** The reader has asked the run to pause; it does so after the item it is at. */
  pausing = $state(false);
  /** A question that was just answered, for the reader to look at. */
  item = $state.raw<ItemEvent>();

  /** The draft as a spec, or what is wrong with it. */
  checked: { spec: ExperimentSpec; failure?: undefined } | { spec?: undefined; failure: Failure } = $derived(
    check($state.snapshot(this.draft)),
  );
  running = $derived(this.live?.state === 'running');
  /** Some task's questions may lie in a folder; of others they must. */
  takesData = $derived(this.draft.tasks.some(({ task }) => questionsFrom(task) !== 'page'));
  needsData = $derived(this.draft.tasks.some(({ task }) => questionsFrom(task) === 'folder'));
  /** The folder a run cannot begin without, in words. */
  missing = $derived(
    this.draft.model.source === 'local' && !this.modelFolder
      ? 'Choose the folder of the model first.'
      : this.draft.model.adapter?.source === 'local' && !this.adapterFolder
        ? 'Choose the folder of the adapter first.'
        : this.needsData && !this.dataFolder
          ? 'Choose the data folder first.'
          : this.seats !== undefined && !isSeat(this.seat, this.seats)
            ? `Give your seat first, from 1 to ${this.seats}.`
            : undefined,
  );

  /** The spec the address stands for: the default one while it carries none. */
  #addressed = canonicalJson(defaultSpec());
  #next: Live | undefined;
  #shown: ReturnType<typeof setTimeout> | undefined;
  #readUntil = 0;

  /** Takes over the spec of the page's address. Only the page's own changes carry the mark in history.state. */
  async followAddress(): Promise<void> {
    const route = parseRoute(location.hash);
    if (route.screen !== 'experiment') return;
    if (route.spec === undefined) {
      this.#addressed = canonicalJson(defaultSpec());
      return this.writeAddress();
    }
    const own = (history.state as { own?: boolean } | null)?.own === true;
    try {
      this.#take(await specOfQuery(route.spec));
      this.fromLink = !own;
      if (!this.running) this.live = undefined;
    } catch (error) {
      this.refused = { title: 'The link cannot be opened.', failure: toFailure(error) };
    }
  }

  /** Writes the draft into the address, in place of the one there; a spec with a mistake is not written. */
  async writeAddress(): Promise<void> {
    const { spec } = this.checked;
    if (!spec) return;
    const text = canonicalJson(spec);
    if (text === this.#addressed) return;
    this.#addressed = text;
    const hash = await specHash(spec);
    // The reader may have changed the draft again, or gone elsewhere, while the link was made.
    if (this.#addressed === text && parseRoute(location.hash).screen === 'experiment') {
      history.replaceState({ own: true }, '', hash);
    }
  }

  async link(): Promise<string> {
    const { spec } = this.checked;
    if (!spec) throw new LabError('bad-spec', this.checked.failure.message);
    return new URL(await specHash(spec), location.href).href;
  }

  async importFile(file: File): Promise<void> {
    try {
      this.#take(await readSpecFile(file));
      this.fromLink = false;
      await this.writeAddress();
    } catch (error) {
      this.refused = { title: `${file.name} cannot be opened.`, failure: toFailure(error) };
    }
  }

  #take(spec: ExperimentSpec): void {
    this.draft = spec;
    this.#addressed = canonicalJson(spec);
    this.refused = undefined;
  }

  reset(): void {
    this.open(defaultSpec());
    void this.writeAddress();
  }

  /** Takes over a spec from another screen; the address follows when this one is shown. */
  open(spec: ExperimentSpec): void {
    this.#take(spec);
    this.#addressed = '';
    this.fromLink = false;
    if (!this.running) this.live = undefined;
  }

  /** Takes over the title and the configurations of a preset; the model and the questions stay. */
  begin({ title, configs, on_error }: Preset): void {
    this.draft.title = title;
    this.draft.on_error = on_error;
    this.draft.configs = structuredClone([...configs]);
  }

  async run(): Promise<void> {
    const { spec } = this.checked;
    if (spec) await this.#run(spec);
  }

  /** Goes on with a stored run; `before` is what it has measured. */
  async resume(id: string, spec: ExperimentSpec, before: ExperimentResult | undefined): Promise<void> {
    await this.#run(spec, id, before);
  }

  /** Goes on with the run on the screen, which waits for a GPU or lost its worker. */
  async goOn(): Promise<void> {
    const { spec, run_id } = this.live ?? {};
    if (!spec || run_id === undefined) return;
    const stored = await readRun(run_id).catch(() => undefined);
    await this.resume(run_id, spec, stored?.result);
  }

  async #run(spec: ExperimentSpec, resume?: string, before?: ExperimentResult): Promise<void> {
    if (this.running) return;
    wantHeadingFocus();
    this.fromLink = false;
    this.refused = undefined;
    this.#next = startLive(spec, before);
    this.item = undefined;
    this.stopping = false;
    this.pausing = false;
    this.#readUntil = 0;
    this.#show();
    activity.announcement = 'The run has begun.';
    try {
      if (!('gpu' in navigator)) {
        throw new LabError('no-webgpu', 'This browser has no WebGPU, and a run computes with it.');
      }
      const request = {
        spec,
        ...(this.seats !== undefined &&
          resume === undefined && {
            shard: { index: this.seat! - 1, of: this.seats, mixed: true as const },
          }),
        resume,
        counted: true,
        model_files: this.modelFolder?.files,
        adapter_files: this.adapterFolder?.files,
        data_files: this.dataFolder?.files,
        hub_token: hubToken.given,
      };
      await lab.run(request, (event) => this.#on(event));
    } catch (error) {
      const failure = toFailure(error);
      this.#on({ type: 'failed', failure });
      // Its worker cannot say so any more. Without a store there is nothing to write it to.
      const { run_id } = this.#next;
      if (run_id !== undefined) await markEnded(run_id, failure).catch(() => undefined);
    }
  }

  pause(paused: boolean): void {
    this.pausing = paused;
    lab.pause(paused).catch(() => undefined);
  }

  cancel(): void {
    this.stopping = true;
    // Where it is not heard, the run itself tells how that ended.
    lab.cancel().catch(() => undefined);
  }

  /** Ends the run in the middle of its item; for one that does not come to the item's end. */
  end(): void {
    lab.end();
  }

  /** Leaves the ended run for the draft it came from. */
  close(): void {
    if (this.running) return;
    wantHeadingFocus();
    this.live = undefined;
  }

  #on(event: RunEvent): void {
    this.#keepQuestion(event);
    this.#next = reduceRun(this.#next!, event, performance.now() / 1000);
    if (event.type === 'finished') {
      if (event.result.state === 'done') activity.runsDone++;
      notice.say(endText(event.result.state));
    }
    if (event.type === 'failed' && event.failure.code === 'needs-login') hubToken.wanted = true;
    if (event.type === 'failed') notice.say(endText('failed'));
    if (event.type === 'paused') activity.announcement = 'The run is paused.';
    if (event.type === 'continued') activity.announcement = 'The run goes on.';
    if (AT_ONCE.has(event.type)) this.#show();
    else this.#shown ??= setTimeout(() => this.#show(), SHOW_EVERY_MS);
  }

  /** Keeps the first configuration's questions for readers of the results; the others are asked the same. */
  #keepQuestion(event: RunEvent): void {
    const { run_id } = this.#next!;
    if (event.type !== 'item' || event.config !== 0 || run_id === undefined) return;
    const { task, doc, item } = event;
    // Without them results show numbers alone; nothing measured depends on it.
    questions.keep({ run_id, task, doc_id: item.doc_id, doc }).catch(() => undefined);
  }

  #show(): void {
    clearTimeout(this.#shown);
    this.#shown = undefined;
    const live = (this.live = this.#next!);
    const now = performance.now();
    if (now > this.#readUntil && live.item) {
      this.item = live.item;
      this.#readUntil = now + READ_MS;
    }
    const before = activity.percent ?? 0;
    const percent = percentDone(live);
    activity.runId = live.state === 'running' ? live.run_id : undefined;
    activity.percent = live.state === 'running' ? percent : undefined;
    activity.paused = live.paused !== undefined;
    if (live.state !== 'running') activity.announcement = endText(live.state);
    else if (Math.floor(percent / 10) > Math.floor(before / 10)) {
      activity.announcement = `${10 * Math.floor(percent / 10)} % of the run is done.`;
    }
  }
}

export const experiment = new ExperimentState();

const isSeat = (seat: number | undefined, seats: number): seat is number =>
  seat !== undefined && Number.isInteger(seat) && seat >= 1 && seat <= seats;

/** The end of a run, as it is said aloud. */
function endText(state: RunState): string {
  if (state === 'done') return 'The run is done.';
  return state === 'incomplete'
    ? 'The run has ended, but not with all answers. What was measured is kept.'
    : 'The run has stopped. What was measured is kept.';
}

function check(draft: ExperimentSpec): ExperimentState['checked'] {
  try {
    return { spec: parseSpec(draft) };
  } catch (error) {
    return { failure: toFailure(error) };
  }
}
