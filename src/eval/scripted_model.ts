import type { LanguageModel } from '../model/language_model.ts';

/**
 * A model for tests whose every score depends on every character it was shown, and is a multiple of 1/16, so that
 * sums are exact: the same as ScriptedModel in tools/make_eval_goldens.py, which lm-evaluation-harness asks.
 */
export interface ScriptedModel extends Required<LanguageModel> {
  /** All that was asked, in order, each text closed by U+001F. */
  asked: string[];
}

const ANSWERS = [
  ' in the barn.\n\nQ: And then?',
  '2\nQ:',
  ' a bus',
  '\n the THE thé\nmore',
  'Yes!',
  '\nQ: nothing',
];

function read(text: string, start: number): { state: number; cost: number } {
  let state = start;
  let cost = 0;
  for (const character of text) {
    state = (state * 31 + character.codePointAt(0)!) % 65521;
    cost += (state % 101) + 1;
  }
  return { state, cost: cost / 16 };
}

/** A new one, which was asked nothing yet. */
export function scriptedModel(): ScriptedModel {
  const asked: string[] = [];
  const note = (...texts: readonly string[]) => asked.push(...texts.map((text) => `${text}\x1f`));
  let answered = 0;
  return {
    asked,
    loglikelihood(context, continuations) {
      const { state } = read(context, 0);
      return Promise.resolve(
        continuations.map((continuation) => {
          note(context, continuation);
          return { logprob: -read(continuation, state).cost, is_greedy: false, tokens: continuation.length };
        }),
      );
    },
    loglikelihoodRolling(text) {
      note(text);
      return Promise.resolve({ logprob: -read(text, 0).cost, is_greedy: false, tokens: text.length });
    },
    classify(text) {
      note(text);
      const { state } = read(text, 0);
      return Promise.resolve([3, 5, 7, 11].map((factor) => ((state * factor) % 101) / 16));
    },
    generateUntil(context, { until }) {
      note(context, ...until);
      let text = ANSWERS[answered++ % ANSWERS.length]!;
      for (const stop of until) text = text.split(stop)[0]!;
      return Promise.resolve({ text, tokens: text.length });
    },
  };
}
