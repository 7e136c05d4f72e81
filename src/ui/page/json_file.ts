import { LabError, type ErrorCode } from '../../errors.ts';
import { parseJson } from '../../tensor/parse_json.ts';

/** The kind of file that is expected: its error code, its largest size, and its name in a message. */
interface Expected {
  code: ErrorCode;
  /** Bytes. */
  most: number;
  what: string;
}

/**
 * The JSON in a file of the user's. Throws LabError with `code` that names the file, what was found, what is allowed.
 */
export async function readJsonFile(file: File, { code, most, what }: Expected): Promise<unknown> {
  if (file.size > most) {
    throw new LabError(code, `${file.name} has ${file.size} bytes; allowed: ${most}.`);
  }
  try {
    return parseJson(await file.text());
  } catch {
    throw new LabError(code, `${file.name} is not JSON; allowed: ${what}.`);
  }
}
