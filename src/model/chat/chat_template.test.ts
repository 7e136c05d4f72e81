import { describe, expect, it } from 'vitest';
import { goldenFolder } from '../../../test/fixtures/golden_files.ts';
import { openChatTemplate } from './chat_template.ts';
import type { ChatMessage } from './message.ts';

const FILES = ['config.json', 'tokenizer.json'];
const time = new Date(2026, 1, 3);
const ASKED: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Why?' },
];
const PLAIN = '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{{ eos_token }}';

/** tiny-llama with these files; tokenizer_config.json names the specials that its tokenizer.json has. */
const open = (chat_template: unknown, extra: Record<string, unknown> = {}) =>
  openChatTemplate(
    goldenFolder('harness/models/tiny-llama', FILES, {
      'tokenizer_config.json': { bos_token: '<s>', eos_token: '</s>', chat_template },
      ...extra,
    }),
    time,
  );

describe('the chat template of a model', () => {
  it.each<[string, unknown, Record<string, unknown>, string]>([
    ['tokenizer_config.json', PLAIN, {}, 'tokenizer_config.json'],
    [
      'a list of named ones',
      [
        { name: 'rag', template: 'x' },
        { name: 'default', template: PLAIN },
      ],
      {},
      'tokenizer_config.json',
    ],
    ['an object of named ones', { tool_use: 'x', default: PLAIN }, {}, 'tokenizer_config.json'],
    ['chat_template.jinja before it', 'other', { 'chat_template.jinja': PLAIN }, 'chat_template.jinja'],
    [
      'chat_template.jinja before further ones',
      undefined,
      { 'additional_chat_templates/tool_use.jinja': 'x', 'chat_template.jinja': PLAIN },
      'chat_template.jinja',
    ],
  ])('is taken from %s', async (_, template, extra, file) => {
    const chat = await open(template, extra);
    expect(chat.file).toBe(file);
    expect(chat.render(ASKED)).toEqual({
      text: 'system: Be brief.\nuser: Why?\n</s>',
      system_left_out: false,
      dated: false,
    });
  });

  it.each<[string, unknown, Record<string, unknown>, string]>([
    [
      'none',
      undefined,
      {},
      'The model has no chat template: chat_template.jinja is missing and tokenizer_config.json has none.',
    ],
    [
      'no default',
      [{ name: 'rag', template: 'x' }],
      {},
      'tokenizer_config.json has only ones for rag, no default.',
    ],
    [
      'only a further one',
      PLAIN,
      { 'additional_chat_templates/rag.jinja': 'x' },
      'additional_chat_templates/rag.jinja is a chat template beside no chat_template.jinja, the default one.',
    ],
    [
      'one that cannot be parsed',
      '{% if %}',
      {},
      'The chat template of tokenizer_config.json cannot be used: ',
    ],
  ])('is refused: %s', async (_, template, extra, message) => {
    await expect(open(template, extra)).rejects.toMatchObject({
      code: 'bad-tokenizer',
      message: expect.stringContaining(message) as string,
    });
  });

  it('loses the system’s turn where it refuses that, and says so', async () => {
    const chat = await open(
      `{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}${PLAIN}`,
    );
    expect(chat.render(ASKED)).toMatchObject({ text: 'user: Why?\n</s>', system_left_out: true });
    expect(chat.render(ASKED.slice(1))).toMatchObject({ text: 'user: Why?\n</s>', system_left_out: false });
  });

  it('says that it puts in the date', async () => {
    const chat = await open('{{ strftime_now("%Y-%m-%d") }}');
    expect(chat.render(ASKED)).toMatchObject({ text: '2026-02-03', dated: true });
  });

  it.each([
    [
      'refuses every conversation',
      '{{ raise_exception("Never.") }}',
      'The chat template of tokenizer_config.json refuses the conversation: Never.',
    ],
    [
      'uses a variable there is none of',
      '{{ nothing.at_all }}',
      'refuses the conversation: a value that it uses is undefined.',
    ],
    [
      'does what is not computed',
      '{{ messages }}',
      'cannot be used: it prints a value of kind array, which is not computed here.',
    ],
  ])('is refused in one sentence where it %s', async (_, template, message) => {
    const chat = await open(template);
    let thrown: unknown;
    try {
      chat.render(ASKED);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'bad-tokenizer',
      message: expect.stringContaining(message) as string,
    });
  });
});
