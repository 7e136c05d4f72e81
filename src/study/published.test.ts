import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wilson } from '../eval/stats/stats.ts';
import { TASKS } from '../eval/tasks/tasks.ts';
import { PUBLISHED_STUDIES } from './published.ts';
import { canonicalJson, parseConfigs, parseSpec } from './spec.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.json'));
const read = async (name: string) => parseSpec(JSON.parse(await readFile(join(EXAMPLES, name), 'utf8')));

describe('examples', () => {
  it.each(names)('%s is a spec, and says all that it leaves open', async (name) => {
    const spec = await read(name);
    expect(spec.title).not.toBe('');
    // A default that changes must not change a published question.
    expect(canonicalJson(JSON.parse(await readFile(join(EXAMPLES, name), 'utf8')))).toBe(canonicalJson(spec));
  });

  it('are each named by a study, or one of the README', () => {
    const named = PUBLISHED_STUDIES.flatMap(({ specs }) => [...specs.full, ...specs.small]);
    expect(
      [...named, 'nf4-vs-fp4.json', 'arc-smollm2.json', 'every-format.json', 'peers-tiny.json'].sort(),
    ).toEqual([...names].sort());
    for (const { specs } of PUBLISHED_STUDIES) expect(specs.small.length).toBeGreaterThan(0);
  });

  it('ablate one thing at a time', async () => {
    for (const name of names.filter((each) => each.includes('ablation'))) {
      const { configs } = await read(name);
      expect(configs).toHaveLength(6);
      const [baseline, nf4, ...turned] = configs;
      expect([baseline!.quant_type, nf4!.quant_type]).toEqual(['none', 'nf4']);
      for (const config of turned) {
        const differing = Object.entries(config).filter(
          ([key, value]) => value !== (nf4 as unknown as Record<string, unknown>)[key],
        );
        expect(differing).toHaveLength(1);
      }
    }
  });
});

describe('published figures', () => {
  it('are of configurations and metrics there are', () => {
    for (const { figures } of PUBLISHED_STUDIES) {
      for (const { config, task, quantity } of figures) {
        if (config) expect(parseConfigs([config])).toEqual([config]);
        if (quantity !== 'memory') expect(TASKS[task!].metrics).toContain(quantity);
      }
    }
  });

  it('have the intervals their notes speak of', () => {
    const intervals = PUBLISHED_STUDIES.flatMap(({ figures, differences }) =>
      figures
        .filter(({ n }) => n !== undefined)
        .map(({ value, n }) => ({
          ci: wilson(Math.round((value / 100) * n!), n!),
          notes: differences.join(' '),
        })),
    );
    expect(intervals).toHaveLength(4);
    for (const { ci, notes } of intervals) {
      for (const end of ci) expect(notes).toContain((100 * end).toFixed(1));
    }
  });
});
