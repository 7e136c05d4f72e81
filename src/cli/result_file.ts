import type { ExperimentResult } from '../study/result.ts';
import { writeWhole } from './output_file.ts';

/**
 * Writes a result, an answer a line and never as one text: the longest text that Node makes has half a billion
 * characters, which a million answers come near.
 */
export const writeResult = (path: string, result: ExperimentResult): void =>
  writeWhole(path, resultText(result));

function* resultText({ runs, ...rest }: ExperimentResult): Generator<string> {
  yield '{\n';
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) yield `${JSON.stringify(key)}: ${JSON.stringify(value)},\n`;
  }
  yield '"runs": [';
  for (const [at, { tasks, ...run }] of runs.entries()) {
    yield `${at ? ',' : ''}\n${JSON.stringify(run).slice(0, -1)}, "tasks": [`;
    for (const [place, { items, ...task }] of tasks.entries()) {
      yield `${place ? ',' : ''}\n${JSON.stringify(task).slice(0, -1)}, "items": [`;
      for (const [i, item] of items.entries()) yield `${i ? ',' : ''}\n${JSON.stringify(item)}`;
      yield '\n]}';
    }
    yield '\n]}';
  }
  yield '\n]\n}\n';
}
