/** Levels that files and links of ours, and of any model we know, stay far below. */
const DEEPEST = 64;

/**
 * JSON from anybody. What nests without end would overflow the stack of whoever walks or prints it.
 * @throws SyntaxError where the text is no JSON, or nests deeper than 64 levels
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  let level = [value].filter(isObject);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > DEEPEST) throw new SyntaxError(`it nests deeper than ${DEEPEST} levels`);
    level = level.flatMap((one) => Object.values(one).filter(isObject));
  }
  return value;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
