import { countSteps } from '../../test/fixtures/count_steps.ts';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { checkpoints } from '../../test/fixtures/safetensors/checkpoints.ts';
import { corpus, file } from '../../test/fixtures/safetensors/corpus.ts';
import { writeCheckpoints, writeCorpus } from '../../test/fixtures/safetensors/write_corpus.ts';
import { LabError } from '../errors.ts';
import { seededRandom } from './random.ts';
import { readHeader, type Header } from './safetensors.ts';
import { memorySource, type ByteSource } from './source.ts';

/** What a reader makes of the bytes. None of them is asked for more than twice: with the first few, and with the header. */
async function outcome(bytes: Uint8Array): Promise<Header | LabError> {
  const { source, bytesRead } = counted(memorySource('a.safetensors', bytes));
  try {
    return await readHeader(source);
  } catch (error) {
    if (error instanceof LabError) return error;
    throw error;
  } finally {
    expect(bytesRead()).toBeLessThanOrEqual(2 * bytes.byteLength);
  }
}

/** The source, and how many of its bytes were read so far. */
function counted(source: ByteSource): { source: ByteSource; bytesRead: () => number } {
  let read = 0;
  const slice: ByteSource['slice'] = (begin, end) => {
    read += end - begin;
    return source.slice(begin, end);
  };
  return { source: { ...source, slice }, bytesRead: () => read };
}

test('there is a case for each of the 42 rows, and no name twice', () => {
  expect([...new Set(corpus.map(({ row }) => row))]).toEqual(Array.from({ length: 42 }, (_, i) => i + 1));
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
  console.log(
    `corpus: ${corpus.length} files, ${corpus.filter(({ verdict }) => verdict !== 'ok').length} to be refused`,
  );
});

test.each(corpus)('row $row, $name: $verdict', async ({ bytes, verdict, warning }) => {
  const got = await outcome(bytes());
  if (got instanceof LabError) {
    expect(`${got.code}: ${got.message}`).toMatch(new RegExp(`^${verdict}: `));
    // A message is one line, names the file and stays readable whatever the file holds.
    expect(got.message).toContain('a.safetensors');
    expect(got.message.length).toBeLessThan(500);
    // eslint-disable-next-line no-control-regex
    expect(got.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  } else {
    expect('ok').toBe(verdict);
    expect(got.warnings.length > 0).toBe(warning === true);
  }
});

test('the corpus as files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  try {
    const written = writeCorpus(folder);
    expect(readdirSync(folder)).toHaveLength(corpus.length);
    expect(statSync(written[0]!.path).size).toBe(0);
    expect(written[0]!.path).toMatch(/001-empty-file\.safetensors$/);

    const folders = writeCheckpoints(join(folder, 'checkpoints'));
    expect(readdirSync(join(folder, 'checkpoints'))).toHaveLength(checkpoints.length);
    expect(readdirSync(folders[0]!.path)).toEqual(['config.json', 'model.safetensors']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('100,000 valid tensors are read', async () => {
  const header = await outcome(corpus.find(({ row }) => row === 41)!.bytes());
  expect(header).toMatchObject({ warnings: [] });
  expect((header as Header).tensors).toHaveLength(100_000);
});

test('a long header takes a few steps a byte, whatever it holds', async () => {
  const long = corpus
    .map(({ name, bytes }) => ({ name, bytes: bytes() }))
    .filter(({ bytes }) => bytes.byteLength > 100_000);
  expect(long.length).toBeGreaterThan(5);
  for (const { name, bytes } of long) {
    const steps = await countSteps('src/tensor', () => outcome(bytes));
    expect.soft(steps / bytes.byteLength, name).toBeLessThan(4);
    expect.soft(steps, name).toBeGreaterThan(0);
  }
});

test('no digits become a BigInt that are too many for 64 bits', async () => {
  // A million digits would take one call of BigInt, and that call seconds.
  const digits: number[] = [];
  vi.stubGlobal('BigInt', (value: string | number | bigint) => {
    digits.push(String(value).length);
    return typeof value === 'bigint' ? value : toBigInt(value);
  });
  try {
    for (const { bytes } of corpus.filter(({ row }) => row === 28)) await outcome(bytes());
  } finally {
    vi.unstubAllGlobals();
  }
  expect(Math.max(...digits)).toBe(20);
});

test('20,000 mutated files give a header or a typed error', async () => {
  const random = seededRandom(20);
  const seeds = corpus
    .filter(({ row }) => row !== 41)
    .map(({ bytes }) => bytes())
    .filter((bytes) => bytes.length < 1000);
  const codes = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const bytes = mutated(seeds, random.integer);
    const got = await outcome(bytes);
    const code = got instanceof LabError ? got.code : 'ok';
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (!(got instanceof LabError)) expectWhole(got, bytes.byteLength);
  }
  console.log('mutations:', Object.fromEntries([...codes].sort((a, b) => b[1] - a[1])));
  // A fuzzer that only ever breaks the JSON would test little.
  expect(codes.size).toBeGreaterThan(15);
});

const toBigInt = BigInt;

/** What a reader may rely on: the tensors cover the data, in order, each with the bytes of its shape. */
function expectWhole(header: Header, fileBytes: number): void {
  let covered = header.data_start;
  for (const { data_offsets, name } of header.tensors) {
    const [begin, end] = data_offsets;
    if (header.data_start + begin !== covered || end < begin)
      expect.fail(`tensor ${name} is not where it should be`);
    covered = header.data_start + end;
  }
  expect(covered).toBe(fileBytes);
}

/** Pieces that mean something in a header; random bytes alone would nearly always end as broken JSON. */
const PIECES = [
  '"', '{', '}', '[', ']', ',', ':', '0', '8', '-', '.', 'e', '\\', 'null', '"w"', '"dtype"', '"shape"', '"data_offsets"',
  '"F32"', '"F4"', '"BF16"', '"__metadata__"', '{}', '[]', '[0,8]', '[2]', '[0]', '9007199254740993', '18446744073709551615',
  '4294967296', '\\u0000', '\\ud800', ' ', '\n', '\0', '\u00e9', '\ufeff', '"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}',
]; // prettier-ignore

/** One to three changes to the header of a seed, whose length is then mostly made right again. */
function mutated(seeds: readonly Uint8Array[], integer: (n: number) => number): Uint8Array<ArrayBuffer> {
  const seed = seeds[integer(seeds.length)]!;
  const length =
    seed.length < 8 ? 0 : Number(new DataView(seed.buffer, seed.byteOffset).getBigUint64(0, true));
  const bytes = [...seed];
  let end = Math.min(8 + length, bytes.length);
  for (let changes = 1 + (integer(2) && integer(3)); changes > 0; changes--) {
    const at = Math.min(8, bytes.length) + integer(Math.max(1, end - 7));
    const size = 1 + integer(8);
    const piece = [...new TextEncoder().encode(PIECES[integer(PIECES.length)])];
    const before = bytes.length;
    const kind = integer(6);
    if (kind === 0) bytes.splice(at, 1, integer(8) === 0 ? integer(256) : 32 + integer(95));
    else if (kind === 1) bytes.splice(at, Math.min(size, Math.max(0, end - at)));
    else if (kind === 2) bytes.splice(at, 0, ...piece);
    else if (kind === 3) bytes.splice(at, Math.min(piece.length, Math.max(0, end - at)), ...piece);
    else if (kind === 4) bytes.splice(at, 0, ...bytes.slice(at, Math.min(at + 8 * size, end)));
    else bytes.push(...new Array<number>(size).fill(0));
    if (kind < 5) end += bytes.length - before;
  }
  const changed = Uint8Array.from(bytes);
  if (integer(20) === 0) return changed;
  return file(changed.slice(8, Math.max(8, end)), Math.max(0, changed.length - Math.max(8, end)));
}
