import { own } from '../../tensor/own.ts';
import { EXPLORE_QUERY } from '../explore/explore_query.ts';
import { FOOTPRINT_QUERY } from '../footprint/footprint_query.ts';
import { missingTexts } from '../page/query_state.ts';
import { parseRoute, queryOf } from '../shell/route.ts';
import type { Condition } from './parse_lesson.ts';

/** The value of each key while the address does not name it: the one its screen begins with. */
const MISSING = { ...missingTexts(EXPLORE_QUERY), ...missingTexts(FOOTPRINT_QUERY) };

/** True if the page's address meets every condition; `run`: a run has ended since the card was shown. */
export function isDone(conditions: readonly Condition[], hash: string, run: boolean): boolean {
  const query = new URLSearchParams(queryOf(hash));
  return conditions.every(({ key, test, value }) => {
    if (key === 'run') return run;
    if (key === 'screen') return parseRoute(hash).screen === value;
    const given = query.get(key);
    if (test === 'given') return given !== null;
    const found = given ?? own(MISSING, key) ?? '';
    if (test === '=') return found === value;
    return test === '>=' ? Number(found) >= Number(value) : Number(found) <= Number(value);
  });
}
