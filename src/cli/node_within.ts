import { createContext, Script } from 'node:vm';
import { MOST_SECONDS, tooLong, type Within } from '../lab/deadline.ts';

const asked: { work?: () => unknown } = {};
const context = createContext(asked);
const doIt = new Script('work()');

/** A deadline of so many seconds by Node's own means, which stops even a search by a regular expression. */
export const withinSeconds =
  (seconds: number): Within =>
  (what, work) => {
    asked.work = work;
    try {
      return doIt.runInContext(context, { timeout: 1000 * seconds }) as ReturnType<typeof work>;
    } catch (error) {
      const isLate = (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
      throw isLate ? tooLong(what) : error;
    }
  };

export const nodeWithin = withinSeconds(MOST_SECONDS);
