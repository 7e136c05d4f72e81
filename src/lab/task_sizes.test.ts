import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import example from '../../examples/nf4-vs-fp4.json';
import type { Doc } from '../eval/doc.ts';
import { ALL_TASKS, TASKS } from '../eval/tasks/tasks.ts';
import { memorySource } from '../tensor/source.ts';
import type { DataPlace } from './datasets.ts';
import { planItems } from './plan.ts';
import { parseSpec } from '../study/spec.ts';

const page: DataPlace = {
  source: 'folder',
  where: 'public/tasks',
  open: (path) => Promise.resolve(memorySource(path, readFileSync(`public/tasks/${path}`))),
};

function charactersOf(doc: Doc): number {
  if (doc.output_type === 'multiple_choice') return doc.context.length + doc.choices.join('').length;
  return doc.output_type === 'generate_until' ? doc.context.length : doc.text.length;
}

test.each(ALL_TASKS.filter((task) => TASKS[task].bundled))(
  'the size of %s is that of its file',
  async (task) => {
    const { items } = await planItems(parseSpec({ ...example, tasks: [{ task }] }), [page]);
    const mean = (value: (doc: Doc) => number) =>
      items.reduce((sum, { doc }) => sum + value(doc), 0) / items.length;
    const known = TASKS[task].size!;
    expect(known.items).toBe(items.length);
    expect(known.characters).toBeCloseTo(mean(charactersOf), -0.5);
    const generated = (doc: Doc) =>
      doc.output_type === 'generate_until' ? Math.max(...doc.refs.map(({ length }) => length)) : 0;
    expect(known.generated).toBeCloseTo(mean(generated), -0.5);
    const choices = (doc: Doc) => (doc.output_type === 'multiple_choice' ? doc.choices.length : 1);
    expect(known.choices).toBe(Math.round(mean(choices)));
  },
);
