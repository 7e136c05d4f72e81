import { openProbes } from '../probes.ts';
import { openQuestions } from '../questions.ts';
import { browserStore } from '../store.ts';

/** Runs that this browser keeps. */
export const openStore = once(browserStore);

/** Questions of those runs, as people read them. */
export const questions = once(openQuestions);

/** Probes of this browser's adapters. */
export const probes = once(openProbes);

/** A database opened when it is first needed, and again after it could not be. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () =>
    (opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    }));
}
