import { describe, expect, it } from 'vitest';
import golden from '../../../test/golden/harness/chat.json';
import { compileTemplate } from './jinja.ts';
import type { ChatMessage } from './message.ts';
import { strftime } from './strftime.ts';

const time = new Date(golden.time);
const conversation = golden.conversation as ChatMessage[];

const render = async (template: string): Promise<string> =>
  (await compileTemplate(template))(conversation, {
    special_tokens: { bos_token: '<s>' },
    now: () => time,
  });

describe('a template is rendered as transformers renders it, or not at all', () => {
  const computed = golden.snippets.filter(({ text }) => text !== undefined);
  const refused = golden.snippets.filter(({ text }) => text === undefined);
  let rendered = 0;

  it.each(computed)('$template', async ({ template, text }) => {
    const ours = await render(template).catch((error: unknown) => error);
    if (ours instanceof Error) return;
    expect(ours).toBe(text);
    rendered++;
  });

  it('most are', () => {
    expect(rendered).toBeGreaterThan(0.75 * computed.length);
  });

  it.each(refused)('refuses $template', async ({ template }) => {
    await expect(render(template)).rejects.toBeDefined();
  });
});

it('the time is written as Python writes it, or refused', () => {
  expect(strftime(time, '%d %b %Y')).toBe('03 Feb 2026');
  expect(strftime(new Date(2026, 0, 5, 0, 4), '%-d.%-m., %I:%M %p')).toBe('5.1., 12:04 AM');
  expect(() => strftime(time, '%q')).toThrow('strftime_now has %q, which is not computed here');
});

it('counts as far as the sandbox of transformers does', async () => {
  expect(await render('{{ range(100000) | length }}')).toBe('100000');
  await expect(render('{{ range(10 ** 9) | length }}')).rejects.toBeDefined();
  await expect(render('{{ range(1000000000) | length }}')).rejects.toThrow(
    'it counts to 1000000000; allowed: 100000',
  );
});
