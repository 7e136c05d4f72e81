import type { ErrorCode } from '../../src/errors.ts';
import { file } from './corpus.ts';

/** A checkpoint of several files and what a reader must say to it; `warning` as in the corpus of single files. */
export interface CheckpointCase {
  readonly name: string;
  readonly files: () => Readonly<Record<string, Uint8Array>>;
  readonly verdict: 'ok' | ErrorCode;
  readonly warning?: boolean;
}

const INDEX = 'model.safetensors.index.json';
const A = 'model-00001-of-00002.safetensors';
const B = 'model-00002-of-00002.safetensors';

/** A shard of F32 [2] tensors with these names, one behind the other. */
function shard(...names: readonly string[]): Uint8Array {
  const entries = names.map(
    (name, i) => `${JSON.stringify(name)}:{"dtype":"F32","shape":[2],"data_offsets":[${8 * i},${8 * i + 8}]}`,
  );
  return file(`{${entries.join()}}`, 8 * names.length);
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const index = (weight_map: Record<string, string>, total_size: unknown = 24): Uint8Array =>
  utf8(JSON.stringify({ metadata: { total_size }, weight_map }, null, 2));

const RIGHT = { a: A, b: A, c: B };

/** The two shards a, b and c belong into, and another index. */
const withIndex = (bytes: Uint8Array) => () => ({ [INDEX]: bytes, [A]: shard('a', 'b'), [B]: shard('c') });
const withMap = (weight_map: Record<string, string>) => withIndex(index(weight_map));

/** Names that would leave the folder, or that a fetch would take for another place. */
const UNSAFE_NAMES = [
  '../model.safetensors', '..', 'sub/model.safetensors', '/etc/passwd', 'sub\\model.safetensors', 'C:model.safetensors',
  'https://host/model.safetensors', '//host/model.safetensors', 'data:,x.safetensors', '.hidden.safetensors',
  'a..safetensors', '%2e%2e%2fmodel.safetensors', 'model.safetensors?x', 'model.safetensors#x', 'model .safetensors',
  'model\0.safetensors', 'model.bin', 'pytorch_model.bin', '', `${'x'.repeat(300)}.safetensors`, '__proto__',
]; // prettier-ignore

function* cases(): Generator<CheckpointCase> {
  const ok = (name: string, files: CheckpointCase['files']): CheckpointCase => ({
    name,
    files,
    verdict: 'ok',
  });
  const refused = (verdict: ErrorCode, name: string, files: CheckpointCase['files']): CheckpointCase => ({
    name,
    files,
    verdict,
  });

  yield ok('one file', () => ({ 'model.safetensors': shard('a'), 'config.json': utf8('{}') }));
  yield ok('one file of another name', () => ({ 'adapter.safetensors': shard('a') }));
  yield ok('two shards', withMap(RIGHT));
  yield ok('an index without metadata', withIndex(utf8(JSON.stringify({ weight_map: RIGHT }))));
  yield ok(
    'an index with unknown fields',
    withIndex(utf8(JSON.stringify({ x: [1, null], metadata: null, weight_map: RIGHT }))),
  );
  yield {
    ...ok('one file and an index', () => ({ ...withMap(RIGHT)(), 'model.safetensors': shard('a') })),
    warning: true,
  };

  // total_size is advice: writers count differently.
  for (const size of [0, 25, 1e30, -1]) {
    yield { ...ok(`total_size ${size}`, withIndex(index(RIGHT, size))), warning: true };
  }
  yield ok('total_size as text', withIndex(index(RIGHT, '24')));
  yield {
    ...ok('a tensor that the index does not list', () => ({
      ...withIndex(index(RIGHT, 32))(),
      [B]: shard('c', 'd'),
    })),
    warning: true,
  };

  for (const name of UNSAFE_NAMES) {
    yield refused('bad-shard-name', `shard ${JSON.stringify(name.slice(0, 40))}`, () => ({
      ...withMap({ ...RIGHT, c: name })(),
      [name]: shard('c'),
    }));
  }

  yield refused('missing-file', 'no files', () => ({}));
  yield refused('missing-file', 'only other files', () => ({
    'pytorch_model.bin': new Uint8Array(8),
    'config.json': utf8('{}'),
  }));
  yield refused('missing-file', 'shards without an index', () => ({ [A]: shard('a', 'b'), [B]: shard('c') }));
  yield refused('missing-file', 'an index without its shards', () => ({ [INDEX]: index(RIGHT) }));
  yield refused('missing-file', 'one shard missing', () => ({ [INDEX]: index(RIGHT), [A]: shard('a', 'b') }));
  yield refused(
    'missing-file',
    'an unknown shard',
    withMap({ ...RIGHT, c: 'model-00003-of-00002.safetensors' }),
  );

  yield refused('shard-mismatch', 'a tensor that its shard lacks', withMap({ ...RIGHT, d: B }));
  yield refused('shard-mismatch', 'a tensor listed in the other shard', withMap({ ...RIGHT, a: B }));
  yield refused('shard-mismatch', 'a tensor in both shards', () => ({
    ...withMap(RIGHT)(),
    [B]: shard('c', 'a'),
  }));
  yield refused('shard-mismatch', 'an unlisted tensor in both shards', () => ({
    [INDEX]: index(RIGHT),
    [A]: shard('a', 'b', 'd'),
    [B]: shard('c', 'd'),
  }));

  yield refused('bad-index', 'no weight_map', withIndex(utf8('{"metadata":{}}')));
  yield refused('bad-index', 'an empty weight_map', withMap({}));
  for (const map of ['null', '[]', '"a"', '5', '{"a":5}', '{"a":null}', '{"a":["b"]}']) {
    yield refused('bad-index', `weight_map ${map}`, withIndex(utf8(`{"weight_map":${map}}`)));
  }
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"weight_map":{}},',
    '\ufeff{}',
    `{"weight_map":${'['.repeat(1e5)}`,
    '<!doctype html>',
  ]) {
    yield refused('bad-index', `index ${text.slice(0, 20) || 'empty'}`, withIndex(utf8(text)));
  }
  yield refused('bad-index', 'an index that is not UTF-8', withIndex(Uint8Array.of(0x7b, 0xff, 0x7d)));
  yield refused('bad-index', '1001 shards', () => {
    const map = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`t${i}`, `m${i}.safetensors`]));
    return withMap(map)();
  });
  yield refused(
    'duplicate-name',
    'a tensor twice in weight_map',
    withIndex(utf8(`{"weight_map":{"a":"${A}","a":"${B}"}}`)),
  );
  yield refused('truncated-file', 'a broken shard', () => ({
    ...withMap(RIGHT)(),
    [B]: shard('c').slice(0, -1),
  }));
  yield refused('not-safetensors', 'a shard that is an error page', () => ({
    ...withMap(RIGHT)(),
    [B]: utf8('<!doctype html><html></html>'),
  }));
}

/** Checkpoints, each right or wrong in one way. */
export const checkpoints: readonly CheckpointCase[] = [...cases()];
