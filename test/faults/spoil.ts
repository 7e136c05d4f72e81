import { toFailure } from '../../src/errors.ts';
import type { Random } from '../../src/tensor/random.ts';
import type { Outcome } from './suite.ts';

/** Values that a hostile or careless writer puts in the place of another. */
const VALUES: readonly unknown[] = [
  ...[null, true, '', '__proto__', 'constructor', -1, 0, 1.5, 1e308, -1e308, 2 ** 53, '\u0000', '\u202e'],
  ...[
    [],
    {},
    [[]],
    { __proto__: null },
    'a'.repeat(100_000),
    '<img src=x onerror=alert(1)>',
    '../../etc/passwd',
  ],
];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const pick = <T>(random: Random, from: readonly T[]): T =>
  from[Math.floor(random.uniform() * from.length)]!;

/** A copy of a JSON value with a few of its parts taken out, replaced, doubled or renamed. */
export function spoiled(random: Random, json: Json): Json {
  const copy = structuredClone(json);
  const times = 1 + Math.floor(random.uniform() * 4);
  for (let i = 0; i < times; i++) spoilOne(random, copy);
  // As a file can hold it: without holes in arrays.
  return JSON.parse(JSON.stringify(copy)) as Json;
}

function spoilOne(random: Random, json: Json): void {
  let at: Json = json;
  for (let depth = 0; depth < 12; depth++) {
    if (typeof at !== 'object' || at === null) return;
    const keys = Object.keys(at);
    if (keys.length === 0) return;
    const key = pick(random, keys);
    const holder = at as Record<string, Json>;
    const inner: Json = holder[key]!;
    if (typeof inner === 'object' && inner !== null && random.uniform() < 0.8) {
      at = inner;
      continue;
    }
    const how = random.uniform();
    if (how < 0.2) delete holder[key];
    else if (how < 0.3 && !Array.isArray(at))
      holder[pick(random, ['constructor', 'toString', 'x', 'quant_type'])] = inner;
    else if (how < 0.45 && Array.isArray(at)) at.push(structuredClone(inner));
    else holder[key] = pick(random, VALUES) as Json;
    return;
  }
}

/** A text with a few characters changed, taken out or put in. */
export function garbled(random: Random, text: string): string {
  let result = text;
  const times = 1 + Math.floor(random.uniform() * 5);
  for (let i = 0; i < times; i++) {
    const at = Math.floor(random.uniform() * result.length);
    const cut = Math.floor(random.uniform() * 4);
    const put = pick(random, ['', '%', '&', '=', '.', ')', 'ü', '\n', 'zz', '%00', '"', '9']);
    result = result.slice(0, at) + put + result.slice(at + cut);
  }
  return result;
}

/** What was refused in a sentence is survived; whatever a reader throws beside is a fault of its own. */
export function refusedInASentence(error: unknown): Outcome {
  const { code, message } = toFailure(error);
  if (code !== 'internal' && message.length < 2000) return { is: 'survived' };
  const why = error instanceof Error ? (error.stack ?? error.message) : message;
  return { is: 'lost', why: code === 'internal' ? why : `a message of ${message.length} characters` };
}
