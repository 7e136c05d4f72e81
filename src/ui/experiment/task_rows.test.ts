import { describe, expect, test } from 'vitest';
import tiny from '../../../public/models/nibble-tiny/config.json';
import { ALL_TASKS, TASKS } from '../../eval/tasks/tasks.ts';
import { parseConfig } from '../../model/config.ts';
import { specHash, specOfQuery } from '../../study/permalink.ts';
import { parseSpec } from '../../study/spec.ts';
import { planSentences } from '../words/plan_text.ts';
import { sentenceText } from '../words/sentence.ts';
import { defaultSpec } from './draft.ts';
import { estimateRun } from '../../study/estimate.ts';

const float = { load_seconds: 1, pass_seconds: 1, token_seconds: 1 };
const probe = { shape: parseConfig(tiny), speeds: { float } };

// A task that is a row of the table, and nothing else, is known wherever an experiment is made of it.
describe.each(ALL_TASKS)('%s', (task) => {
  const draft = { ...defaultSpec(), title: 'one task', configs: defaultSpec().configs.slice(0, 1) };
  const spec = parseSpec({ ...draft, tasks: [{ task, limit: 3 }] });

  test('is in the schema and in a link', async () => {
    const query = (await specHash(spec)).replace('#/experiment?', '');
    expect((await specOfQuery(query)).tasks).toEqual([{ task, limit: 3 }]);
  });

  test('is in the sentences about it', () => {
    const { title, item, any_file } = TASKS[task];
    const asked = any_file ? 'a text of your own' : `3 ${item[1]} of ${title}`;
    expect(sentenceText(spec)).toContain(` on ${asked}, with `);
    expect(planSentences(spec).join(' ')).toContain(`The questions of ${title} `);
  });

  test('is in the estimate, unless its text is the user’s own', () => {
    const { time } = estimateRun(spec, [], probe);
    if (TASKS[task].any_file) return expect(time).toBeUndefined();
    expect(time!.by).toBe('probe');
    expect(time!.seconds[0]).toBeGreaterThan(0.5);
  });
});
