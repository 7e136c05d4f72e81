import type { ComputeDtype } from '../quant/config.ts';

/**
 * A language model as an evaluation sees it; the only thing `eval` knows about models.
 * The semantics are lm-evaluation-harness 0.4.13's (lm_eval/models/huggingface.py).
 */
export interface LanguageModel {
  /** One result per continuation of the same context, in order. An empty context is the prefix token. */
  loglikelihood(context: string, continuations: readonly string[]): Promise<Loglikelihood[]>;
  /** The whole text from the prefix token on, in disjoint windows of the model's length. */
  loglikelihoodRolling(text: string, trace?: Trace): Promise<Loglikelihood>;
  /**
   * The same for many requests, of models that take several in a pass. Those of a pass are told together, passes in any
   * order; what is told of a request is, to the bit, what it is told alone.
   */
  loglikelihoods?(requests: readonly ContinuationRequest[]): AsyncIterable<Answered<Loglikelihood[]>[]>;
  loglikelihoodsRolling?(requests: readonly RollingRequest[]): AsyncIterable<Answered<Loglikelihood>[]>;
  /** Greedy text, cut before the first of `until` (the end-of-text token always stops it). */
  generateUntil(context: string, options: GenerateOptions): Promise<Generation>;
  /** One logit a class, of a model with a classifier in place of its vocabulary; others have no such method. */
  classify?(text: string, options: ClassifyOptions): Promise<number[]>;
}

/** Continuations of one context. */
export interface ContinuationRequest {
  context: string;
  continuations: readonly string[];
}

/** A text to read from end to end, and who follows it. */
export interface RollingRequest {
  text: string;
  trace?: Trace | undefined;
}

/** The answer to one of several requests. */
export interface Answered<T> {
  /** The request's place among them. */
  at: number;
  answer: T;
  /** Tokens that went through the model for it. */
  tokens: number;
}

/** Summed log-probability (natural log) of `tokens` tokens; `is_greedy`: each was the most likely one. */
export interface Loglikelihood {
  logprob: number;
  is_greedy: boolean;
  tokens: number;
}

/**
 * Follows a text token by token: a baseline's final states are kept, and given back to a later model to compare its
 * distributions with the baseline's. States are all that a distribution depends on, and a fraction of its size.
 */
export type Trace = KeepTrace | CompareTrace;

export interface KeepTrace {
  kind: 'keep';
  /** Takes the final states of the next tokens, [tokens, hidden_size]. */
  keep(states: Float32Array<ArrayBuffer>): void;
}

/** The states a baseline left. */
export interface KeptStates {
  kind: 'compare';
  /** The dtype that the baseline's head computed in. */
  head_dtype: ComputeDtype;
  /** Gives back as many values as are asked for, in the order they were kept. */
  next(length: number): Float32Array<ArrayBuffer>;
}

export interface CompareTrace extends KeptStates {
  /** Takes what the comparison of the next token gave. */
  report(token: TracedToken): void;
}

/** One token of a text under the model and its baseline; log-probabilities are natural, of the right token. */
export interface TracedToken {
  logprob: number;
  base_logprob: number;
  /** KL(baseline ‖ model), in nats. */
  kl: number;
  /** Both find the same token most likely. */
  same_top: boolean;
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
