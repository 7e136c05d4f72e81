import { specialToken, type AddedToken } from './added_tokens.ts';
import { classRow, type ClassName } from './classes.ts';
import { isObject, type Json } from './fields.ts';
import { addedTokensOf, NAMES, textOf, type Name, type NamedToken, type Settings } from './settings.ts';

/** All special tokens of a tokenizer: by name, in transformers' order, then those without. */
export interface SpecialTokens {
  named: ReadonlyMap<Name, NamedToken>;
  all: readonly NamedToken[];
}

/** The special tokens that hold: of the files, else of the class. */
export function specialTokensOf(name: ClassName, settings: Settings, json: Json): SpecialTokens {
  const defaults: Partial<Record<Name, string | null>> = { ...classRow(name).special_tokens };
  const padding = isObject(json.padding) ? json.padding.pad_token : undefined;
  if (typeof padding === 'string' && defaults.pad_token === undefined) defaults.pad_token = padding;
  const named = new Map<Name, NamedToken>();
  for (const which of NAMES) {
    const token = settings.named.has(which) ? settings.named.get(which) : defaults[which];
    if (token !== null && token !== undefined) named.set(which, token);
  }
  return { named, all: [...named.values(), ...settings.own, ...settings.extra] };
}

/** The tokens that a class adds, call by call (`TokenizersBackend.__init__`): its file's, its settings', its special ones. */
export function addingCalls(
  name: ClassName,
  json: Json,
  settings: Settings,
  special: SpecialTokens,
): AddedToken[][] {
  const { parts, readds } = classRow(name);
  // A class that makes its parts itself begins without the file's added tokens; the settings bring them.
  const own = parts ? [] : addedTokensOf(json).map(({ token }) => token);
  const known = new Set([...own, ...settings.added].map(({ content }) => content));
  const names = new Set([...special.named.values(), ...settings.own].map(textOf));
  const more = special.all
    .filter((token) => !known.has(textOf(token)))
    .map((token) => (typeof token === 'string' ? specialToken(token) : token));
  const settled = [...settings.added, ...more].map((token) =>
    names.has(token.content) ? { ...token, special: true } : token,
  );
  const again = readds === undefined ? [] : special.all.map((token) => readded(token, readds));
  return [own, settled, again];
}

/** A special token as it is added once more. */
function readded(token: NamedToken, how: 'plain' | 'with flags'): AddedToken {
  if (how === 'plain' || typeof token === 'string') return specialToken(textOf(token));
  return { ...token, special: true };
}
