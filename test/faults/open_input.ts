import { readFile } from 'node:fs/promises';
import { parseConfig } from '../../src/model/config.ts';
import { makeTokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import { canonicalJson } from '../../src/study/spec.ts';
import { parseResult } from '../../src/study/parse_result.ts';
import { specOfQuery } from '../../src/study/permalink.ts';
import { seededRandom, type Random } from '../../src/tensor/random.ts';
import { garbled, refusedInASentence, spoiled, type Json } from './spoil.ts';
import type { FaultSuite, Outcome } from './suite.ts';

const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Files and links from anybody: read in full, or refused in a sentence; a result whose answers changed says so. */
export async function openInputFaults(): Promise<FaultSuite> {
  const config = JSON.parse(await read('public/models/nibble-tiny/config.json')) as Json;
  const tokenizer = JSON.parse(await read('public/models/nibble-tiny/tokenizer.json')) as Json;
  const result = JSON.parse(await read('docs/smollm2/result.json')) as {
    spec: { configs: Json[] };
    runs: Json[];
  };
  // Answers of one configuration will do, and are quick to spoil; the digest is theirs.
  const spec = { ...result.spec, configs: result.spec.configs.slice(0, 1) };
  const parsed = parseResult({ ...result, spec, runs: result.runs.slice(0, 1) }, 'base').result;
  const small = JSON.parse(JSON.stringify({ ...parsed, digest_fits: undefined })) as Json;
  const links = JSON.parse(await read('test/golden/links.json')) as Record<string, string>;
  const written = 'model=nibble-tiny&configs=none,nf4:blocksize=128&tasks=mini_arc:limit=200&seed=7';
  const vocab_size = (config as { vocab_size: number }).vocab_size;

  const reading = (spoil: (random: Random) => Json, take: (json: Json) => unknown) => (seed: number) => {
    try {
      take(spoil(seededRandom(seed)));
      return Promise.resolve<Outcome>({ is: 'survived' });
    } catch (error) {
      return Promise.resolve(refusedInASentence(error));
    }
  };

  return {
    name: 'input',
    kinds: [
      { name: 'config.json', trial: reading((random) => spoiled(random, config), parseConfig) },
      {
        name: 'tokenizer.json',
        trial: reading(
          (random) => spoiled(random, tokenizer),
          (json) => makeTokenizer({ tokenizer: json, config }, vocab_size),
        ),
      },
      { name: 'a result', trial: (seed) => imported(spoiled(seededRandom(seed), small), small) },
      { name: 'a link that a person can read', trial: linkTrial(written) },
      { name: 'a packed link', trial: linkTrial(`spec=${links.spec!}`) },
    ],
  };
}

/** A result that is taken holds the answers it came with, or says that they do not fit its digest. */
function imported(spoiledResult: Json, original: Json): Promise<Outcome> {
  try {
    const { result } = parseResult(spoiledResult, 'trial') as unknown as {
      result: { digest_fits?: boolean; runs: unknown };
    };
    const same = canonicalJson(answersOf(result)) === canonicalJson(answersOf(original));
    if (same || result.digest_fits === false || !hasDigest(spoiledResult)) {
      return Promise.resolve({ is: 'survived' });
    }
    return Promise.resolve({ is: 'wrong', why: 'other answers under the digest of the first' });
  } catch (error) {
    return Promise.resolve(refusedInASentence(error));
  }
}

const hasDigest = (json: Json): boolean => typeof (json as { digest?: unknown }).digest === 'string';

function answersOf(json: unknown): unknown {
  const { runs } = json as { runs: { tasks: { items: { doc_id: number }[] }[] }[] };
  return runs.map(({ tasks }) => tasks.map(({ items }) => items));
}

const linkTrial =
  (query: string) =>
  async (seed: number): Promise<Outcome> => {
    try {
      await specOfQuery(garbled(seededRandom(seed), query));
      return { is: 'survived' };
    } catch (error) {
      return refusedInASentence(error);
    }
  };
