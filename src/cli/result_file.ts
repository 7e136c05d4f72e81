import type { ExperimentResult } from '../study/result.ts';
import { resultJson } from '../study/result_json.ts';
import { writeWhole } from './output_file.ts';

/** Writes a result, piece by piece. */
export function writeResult(path: string, result: ExperimentResult): void {
  writeWhole(path, linesOf(result));
}

function* linesOf(result: ExperimentResult): Generator<string> {
  yield* resultJson(result);
  yield '\n';
}
