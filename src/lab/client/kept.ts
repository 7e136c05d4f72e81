import { browserProbes } from '../probes.ts';
import { browserQuestions } from '../questions.ts';
import { browserStore } from '../store.ts';

/** Runs that this browser keeps. */
export const store = browserStore();

/** Questions of those runs, as people read them. */
export const questions = browserQuestions();

/** Probes of this browser's adapters. */
export const probes = browserProbes();
