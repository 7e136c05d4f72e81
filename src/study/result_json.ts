import type { ExperimentResult } from './result.ts';

/** The place of a task's answers in the JSON of a result without them; in a quoted text its quotes would be escaped. */
const EMPTY = '"items": []';

/** Answers of one piece. */
const PIECE = 1000;

/**
 * A result as JSON in pieces, an answer a line: as one text, a hundred thousand answers would be there twice, and a
 * million come near the longest text that JavaScript makes.
 */
export function* resultJson(result: ExperimentResult): Generator<string> {
  const runs = result.runs.map((run) => ({
    ...run,
    tasks: run.tasks.map((task) => ({ ...task, items: [] })),
  }));
  const [head, ...rest] = JSON.stringify({ ...result, runs }, null, 2).split(EMPTY);
  const answers = result.runs.flatMap(({ tasks }) => tasks.map(({ items }) => items));
  yield head!;
  for (const [i, after] of rest.entries()) {
    yield '"items": [';
    yield* piecesOf(answers[i]!);
    yield ']';
    yield after;
  }
}

function* piecesOf(items: readonly unknown[]): Generator<string> {
  for (let at = 0; at < items.length; at += PIECE) {
    const lines = items.slice(at, at + PIECE).map((item) => `\n${JSON.stringify(item)}`);
    yield (at === 0 ? '' : ',') + lines.join(',');
  }
}
