/** What Python writes otherwise than JavaScript, outside of character classes. */
const SPELLINGS: readonly (readonly [python: RegExp, js: string])[] = [
  [/^\(\?P</, '(?<'],
  [/^\(\?P=(\w+)\)/, '\\k<$1>'],
  [/^\\A/, '^'],
  [/^\\Z/, '$'],
];

/** Escapes of letters and digits that mean the same in both, in names of ASCII letters. */
const SAME_ESCAPES = /[bBdDsSwWnrtfv\d]/;

/**
 * A Python regular expression as JavaScript's: `pythonRegex('(.*\\.)?(layers\\.\\d+)$')`; undefined for one that
 * JavaScript cannot write, or would read otherwise (inline flags, comments, conditions, possessive quantifiers).
 */
export function pythonRegex(pattern: string): RegExp | undefined {
  const js = translated(pattern);
  if (js === undefined) return undefined;
  try {
    return new RegExp(js);
  } catch {
    return undefined;
  }
}

function translated(pattern: string): string | undefined {
  let js = '';
  let inClass = false;
  for (let at = 0; at < pattern.length;) {
    const rest = pattern.slice(at);
    const other = inClass ? undefined : SPELLINGS.find(([python]) => python.test(rest));
    if (other) {
      const [found] = other[0].exec(rest)!;
      js += found.replace(other[0], other[1]);
      at += found.length;
      continue;
    }
    const character = rest[0]!;
    if (character === '\\') {
      const escaped = rest[1];
      if (escaped === undefined || (/\w/.test(escaped) && escaped !== '_' && !SAME_ESCAPES.test(escaped))) {
        return undefined;
      }
      js += character + escaped;
      at += 2;
      continue;
    }
    // A bracket right behind another is a character in Python, and `{,3}` begins at 0.
    if (!inClass && /^(\[\^?\]|\{,|\(\?[a-zA-Z-]+\)|[*+?}]\+)/.test(rest)) return undefined;
    if (character === '[') inClass = true;
    if (character === ']') inClass = false;
    js += character;
    at++;
  }
  return js;
}
