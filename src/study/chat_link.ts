/** Characters that are not seen: zero-width ones, soft hyphens, marks of direction and of byte order. */
const UNSEEN = /[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;

/**
 * What people and programs put around a text they pass on: blanks, quotes of any language, brackets, commas, stars.
 * Letters, digits and what our own texts end in are none of it.
 */
const AROUND = String.raw`[\s"'\u0060*.,;:!?…(){}<>\[\]\p{Pi}\p{Pf}\p{Ps}\p{Pe}\u3001\u3002\uff0c\uff0e\uff01\uff1f\uff1a\uff1b]`;
const BEFORE = new RegExp(`^${AROUND}+`, 'u');
const BEHIND = new RegExp(`${AROUND}+$`, 'u');

/** A text without what stands around it and what is not seen in it: `“<owner/name>.”` is `owner/name`. */
export const bareText = (text: string): string =>
  text.replace(UNSEEN, '').replace(BEFORE, '').replace(BEHIND, '');

/** The last part of a readable link; a browser has escaped what is behind it. */
const SEED_LAST = /^(.*[&?]seed=\d+)((?:%[\da-f]{2}|[^\w&=%])+)$/is;

/**
 * The query of a link without what a chat did to it: marks around it, escaped or not, characters that are not seen,
 * line breaks within, `&` written as `&amp;`.
 */
export function undecoratedQuery(query: string): string {
  const plain = query
    .replace(/\s*[\r\n]+\s*/g, '')
    .replace(/&amp;/g, '&')
    .replace(UNSEEN, '');
  if (/^["'<(\s]*spec=/.test(plain)) return bareText(decoded(plain)).replace(/\s+/g, '');
  const [, whole, behind] = SEED_LAST.exec(`?${plain}`) ?? [];
  // Behind a seed that comes last nothing is ours; elsewhere a value may end in an escape.
  if (whole !== undefined && bareText(decoded(behind!)) === '') return bareText(whole.slice(1));
  return bareText(plain);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
