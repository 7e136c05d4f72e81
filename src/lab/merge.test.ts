import { describe, expect, it } from 'vitest';
import { partsOf } from '../../test/fixtures/cut_result.ts';
import { savedRun } from '../../test/fixtures/run_events.ts';
import type { OutlierColumns } from '../model/outliers.ts';
import { adapterNames } from '../study/adapters.ts';
import { parseResult } from '../study/parse_result.ts';
import { mergeParts, type Part } from './merge.ts';

const whole = await savedRun();
const { spec } = whole;

/** A result's file, of which a test changes what it likes. */
interface AnyJson {
  runs: object[];
  environment: { model: object; adapter: object };
}

/** A part as its file would be read after a change. */
function changed(part: Part, change: (result: AnyJson) => void): Part {
  const json = JSON.parse(JSON.stringify(part.run.result)) as AnyJson;
  change(json);
  return { name: part.name, run: parseResult(json, part.name) };
}

describe('the parts of a run', () => {
  it('merge into the result that one machine gives, whatever the cut', () => {
    for (const of of [1, 3, 8]) {
      const { result, missing } = mergeParts(spec, partsOf(whole, of).reverse());
      expect(missing).toEqual([]);
      expect(result.state).toBe('done');
      expect(result.digest).toBe(whole.digest);
      expect(result.comparisons).toEqual(mergeParts(spec, partsOf(whole, 1)).result.comparisons);
      expect(result.environment.parts).toHaveLength(of);
      // And it comes back from its file.
      const again = parseResult(JSON.parse(JSON.stringify(result)), 'again').result;
      expect(again.digest_fits).toBeUndefined();
      expect(again.environment.parts).toEqual(result.environment.parts);
    }
  });

  it('that are missing are named, and what is there is no whole result', () => {
    const { result, missing } = mergeParts(
      spec,
      partsOf(whole, 8).filter((_, i) => i !== 2 && i !== 5),
    );
    expect(missing).toEqual([2, 5]);
    expect(result.state).toBe('incomplete');
  });

  it('add their times up, and unite the outlier columns they met', () => {
    const outliers = (columns: number[]): OutlierColumns[] => [{ layer: 0, input: 'mlp', columns }];
    const parts = partsOf(whole, 2, true).map((part, i) =>
      changed(part, ({ runs }) => {
        for (const run of runs as { outliers?: OutlierColumns[] }[]) run.outliers = outliers([7, 3 + i]);
      }),
    );
    const { record } = mergeParts(spec, parts);
    expect(record.configs[1]!.outliers).toEqual(outliers([3, 4, 7]));
    const sum = (index: number) =>
      parts.reduce((all, { run }) => all + run.record.configs[index]!.timings.answer_seconds, 0);
    expect(record.configs[1]!.timings.answer_seconds).toBeCloseTo(sum(1), 6);
  });

  it.each<[string, (parts: Part[]) => Part[], RegExp]>([
    [
      'twice',
      (parts) => [...parts, { ...parts[1]!, name: 'copy.json' }],
      /copy\.json and 1\.json both answer|1\.json and copy\.json both answer/,
    ],
    [
      'of another cut',
      (parts) => [parts[0]!, partsOf(whole, 4)[1]!],
      /cut into 4 shards; 0\.json is of a cut into 3 shards/,
    ],
    [
      'of a whole run',
      () => [{ name: 'all.json', run: parseResult(whole, 'all') }],
      /all\.json is a whole run's result/,
    ],
    [
      'unfinished',
      (parts) =>
        parts.map((part, i) =>
          i === 1 ? changed(part, (json) => Object.assign(json, { state: 'cancelled' })) : part,
        ),
      /1\.json is unfinished \(cancelled\).*shard 1\/3 by --resume/,
    ],
    [
      'damaged',
      (parts) =>
        parts.map((part, i) =>
          i === 2 ? changed(part, (json) => Object.assign(json, { digest: '0' })) : part,
        ),
      /2\.json is damaged.*Run shard 2\/3 again/,
    ],
    [
      'of another commit',
      (parts) =>
        parts.map((part, i) =>
          i === 1
            ? changed(part, ({ environment }) =>
                Object.assign(environment, { app: { version: '0.1.0', commit: 'other' } }),
              )
            : part,
        ),
      /1\.json was computed by version 0\.1\.0, commit other; 0\.json/,
    ],
    [
      'of another model',
      (parts) =>
        parts.map((part, i) =>
          i === 1
            ? changed(part, ({ environment }) => Object.assign(environment.model, { revision: 'abc' }))
            : part,
        ),
      /1\.json was given another model or other task files than 0\.json/,
    ],
    [
      'of other items',
      (parts) =>
        parts.map((part, i) =>
          i === 1
            ? changed(part, ({ environment }) => Object.assign(environment, { items_sha256: 'a'.repeat(64) }))
            : part,
        ),
      /1\.json was given another model or other task files/,
    ],
  ])('%s are refused', (_, change, message) => {
    expect(() => mergeParts(spec, change(partsOf(whole, 3)))).toThrow(message);
  });

  it('of another spec are refused', () => {
    expect(() => mergeParts({ ...spec, seed: spec.seed + 1 }, partsOf(whole, 2))).toThrow(
      /0\.json is a result of another spec/,
    );
  });

  it('of several adapters are merged where they were cut for it and somebody says so', () => {
    const elsewhere = (parts: Part[]) =>
      parts.map((part, i) =>
        i === 1
          ? changed(part, ({ environment }) =>
              Object.assign(environment.adapter, {
                vendor: 'nvidia',
                description: 'Another',
              }),
            )
          : part,
      );
    expect(() => mergeParts(spec, elsewhere(partsOf(whole, 2)), { mixed: true })).toThrow(
      /keep no item's configurations together/,
    );
    expect(() => mergeParts(spec, elsewhere(partsOf(whole, 2, true)))).toThrow(/several with --mixed/);
    const { result } = mergeParts(spec, elsewhere(partsOf(whole, 2, true)), { mixed: true });
    expect(result.digest).toBe(whole.digest);
    expect(adapterNames(result.environment)).toContain('Another (1 part)');
  });
});
