import { parseRoute, queryOf } from '../shell/route.ts';
import type { Condition } from './parse_lesson.ts';

/** What a key stands for while the address does not name it. */
const MISSING: Readonly<Record<string, string>> = {
  weights: 'sample',
  block: '64',
  at: '0',
  weight: '0',
  book: 'nf4',
  threshold: '60',
  model: 'Llama-3.2-1B',
};

/** Whether the page's address says all of it; `run` is whether a run has ended since the card was shown. */
export function isDone(conditions: readonly Condition[], hash: string, run: boolean): boolean {
  const query = new URLSearchParams(queryOf(hash));
  return conditions.every(({ key, test, value }) => {
    if (key === 'run') return run;
    if (key === 'screen') return parseRoute(hash).screen === value;
    const given = query.get(key);
    if (test === 'given') return given !== null;
    const found = given ?? MISSING[key] ?? '';
    if (test === '=') return found === value;
    return test === '>=' ? Number(found) >= Number(value) : Number(found) <= Number(value);
  });
}
