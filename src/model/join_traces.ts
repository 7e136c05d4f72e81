import type { CompareTrace, KeepTrace, Trace } from './language_model.ts';

/** A text's trace, and how many of the tokens to come are its own. */
interface Part {
  trace: Trace;
  tokens: number;
}

/**
 * One trace for texts that go through the model behind each other, all of one kind; none for none.
 * @param width values of a token's final state
 */
export function joinTraces(parts: readonly Part[], width: number): Trace | undefined {
  const kind = parts[0]?.trace.kind;
  if (kind === undefined) return undefined;
  return kind === 'keep'
    ? keepAll(parts as readonly { trace: KeepTrace; tokens: number }[], width)
    : compareAll(parts as readonly { trace: CompareTrace; tokens: number }[], width);
}

function keepAll(parts: readonly { trace: KeepTrace; tokens: number }[], width: number): KeepTrace {
  const share = sharedOut(parts);
  return {
    kind: 'keep',
    keep(states) {
      let from = 0;
      for (const { trace, count } of share(states.length / width)) {
        trace.keep(states.slice(from, (from += count * width)));
      }
    },
  };
}

function compareAll(parts: readonly { trace: CompareTrace; tokens: number }[], width: number): CompareTrace {
  const [share, shareReports] = [sharedOut(parts), sharedOut(parts)];
  return {
    kind: 'compare',
    head_dtype: parts[0]!.trace.head_dtype,
    next(length) {
      const states = new Float32Array(length);
      let from = 0;
      for (const { trace, count } of share(length / width)) {
        states.set(trace.next(count * width), from);
        from += count * width;
      }
      return states;
    },
    report(token) {
      shareReports(1)[0]!.trace.report(token);
    },
  };
}

/** Shares the next tokens out among parts, each of which takes its own before the one behind it. */
function sharedOut<T>(parts: readonly { trace: T; tokens: number }[]) {
  let at = 0;
  let used = 0;
  return (tokens: number): { trace: T; count: number }[] => {
    const shares: { trace: T; count: number }[] = [];
    for (let left = tokens; left > 0;) {
      const { trace, tokens: own } = parts[at]!;
      const count = Math.min(left, own - used);
      if (count > 0) shares.push({ trace, count });
      left -= count;
      used += count;
      if (used < own) continue;
      at++;
      used = 0;
    }
    return shares;
  };
}
