import { SplitPreTokenizer } from '@huggingface/tokenizers';
import { isObject, quoted, refuse } from './fields.ts';
import { isUnbounded, requireOneWay, type GroupShape } from './bounded.ts';
import type { Find, Stretch } from './split.ts';

/**
 * Finds the pattern of a Split or Replace: `{ String: ' ' }`, or `{ Regex: '\\p{N}{1,3}' }` in Oniguruma's Ruby syntax.
 * @throws bad-tokenizer when JavaScript's expressions cannot say what the pattern says
 */
export function findPattern(pattern: unknown, where: string): Find {
  if (isObject(pattern) && Object.keys(pattern).length === 1) {
    const { String: literal, Regex: source } = pattern;
    if (typeof literal === 'string') return findAll(new RegExp(escaped(literal), 'gu'));
    if (typeof source === 'string') return findAll(compile(source, where));
  }
  return refuse(`${where}: pattern is ${quoted(pattern)}; it must be one String or one Regex.`);
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Searches as Oniguruma's find_iter, which takes no empty match right behind the match before. */
const findAll =
  (expression: RegExp): Find =>
  (text) => {
    const stretches: Stretch[] = [];
    let from = 0;
    let behind = -1;
    expression.lastIndex = 0;
    for (;;) {
      const match = expression.exec(text);
      if (!match) break;
      const [begin, end] = [match.index, match.index + match[0].length];
      if (begin === end) {
        expression.lastIndex = end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
        if (begin === behind) continue;
      }
      if (from < begin) stretches.push({ begin: from, end: begin, matched: false });
      stretches.push({ begin, end, matched: true });
      from = behind = end;
    }
    if (from < text.length) stretches.push({ begin: from, end: text.length, matched: false });
    return stretches;
  };

function compile(source: string, where: string): RegExp {
  const said = `${where}: pattern ${quoted(source)}`;
  const prepared = spellOut(source, said);
  try {
    // With `invert` the library only translates the expression, from Oniguruma's classes and anchors to JavaScript's.
    const made = new SplitPreTokenizer({
      type: 'Split',
      pattern: { Regex: prepared },
      behavior: 'Isolated',
      invert: true,
    });
    if (made.pattern) return made.pattern;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return refuse(`${said} cannot be said in JavaScript's regular expressions.`);
}

/** Escapes that both Oniguruma and the library's translation know; any character that is no letter or digit is itself. */
const ESCAPE =
  /^\\(?:[rntfvsSdDwWbBAzZhHae]|x[0-9A-Fa-f]{2}|x\{[0-9A-Fa-f]+\}|u[0-9A-Fa-f]{4}|[pP]\{[A-Za-z_]+\}|[^0-9A-Za-z])/u;
/** Names that mean other sets in Oniguruma than in JavaScript. */
const POSIX_NAME =
  /^\\[pP]\{(?:alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit|word|ascii)\}$/i;
const GROUP = /^\((?:\?(?::|=|!|<=|<!|>|i:))?/;
const QUANTIFIER = /^(?:[+*?]|\{\d+(?:,\d*)?\}|\{,\d+\})/;

/**
 * The same expression without what the library translates too simply: possessive quantifiers and atomic groups become
 * a look-ahead and a reference to what it found, groups without case are spelled out.
 */
function spellOut(source: string, said: string): string {
  const cannot = (what: string): never => refuse(`${said}: ${what} is not computed here.`);
  let out = '';
  let atoms = 0;
  /** Where the last atom begins in `out`; -1 where a quantifier would have nothing before it. */
  let atom = -1;
  const open: (GroupShape & { begin: number; closes: string })[] = [];
  const whole: GroupShape = { repeats: false, alternatives: [0] };
  /** The group that the last atom is, if it is one. */
  let lastGroup: GroupShape | undefined;
  const atomic = (inside: string): string => `(?:(?=(?<once${++atoms}>${inside}))\\k<once${atoms}>)`;

  for (let at = 0; at < source.length;) {
    const rest = source.slice(at);
    const quantifier = QUANTIFIER.exec(rest)?.[0];
    if (quantifier && atom >= 0) {
      at += quantifier.length;
      const suffix = source[at];
      if (isUnbounded(quantifier)) {
        if (lastGroup) requireOneWay(lastGroup, out, said);
        if (suffix !== '+' || quantifier.length > 1) (open.at(-1) ?? whole).repeats = true;
      }
      if (suffix === '?' && (quantifier.length === 1 || quantifier.includes(','))) {
        out += `${quantifier}?`;
        at++;
      } else if (suffix === '+' && quantifier.length === 1) {
        out = out.slice(0, atom) + atomic(out.slice(atom) + quantifier);
        at++;
      } else {
        // Ruby reads {1,3}+ as a repetition of the repetition.
        const again = suffix === '+';
        if (again && isUnbounded(quantifier)) cannot(`a repetition of a repetition (${quantifier}+)`);
        if (!again && suffix !== undefined && '?*'.includes(suffix)) cannot(`${quantifier}${suffix}`);
        out = again ? `${out.slice(0, atom)}(?:${out.slice(atom)}${quantifier})+` : out + quantifier;
        if (again) at++;
      }
      const next = QUANTIFIER.exec(source.slice(at))?.[0];
      if (next) cannot(`a quantifier behind a quantifier (${next})`);
      atom = -1;
      continue;
    }
    const begin = out.length;
    lastGroup = undefined;
    const character = String.fromCodePoint(rest.codePointAt(0)!);
    if (character === '\\') {
      const escape = ESCAPE.exec(rest)?.[0] ?? cannot(rest.slice(0, 2));
      if (POSIX_NAME.test(escape)) cannot(escape);
      out += escape;
      at += escape.length;
      atom = begin;
    } else if (character === '[') {
      const length = classLength(rest) ?? cannot('an unclosed class');
      const inside = rest.slice(0, length);
      if (inside.includes('&&')) cannot('an intersection of classes');
      for (const [escape] of inside.matchAll(/\\(?:[pPxu]\{[^}]*\}|x..|u....|.)/gsu)) {
        if (!ESCAPE.test(escape) || POSIX_NAME.test(escape)) cannot(escape);
      }
      out += inside;
      at += length;
      atom = begin;
    } else if (character === '(') {
      const group = GROUP.exec(rest)![0];
      if (rest[group.length] === '?') cannot(rest.slice(0, 4));
      if (group === '(?i:') {
        const end = source.indexOf(')', at);
        out += anyCase(source.slice(at + group.length, end < 0 ? undefined : end), cannot);
        at = end < 0 ? source.length : end + 1;
        atom = begin;
        continue;
      }
      open.push({ begin, closes: group, repeats: false, alternatives: [] });
      out += group === '(?>' || group === '(' ? '(?:' : group;
      open.at(-1)!.alternatives.push(out.length);
      at += group.length;
      atom = -1;
    } else if (character === ')') {
      const group = open.pop() ?? cannot('an unopened )');
      out += ')';
      if (group.closes === '(?>') out = out.slice(0, group.begin) + atomic(out.slice(group.begin));
      at++;
      const looks = /^\(\?[=!<]/.test(group.closes);
      atom = looks ? -1 : group.begin;
      // What is atomic gives nothing back, nor does a look around.
      if (looks || group.closes === '(?>') continue;
      lastGroup = group;
      if (group.repeats) (open.at(-1) ?? whole).repeats = true;
    } else {
      out += character;
      at += character.length;
      if (character === '|') (open.at(-1) ?? whole).alternatives.push(out.length);
      atom = character === '|' || character === '^' || character === '$' ? -1 : begin;
    }
  }
  return out;
}

/** Length of the class that `text` begins with; classes may hold classes. */
function classLength(text: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '[') {
      depth++;
      // A ] that comes first is a character of the class.
      if (text[at + 1] === '^') at++;
      if (text[at + 1] === ']') at++;
    } else if (text[at] === ']' && --depth === 0) return at + 1;
  }
  return undefined;
}

/** Letters of ASCII to which Unicode knows a third form: ſ and the Kelvin sign. */
const THIRD_FORM: Record<string, string> = { s: '\u017f', k: '\u212a' };
/** Pairs of letters that a single character stands for where case does not matter: ß, ﬀ, ﬁ, ﬂ, ﬆ. */
const LIGATURE = /s[st]|f[fil]/i;

/** A group without case, of the plain letters that contractions are made of: `'s|'[td]` as `(?:'[sSſ]|'[tTdD])`. */
function anyCase(inside: string, cannot: (what: string) => never): string {
  if (!/^(?:[A-Za-z'|]|\[[A-Za-z]+\])*$/.test(inside) || LIGATURE.test(inside)) cannot(`(?i:${inside})`);
  const forms = (letter: string) => {
    const lower = letter.toLowerCase();
    return lower + lower.toUpperCase() + (THIRD_FORM[lower] ?? '');
  };
  const spelled = inside.replace(
    /\[[A-Za-z]+\]|[A-Za-z]/g,
    (letters) => `[${letters.replace(/[[\]]/g, '').replace(/./g, forms)}]`,
  );
  return `(?:${spelled})`;
}
