import { LabError } from '../errors.ts';
import { parseResult, type ForeignRun } from '../study/parse_result.ts';
import { taskOfSamples } from '../study/samples/sample_files.ts';
import { parseJson } from '../tensor/parse_json.ts';

/** Bytes of the largest file that is read: a result of a thousand answers is some 300 kB, samples of as many some 2 MB. */
const MOST = 500_000_000;

/** @throws bad-data naming a file that is too large to be read whole */
export function requireReadable({ name, size }: File): void {
  if (size > MOST) throw new LabError('bad-data', `${name} has ${size} bytes; allowed: ${MOST}.`);
}

/**
 * The runs of a file as the page exports it, one result or a list of them, under new ids.
 * @throws bad-data or bad-spec naming the file.
 */
export async function readResults(file: File): Promise<ForeignRun[]> {
  requireReadable(file);
  if (taskOfSamples(file.name) !== undefined) {
    throw new LabError(
      'bad-data',
      `${file.name} has another program's answers; allowed here: results as this page exports them. Open a run that asked the same questions: it takes such files.`,
    );
  }
  let json: unknown;
  try {
    json = parseJson(await file.text());
  } catch {
    throw new LabError('bad-data', `${file.name} is not JSON; allowed: results as this page exports them.`);
  }
  try {
    return (Array.isArray(json) ? json : [json]).map((one) => parseResult(one, foreignId()));
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(error.code, `${file.name}: ${error.message}`, { cause: error });
  }
}

/** An id for a run from elsewhere. */
export const foreignId = (): string => `shared-${crypto.randomUUID()}`;
