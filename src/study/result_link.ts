import { bareText } from './chat_link.ts';
import { parseResult, type ForeignRun } from './parse_result.ts';
import { packJson, unpackJson } from './packed_json.ts';
import type { ExperimentResult } from './result.ts';

/** Links longer than this are cut off by too many programs; results that need more are sent as a file. */
export const MAX_RESULT_CHARACTERS = 16 * 1024;

/** The most bytes a link with results may unfold to. */
const MAX_RESULT_BYTES = 4 * 1024 * 1024;

/** The text that carries a result in the page's address; some 50 characters an answer of a multiple-choice task. */
export const encodeResult = (result: ExperimentResult): Promise<string> =>
  // The page that opens the link computes scores from the answers.
  packJson({
    ...result,
    comparisons: undefined,
    runs: result.runs.map((run) => ({
      ...run,
      // What each token of a text strayed by would fill the link alone.
      tasks: run.tasks.map(({ task, items }) => ({
        task,
        items: items.map((item) => ('divergence' in item ? { ...item, divergence: undefined } : item)),
      })),
    })),
  });

/**
 * The result a link carries, as the rows of a stored run.
 * @throws bad-link when it is damaged or too long; bad-data and bad-spec when what it says is not allowed.
 */
export const decodeResult = async (text: string, id: string): Promise<ForeignRun> =>
  parseResult(
    await unpackJson(bareText(text).replace(/\s+/g, ''), {
      characters: MAX_RESULT_CHARACTERS,
      bytes: MAX_RESULT_BYTES,
    }),
    id,
  );
