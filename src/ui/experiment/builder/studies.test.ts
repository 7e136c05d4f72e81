import { expect, test } from 'vitest';
import { PUBLISHED_STUDIES } from '../../../study/published.ts';
import { defaultSpec } from '../draft.ts';
import { readExample, studyOf } from './studies.ts';

test('every spec of a study is there and leads back to it, on fewer items too', async () => {
  for (const study of PUBLISHED_STUDIES) {
    for (const name of [...study.specs.full, ...study.specs.small]) {
      const spec = await readExample(name);
      const fewer = { ...spec, tasks: spec.tasks.map((task) => ({ ...task, limit: 3 })) };
      expect((await studyOf(fewer))?.title, name).toBe(study.title);
    }
  }
});

test('any other spec leads to none', async () => {
  expect(
    await studyOf({ ...defaultSpec(), configs: [{ quant_type: 'none', compute_dtype: 'float16' }] }),
  ).toBeUndefined();
});
