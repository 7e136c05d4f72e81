import { largest } from '../../model/process_logits.ts';
import type { Distance } from '../../study/peer_audit.ts';
import { klOf } from './distribution.ts';

/** Logits of several texts, by text and token. */
export type Answers = readonly ((token: number) => Float32Array)[];

/** How far a model's answers to some texts are from another's. */
export function distanceOf(base: Answers, other: Answers, lengths: readonly number[]): Distance {
  let [tokens, kl, same] = [0, 0, 0];
  let first: Distance['first'];
  for (const [text, length] of lengths.entries()) {
    for (let token = 0; token < length; token++) {
      const [a, b] = [base[text]!(token), other[text]!(token)];
      kl += klOf(a, b);
      tokens++;
      if (largest(a) === largest(b)) same++;
      else first ??= { text, token };
    }
  }
  return { kl: kl / tokens, same_top: same / tokens, ...(first && { first }) };
}

/** The first text and token behind which not every logit is finite; undefined where all are. */
export function firstNotFinite(
  answers: Answers,
  lengths: readonly number[],
): { text: number; token: number } | undefined {
  for (const [text, length] of lengths.entries()) {
    for (let token = 0; token < length; token++) {
      if (!answers[text]!(token).every(Number.isFinite)) return { text, token };
    }
  }
  return undefined;
}
