import { readFile } from 'node:fs/promises';
import { LabError } from '../errors.ts';
import { specOfQuery } from '../study/permalink.ts';
import { parseSpec, type ExperimentSpec } from '../study/spec.ts';

/**
 * A spec from a file, or from a link that carries one.
 * @throws bad-arguments when it is neither; bad-spec or bad-link for what it says.
 */
export async function readSpec(source: string): Promise<ExperimentSpec> {
  // Some programs escape the marks that begin the part behind an address.
  const carried = /(?:#|%23)\/experiment(?:\?|%3f)(.+)$/is.exec(source)?.[1];
  if (carried) return specOfQuery(carried);
  const text = await readFile(source, 'utf8').catch(() => {
    throw new LabError(
      'bad-arguments',
      `${source} is neither a file that can be read nor a link with a spec.`,
    );
  });
  try {
    return parseSpec(JSON.parse(text));
  } catch (error) {
    if (error instanceof LabError) throw new LabError(error.code, `${source}: ${error.message}`);
    throw new LabError('bad-spec', `${source} is not JSON: ${(error as Error).message}.`);
  }
}
