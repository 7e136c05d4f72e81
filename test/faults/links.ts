import { deflateRawSync } from 'node:zlib';
import { ALL_TASKS } from '../../src/eval/tasks/tasks.ts';
import { FORMATS } from '../../src/quant/formats.ts';
import { KNOBS, type Knob } from '../../src/quant/knobs.ts';
import { packJson } from '../../src/study/packed_json.ts';
import { specHash, specOfQuery } from '../../src/study/permalink.ts';
import { canonicalJson, parseSpec, type ExperimentSpec } from '../../src/study/spec.ts';
import { seededRandom, type Random } from '../../src/tensor/random.ts';
import { garbled, pick, refusedInASentence, spoiled, type Json } from './spoil.ts';
import type { FaultKind, FaultSuite, Outcome } from './suite.ts';

const TITLES = [
  '',
  'NF4 or FP4?',
  'a,b:c=d/e+f&g#h%i "it\'s"',
  'ünï 🙂',
  'spec=1.x',
  '__proto__',
  ' x ',
  '50 %',
];
const NAMES = ['a folder', 'my models/a:b, (c)', 'constructor', 'seed=7', '%41', 'x&seed=3'];
const REPOS = ['owner/name', 'o-1/n.2_3', 'constructor/toString'];
const MODULES = ['lm_head', 'model.layers.0.mlp.down_proj', 'q_proj'];

/** A value of a knob, as a careful writer may give it. */
function knobValue(random: Random, knob: Knob): unknown {
  switch (knob.kind) {
    case 'choice':
      return pick(random, knob.allowed);
    case 'flag':
      return random.uniform() < 0.5;
    case 'number':
      return pick(random, [knob.least, knob.most, 6, 0.5, 5.5, 1e-7, random.uniform() * knob.most]);
    case 'numbers':
      return [knob.least, ...Array.from({ length: knob.length - 2 }, () => random.uniform()), knob.most];
    case 'modules':
      return MODULES.slice(random.integer(3));
  }
}

function configOf(random: Random): object {
  const quant_type = pick(random, Object.keys(FORMATS) as (keyof typeof FORMATS)[]);
  const knobs = Object.keys(FORMATS[quant_type].knobs) as (keyof typeof KNOBS)[];
  const given = knobs.filter((name) => name === 'code' || random.uniform() < 0.4);
  return { quant_type, ...Object.fromEntries(given.map((name) => [name, knobValue(random, KNOBS[name])])) };
}

function taskOf(random: Random): object {
  const chance = random.uniform();
  return {
    task: pick(random, ALL_TASKS),
    ...(chance < 0.4 && { limit: 1 + random.integer(1000) }),
    ...(chance > 0.8 && { doc_ids: [random.integer(9), 10 + random.integer(1e5)] }),
    ...(random.uniform() < 0.2 && { num_fewshot: random.integer(6) }),
    ...(random.uniform() < 0.2 && { split: pick(random, ['train', 'validation', 'test']) }),
  };
}

/** A spec that is allowed, drawn from all that a spec can say. */
function someSpec(random: Random): ExperimentSpec {
  for (;;) {
    const adapter = random.uniform() < 0.2 && { adapter: { source: 'hub', repo: pick(random, REPOS) } };
    const drawn = {
      version: 1,
      title: pick(random, TITLES),
      model: pick(random, [
        { source: 'bundled', name: 'nibble-tiny', ...adapter },
        { source: 'local', name: pick(random, NAMES), ...adapter },
        {
          source: 'hub',
          repo: pick(random, REPOS),
          revision: pick(random, ['main', 'v1.0', 'a'.repeat(40)]),
          ...adapter,
        },
      ]),
      configs: Array.from({ length: 1 + random.integer(5) }, () => configOf(random)),
      tasks: Array.from({ length: 1 + random.integer(3) }, () => taskOf(random)),
      seed: random.integer(2 ** 32),
      ...(random.uniform() < 0.3 && { on_error: pick(random, ['stop', 'continue']) }),
    };
    try {
      return parseSpec(drawn);
    } catch {
      // What does not go together is drawn anew.
    }
  }
}

const queryOf = async (spec: ExperimentSpec): Promise<string> =>
  (await specHash(spec)).slice('#/experiment?'.length);

const packed = async (json: unknown): Promise<string> => `spec=${await packJson(json)}`;

/** A link in either form, and the spec it carries. */
async function someLink(random: Random): Promise<{ spec: ExperimentSpec; query: string }> {
  const spec = someSpec(random);
  return { spec, query: await (random.uniform() < 0.7 ? queryOf(spec) : packed(spec)) };
}

/** What a chat or a mail does to a link that it passes on; none of it may change the spec. */
const DECORATIONS: readonly ((query: string) => string)[] = [
  (query) => `${query}.`,
  (query) => `"${query}"`,
  (query) => `<${query}>`,
  (query) => `${query}%22`,
  (query) => `${query}%E2%80%9D`,
  (query) => `${query})`,
  (query) => `${query}**`,
  (query) => `\u200b${query}\u200b`,
  (query) => query.replaceAll('&', '&amp;'),
  (query) => `${query.slice(0, query.length >> 1)}\r\n${query.slice(query.length >> 1)}`,
  (query) => `${query}\n`,
];

const HOSTILE: readonly Json[] = [
  ...[
    null,
    true,
    '',
    '__proto__',
    'constructor',
    -1,
    1.5,
    1e308,
    2 ** 53,
    '\u0000',
    '\u202e',
    'a'.repeat(5000),
  ],
  ...[[], {}, [[]], ['__proto__'], '<img src=x onerror=alert(1)>', '../../etc/passwd', 'http://localhost/'],
];

/** A JSON text with keys that would change every object of a page, were they merged into one. */
function poisoned(random: Random, json: Json): Json {
  const text = JSON.stringify(json);
  const key = pick(random, ['__proto__', 'constructor', 'prototype', 'toString']);
  const places = [...text.matchAll(/\{/g)].map(({ index }) => index + 1);
  const at = pick(random, places);
  const value = pick(random, ['{"polluted":1}', '{"prototype":{"polluted":1}}', '1', 'null', '"x"', '[]']);
  const comma = text[at] === '}' ? '' : ',';
  return JSON.parse(`${text.slice(0, at)}"${key}":${value}${comma}${text.slice(at)}`) as Json;
}

/** Far more than a spec, in a link of a few hundred characters: long, of many parts, or nested deep. */
function bomb(random: Random): string {
  const n = 10 ** (3 + random.integer(4));
  switch (random.integer(3)) {
    case 0:
      return `{"version":1,"title":"${'a'.repeat(n)}"}`;
    case 1:
      return `{"version":1,"configs":[${Array<string>(n).fill('{}').join()}]}`;
    default:
      return `{"version":${'['.repeat(n)}${']'.repeat(n)}}`;
  }
}

/** Any text as a packed link. */
const packedText = (text: string): string => `spec=1.${deflateRawSync(text).toString('base64url')}`;

const survived: Outcome = { is: 'survived' };

/** A link that is read carries what it says it carries, and nothing else of the page has changed. */
async function readOutcome(query: string, meant?: ExperimentSpec): Promise<Outcome> {
  let spec: ExperimentSpec;
  try {
    spec = await specOfQuery(query);
  } catch (error) {
    const outcome = refusedInASentence(error);
    if (meant === undefined || outcome.is !== 'survived') return outcome;
    return { is: 'lost', why: `a sound link is refused: ${(error as Error).message} ${query}` };
  }
  const said = canonicalJson(spec);
  if (meant !== undefined && said !== canonicalJson(meant))
    return { is: 'wrong', why: `another spec: ${query}` };
  if (canonicalJson(parseSpec(JSON.parse(JSON.stringify(spec)))) !== said) {
    return { is: 'wrong', why: `a spec that is not one: ${query}` };
  }
  const again = await specOfQuery(await queryOf(spec));
  if (canonicalJson(again) !== said) return { is: 'wrong', why: `another spec there and back: ${query}` };
  return survived;
}

const KINDS: Record<string, { share?: number; trial: (random: Random) => Promise<Outcome> }> = {
  'there and back': {
    async trial(random) {
      const { spec, query } = await someLink(random);
      return readOutcome(query, spec);
    },
  },
  'passed on by a chat': {
    async trial(random) {
      const { spec, query } = await someLink(random);
      return readOutcome(pick(random, DECORATIONS)(query), spec);
    },
  },
  'cut off': {
    async trial(random) {
      const { query } = await someLink(random);
      // Of the seed's digits nobody can tell whether some are missing.
      const most = query.startsWith('spec=') ? query.length - 2 : query.lastIndexOf('seed=');
      const cut = query.slice(0, random.integer(Math.max(1, most)));
      const error = await specOfQuery(cut).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      return error === undefined
        ? { is: 'wrong', why: `read although cut off: ${cut}` }
        : refusedInASentence(error);
    },
  },
  garbled: {
    share: 2,
    trial: async (random) => readOutcome(garbled(random, (await someLink(random)).query)),
  },
  'of hostile values': {
    async trial(random) {
      const json = spoiled(random, someSpec(random) as unknown as Json);
      if (random.uniform() < 0.3)
        (json as Record<string, Json>)[pick(random, ['title', 'seed', 'model'])] = pick(random, HOSTILE);
      return readOutcome(await packed(json));
    },
  },
  'of keys that every object has': {
    trial: async (random) => readOutcome(await packed(poisoned(random, someSpec(random) as unknown as Json))),
  },
  'that unfold without end': {
    trial: async (random) => {
      if (random.uniform() < 0.95) return readOutcome(`spec=1.${'A'.repeat(random.integer(40_000))}`);
      return readOutcome(packedText(bomb(random)));
    },
  },
};

const OWN_KEYS = Object.getOwnPropertyNames(Object.prototype).join();

/** Links from anybody: the spec that was sent, another valid one where somebody changed it, or one sentence. */
export function openLinkFaults(): Promise<FaultSuite> {
  const kinds = Object.entries(KINDS).map(([name, { share = 1, trial }]): FaultKind => ({
    name,
    share,
    async trial(seed) {
      const outcome = await trial(seededRandom(seed));
      const keys = Object.getOwnPropertyNames(Object.prototype).join();
      return keys === OWN_KEYS ? outcome : { is: 'wrong', why: `every object has other keys now: ${keys}` };
    },
  }));
  return Promise.resolve({ name: 'links', at_a_time: 4, kinds });
}
