import { toFailure, type Failure } from '../../errors.ts';
import { activity } from '../shell/activity.svelte.ts';
import { isDone } from './condition.ts';
import { LESSONS, readLesson, type LessonName } from './lessons.ts';
import type { Card, Lesson } from './parse_lesson.ts';

/** Milliseconds between looks at the address while a lesson is open: screens write to it without an event. */
const LOOK_MS = 250;

/** Milliseconds a card stays after it is done, so that its effect is seen. */
const STAY_MS = 1800;

/** The lesson that is open, and how far the learner is. */
class LessonState {
  name = $state<LessonName>();
  lesson = $state.raw<Lesson>();
  at = $state(0);
  /** The learner has done what the card asks. */
  done = $state(false);
  failure = $state.raw<Failure>();
  card: Card | undefined = $derived(this.lesson?.cards[this.at]);

  #shownHash = '';
  #runsBefore = 0;
  #watch: ReturnType<typeof setInterval> | undefined;
  #next: ReturnType<typeof setTimeout> | undefined;

  /** Opens a lesson at its first card. */
  async open(name: string): Promise<void> {
    const known = LESSONS.find((one) => one === name);
    if (!known) return;
    this.failure = undefined;
    try {
      const lesson = await readLesson(known);
      this.name = known;
      this.lesson = lesson;
      activity.lesson = true;
      this.show(0);
      this.#watch ??= setInterval(() => this.#look(), LOOK_MS);
    } catch (error) {
      this.failure = toFailure(error);
    }
  }

  close(): void {
    clearInterval(this.#watch);
    clearTimeout(this.#next);
    this.#watch = undefined;
    activity.lesson = false;
    this.lesson = undefined;
    this.name = undefined;
  }

  show(at: number): void {
    if (!this.lesson) return;
    clearTimeout(this.#next);
    this.#next = undefined;
    this.at = Math.max(0, Math.min(at, this.lesson.cards.length - 1));
    this.done = false;
    const open = this.card?.open;
    if (open) location.hash = open;
    this.#lookAt(this.card?.look);
    this.#shownHash = location.hash;
    this.#runsBefore = activity.runsDone;
  }

  /** Scrolls to the element the card is about, once the screen has it. */
  #lookAt(id: string | undefined, tries = 12): void {
    if (id === undefined) return;
    const found = document.getElementById(id);
    if (found) found.scrollIntoView({ block: 'start' });
    else if (tries > 0) this.#next = setTimeout(() => this.#lookAt(id, tries - 1), LOOK_MS);
  }

  #look(): void {
    const done = this.card?.done;
    if (!done || this.done) return;
    const run = activity.runsDone > this.#runsBefore;
    // What was so before the card was shown is not the learner's doing.
    if ((location.hash === this.#shownHash && !run) || !isDone(done, location.hash, run)) return;
    this.done = true;
    if (this.at < this.lesson!.cards.length - 1) {
      this.#next = setTimeout(() => this.show(this.at + 1), STAY_MS);
    }
  }
}

export const lesson = new LessonState();
