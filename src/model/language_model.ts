/**
 * A language model as an evaluation sees it; the only thing `eval` knows about models.
 * The semantics are lm-evaluation-harness 0.4.13's (lm_eval/models/huggingface.py).
 */
export interface LanguageModel {
  /** One result per continuation of the same context, in order. An empty context is the prefix token. */
  loglikelihood(context: string, continuations: readonly string[]): Promise<Loglikelihood[]>;
  /** The whole text from the prefix token on, in disjoint windows of the model's length. */
  loglikelihoodRolling(text: string): Promise<Loglikelihood>;
  /** Greedy text, cut before the first of `until` (the end-of-text token always stops it). */
  generateUntil(context: string, options: GenerateOptions): Promise<Generation>;
  /** One logit a class, of a model with a classifier in place of its vocabulary; others have no such method. */
  classify?(text: string, options: ClassifyOptions): Promise<number[]>;
}

/** Summed log-probability (natural log) of `tokens` tokens; `is_greedy`: each was the most likely one. */
export interface Loglikelihood {
  logprob: number;
  is_greedy: boolean;
  tokens: number;
}

export interface GenerateOptions {
  until: readonly string[];
  max_gen_toks: number;
}

export interface ClassifyOptions {
  /** Tokens of the text that are read; the rest is cut off at its end. */
  max_length: number;
}

export interface Generation {
  text: string;
  /** Tokens generated, the stopping one included. */
  tokens: number;
}
