import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { ExperimentResult } from '../study/result.ts';
import goldenLinks from '../../test/golden/links.json';
import { decodeResult } from '../study/result_link.ts';
import { compareCommand } from './compare.ts';
import { readResult } from './read_result.ts';
import { reportCommand } from './report.ts';

const NOTE = 'These answers do not fit the digest they came with';

let folder: string;
let honest: ExperimentResult;
const printed = vi.spyOn(console, 'log');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nibble-results-'));
  honest = (await decodeResult(goldenLinks.result, 'golden')).result;
});
beforeEach(() => void printed.mockReset().mockImplementation(() => undefined));
afterAll(async () => {
  printed.mockRestore();
  await rm(folder, { recursive: true });
});

async function saved(name: string, change: (result: ExperimentResult) => void = () => undefined) {
  const result = structuredClone(honest);
  change(result);
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(result));
  return path;
}

/** Says that NF4 answered the one question of Mini ARC right, which its log-likelihoods do not. */
function forge({ runs, comparisons }: ExperimentResult): void {
  const [arc] = runs[1]!.tasks;
  Object.assign(arc!.items[0]!, { pred: 0, acc: 1 });
  arc!.metrics = { acc: { value: 1, stderr: 0 } };
  Object.assign(comparisons[0]!.means[0]!, { verdict: 'NF4 beats everything', p: 0 });
}

test('a forged choice, accuracy and verdict do not reach a report, which says that the digest does not fit', async () => {
  const out = join(folder, 'report.md');
  expect(await reportCommand([await saved('forged.json', forge), '--out', out])).toBe(0);
  const report = await readFile(out, 'utf8');
  await reportCommand([await saved('honest.json'), '--out', out]);
  const other = await readFile(out, 'utf8');
  expect(other).not.toContain(NOTE);
  expect(report).not.toContain('NF4 beats everything');
  expect(report).toContain(NOTE);
  expect(report.split('\n').filter((line) => line !== '' && !line.includes(NOTE))).toEqual(
    other.split('\n').filter((line) => line !== ''),
  );
});

test('compare looks at the answers, and says which file does not fit its digest', async () => {
  const [a, b] = [await saved('a.json'), await saved('b.json', forge)];
  expect(await compareCommand([a, b])).toBe(0);
  const [[text]] = printed.mock.calls as [[string]];
  expect(text).toContain(`${b}: ${NOTE}`);
  expect(text).not.toContain(`${a}:`);
  expect(text).toContain('Reproduced bit for bit: all 6 answers are the same.');
});

test('a copied digest does not make other answers the same', async () => {
  const changed = await saved('changed.json', ({ runs }) => {
    const [item] = runs[1]!.tasks[0]!.items;
    if (item?.output_type === 'multiple_choice') item.lls[0]! -= 3;
  });
  expect(await compareCommand([await saved('a.json'), changed])).toBe(1);
  expect(printed.mock.calls[0]![0]).toContain('a log-likelihood differs by 3.0000 nats');
});

test.each<[string, (result: ExperimentResult) => void]>([
  [
    'answers item 4 of mini_arc twice',
    ({ runs }) => runs[1]!.tasks[0]!.items.push(runs[1]!.tasks[0]!.items[0]!),
  ],
  ['version is 2; allowed: 1', (result) => Object.assign(result, { version: 2 })],
])('a file is refused by its name: %s', async (message, change) => {
  const path = await saved('refused.json', change);
  await expect(readResult(path)).rejects.toThrow(message);
  await expect(readResult(path)).rejects.toThrow(path);
});
