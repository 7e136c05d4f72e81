import { forward, reserve, workOf, type Model } from './forward.ts';
import { independent } from './item_length.ts';
import type { Answered, Loglikelihood, Trace } from './language_model.ts';
import { scoreWanted, type Issued, type TokenLogprob } from './logits.ts';
import {
  inputLength,
  layOut,
  layOutBehind,
  pack,
  shareBeginnings,
  tokensOf,
  type Pair,
  type Request,
} from './packing.ts';
import { lengthClass } from './rope.ts';
import { joinTraces } from './join_traces.ts';
import { MAX_TOKENS, widestInput } from './workspace_sizes.ts';
import { sum } from '../tensor/sum.ts';

/** Requests that are sorted by length to be packed together: more would keep the first of them waiting. */
const WINDOW = 64;

/** A request, and who follows its tokens. */
export interface FollowedRequest extends Request {
  trace?: Trace | undefined;
}

/**
 * Scores requests, as many in a pass as it takes tokens, and tells those of a pass together. While the GPU computes one
 * pass the next is made ready and handed over; `read(at)` makes a request of its text no earlier than it is needed.
 */
export async function* scoreRequests(
  model: Model,
  order: readonly number[],
  read: (at: number) => FollowedRequest,
): AsyncGenerator<Answered<Loglikelihood[]>[], void, undefined> {
  let ahead: Issued<Answered<Loglikelihood[]>[]> | undefined;
  try {
    for (let begin = 0; begin < order.length; begin += WINDOW) {
      const places = order.slice(begin, begin + WINDOW);
      const window = places.map(read);
      for (const { packed, shared } of packs(model, window)) {
        const members = packed.map((i) => ({ at: places[i]!, request: window[i]! }));
        const issued = await issue(model, members, shared);
        if (ahead) yield await ahead.done;
        ahead = issued;
      }
    }
    if (ahead) yield await ahead.done;
  } finally {
    // Nothing is left reading when the model is closed.
    await ahead?.done.catch(() => undefined);
  }
}

/** Requests of one pass, and how many tokens all of them begin with, which are computed once. */
interface Pack {
  packed: number[];
  shared: number;
}

/** Requests by the passes they take. Those that leave states, that are compared, and all others go by themselves. */
function packs(model: Model, requests: readonly FollowedRequest[]): Pack[] {
  const most = mostTokens(model);
  const turns = ({ pairs }: Request) => (most > 0 ? lengthClass(model.config, longest(pairs)) : undefined);
  const groups = most > 0 ? shareBeginnings(requests, turns) : [];
  const kinds = new Map<string | undefined, number[]>();
  for (const [i, { trace }] of requests.entries()) {
    if (groups.some(({ members, shared }) => shared > 0 && members.includes(i))) continue;
    const alike = kinds.get(trace?.kind);
    if (alike) alike.push(i);
    else kinds.set(trace?.kind, [i]);
  }
  const packOf = (members: readonly number[], shared: number): Pack[] =>
    pack(
      members.map((i) => tokensOf(requests[i]!) - shared),
      most,
    ).map((packed) => ({ packed: packed.map((i) => members[i]!), shared }));
  return [
    ...groups.filter(({ shared }) => shared > 0).flatMap(({ members, shared }) => packOf(members, shared)),
    ...[...kinds.values()].flatMap((alike) => packOf(alike, 0)),
  ];
}

/**
 * Tokens a pass takes at most: fewer where one matrix times all of them would keep the GPU long, but a tile's worth. One
 * request, or one continuation, where tokens depend on each other.
 */
function mostTokens(model: Model): number {
  if (!independent(model.quant)) return 0;
  const widest = model.config.hidden_size * widestInput(model.config);
  return Math.min(MAX_TOKENS, Math.max(64, Math.floor((2 * model.pace.work_per_submit) / widest)));
}

const shareOf = (whole: number, parts: number, part: number): number =>
  Math.floor(whole / parts) + (part === 0 ? whole % parts : 0);

interface Member {
  at: number;
  request: FollowedRequest;
}

async function issue(
  model: Model,
  members: readonly Member[],
  shared: number,
): Promise<Issued<Answered<Loglikelihood[]>[]>> {
  const answers = members.map(({ at, request }, i) => ({
    // What all begin with is shared out; the first takes what is left over.
    ...{ at, tokens: tokensOf(request) - shared + shareOf(shared, members.length, i) },
    answer: new Array<Loglikelihood>(request.pairs.length),
  }));
  const trace = joinTraces(
    members.flatMap(({ request: { trace, pairs } }) =>
      trace ? [{ trace, tokens: pairs.reduce((sum, { continuation }) => sum + continuation.length, 0) }] : [],
    ),
    model.config.hidden_size,
  );
  const parts: Promise<void>[] = [];
  const timed = model.pace.begin();
  const rows = members.flatMap(({ request }) => request.pairs.map(({ continuation }) => continuation.length));
  for (const step of stepsOf(model, members, shared > 0)) {
    const { done } = await issueStep(model, step, shared, trace);
    const told = done.then((scored) => {
      let from = 0;
      for (const { member, places } of step) {
        for (const i of places) {
          const { continuation } = members[member]!.request.pairs[i]!;
          answers[member]!.answer[i] = summed(
            scored.slice(from, (from += continuation.length)),
            continuation,
          );
        }
      }
    });
    told.catch(() => undefined);
    parts.push(told);
  }
  const work = workOf(model, sum(answers.map(({ tokens }) => tokens)), sum(rows));
  const done = Promise.all(parts).then(() => {
    timed(work);
    return answers;
  });
  done.catch(() => undefined);
  return { done };
}

/** A bundle of one of the requests of a pass. */
interface Placed {
  member: number;
  /** Which of its pairs. */
  places: readonly number[];
  pairs: readonly Pair[];
}

/** The bundles of a pass in their order, cut where tokens turn otherwise, or where they would take too many slots. */
function stepsOf(model: Model, members: readonly Member[], together: boolean): Placed[][] {
  const steps: Placed[][] = [];
  let room = 0;
  let turns: string | undefined;
  for (const [member, { request }] of members.entries()) {
    for (const places of request.bundles) {
      const pairs = places.map((i) => request.pairs[i]!);
      const tokens = tokensOf({ pairs, bundles: [[...pairs.keys()]] });
      const own = lengthClass(model.config, longest(pairs));
      if (steps.length === 0 || (!together && (tokens > room || own !== turns))) {
        steps.push([]);
        room = mostTokens(model);
        turns = own;
      }
      steps.at(-1)!.push({ member, places, pairs });
      room -= tokens;
    }
  }
  return steps;
}

const longest = (pairs: readonly Pair[]): number => Math.max(...pairs.map(inputLength));

/** Hands forward passes over bundles to the GPU, and what is wanted of them. */
async function issueStep(
  model: Model,
  step: readonly Placed[],
  shared: number,
  trace: Trace | undefined,
): Promise<Issued<TokenLogprob[]>> {
  const bundles = step.map(({ pairs }) => pairs);
  const { tokens, wanted } = shared > 0 ? layOutBehind(shared, bundles) : layOut(bundles);
  const length = Math.max(...step.map(({ pairs }) => longest(pairs)));
  await reserve(model, tokens.length, tokens.length);
  const results = new Array<TokenLogprob>(wanted.length);
  const parts: Promise<void>[] = [];
  for (let begin = 0; begin < tokens.length; begin += MAX_TOKENS) {
    const part = tokens.slice(begin, begin + MAX_TOKENS);
    forward(model, {
      ids: part.map(({ id }) => id),
      positions: part.map(({ position }) => position),
      spans: (window) => part.map(({ span }) => span(window)),
      first_slot: begin,
      length,
      phase: 'prefill',
    });
    const places = [...wanted.keys()].filter(
      (i) => wanted[i]!.row >= begin && wanted[i]!.row < begin + part.length,
    );
    if (places.length === 0) continue;
    const { done } = await scoreWanted(
      model,
      places.map((i) => ({ row: wanted[i]!.row - begin, target: wanted[i]!.target })),
      trace,
    );
    const told = done.then((scored) => places.forEach((place, i) => (results[place] = scored[i]!)));
    told.catch(() => undefined);
    parts.push(told);
  }
  return { done: Promise.all(parts).then(() => results) };
}

const summed = (scored: readonly TokenLogprob[], continuation: readonly number[]): Loglikelihood => ({
  logprob: scored.reduce((sum, { logprob }) => sum + logprob, 0),
  is_greedy: scored.every(({ best }, i) => best === continuation[i]),
  tokens: continuation.length,
});
