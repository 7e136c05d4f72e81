import type { AdapterReport } from '../../gpu/adapter.ts';

/** Things that go on while the reader may be on another screen, such as a run: shown in the top bar and the title. */
class Activity {
  /** The id of the run in progress, once it has one. */
  runId = $state<string>();
  /** 0 to 100 while a run is in progress. */
  percent = $state<number>();
  /** The adapter runs would use, in a few words, once it was asked for. */
  adapter = $state<string>();
  /** Its limits, with its name. */
  limits = $state.raw<AdapterReport['limits']>();
  /** The run in progress is paused. */
  paused = $state(false);
  /** A lesson is open. */
  lesson = $state(false);
  /** Runs that came to their end since the page was opened. */
  runsDone = $state(0);
  /** The latest text for a screen reader to say by itself. */
  announcement = $state('');
}

export const activity = new Activity();
