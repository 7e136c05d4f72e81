import { LabError } from '../../errors.ts';
import type { FileSet } from '../../tensor/source.ts';
import { readJson, readOptionalJson } from '../read_json.ts';
import { isObject } from '../tokenizer/fields.ts';
import type { TokenizerFiles } from '../tokenizer/settings.ts';
import { specialTokensMap } from '../tokenizer/special_tokens_map.ts';
import { compileTemplate, isRefusal } from './jinja.ts';
import type { ChatMessage } from './message.ts';

/** A model's chat template. */
export interface ChatTemplate {
  /** The file it is from, and its text. */
  file: string;
  source: string;
  /** What it hears when it asks for the time. */
  time: Date;
  /** The text of a conversation, and what had to be done for it. */
  render(messages: readonly ChatMessage[]): RenderedChat;
}

/** A conversation as text. */
export interface RenderedChat {
  text: string;
  /** The template refuses a system turn; as the harness does, it was left out. */
  system_left_out: boolean;
  /** The template asked for the time, so that the text is another one on another day. */
  dated: boolean;
}

const FILE = 'chat_template.jinja';
const CONFIG = 'tokenizer_config.json';

const isFurther = (name: string): boolean => /^additional_chat_templates\/[^/]+\.jinja$/.test(name);

/**
 * The template that apply_chat_template of transformers 5.24 takes: chat_template.jinja before tokenizer_config.json, of
 * several the default one. Conversations are rendered as lm-evaluation-harness 0.4.13 does (models/huggingface.py):
 * without the system turn where the template refuses it. `time`: what the template hears when it asks for it.
 * @throws missing-file, bad-config, bad-tokenizer where there is no template or it cannot be read; rendering throws the
 * latter for a conversation that the template refuses, or where it computes what is not computed here
 */
export async function openChatTemplate(files: FileSet, time: Date): Promise<ChatTemplate> {
  const json: TokenizerFiles = {
    tokenizer: await readJson(files, 'tokenizer.json'),
    tokenizer_config: await readOptionalJson(files, CONFIG),
    special_tokens_map: await readOptionalJson(files, 'special_tokens_map.json'),
    added_tokens: await readOptionalJson(files, 'added_tokens.json'),
    config: await readJson(files, 'config.json'),
  };
  const { file, source } = await findTemplate(files, json.tokenizer_config);
  const special_tokens = specialTokensMap(json);
  const compiled = await compileTemplate(source).catch((error: unknown) => unreadable(file, error));
  return {
    file,
    source,
    time,
    render(messages) {
      let dated = false;
      const now = () => {
        dated = true;
        return time;
      };
      const variables = { special_tokens, now };
      const without = messages.filter(({ role }) => role !== 'system');
      try {
        return { text: compiled(messages, variables), system_left_out: false, dated };
      } catch (error) {
        if (!isRefusal(error) || without.length === messages.length) return unreadable(file, error);
      }
      try {
        return { text: compiled(without, variables), system_left_out: true, dated };
      } catch (error) {
        return unreadable(file, error);
      }
    },
  };
}

function unreadable(file: string, error: unknown): never {
  if (isRefusal(error)) {
    throw new LabError(
      'bad-tokenizer',
      `The chat template of ${file} refuses the conversation: ${error.refused.replace(/\.$/, '')}.`,
    );
  }
  const message = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  throw new LabError('bad-tokenizer', `The chat template of ${file} cannot be used: ${message}.`, {
    cause: error,
  });
}

async function findTemplate(files: FileSet, config: unknown): Promise<{ file: string; source: string }> {
  if (files.names.includes(FILE)) {
    const source = await files.open(FILE);
    return { file: FILE, source: new TextDecoder().decode(await source.slice(0, source.byteLength)) };
  }
  const further = files.names.find(isFurther);
  if (further !== undefined) {
    throw new LabError('bad-tokenizer', `${further} is a chat template beside no ${FILE}, the default one.`);
  }
  const given = isObject(config) ? config.chat_template : undefined;
  if (typeof given === 'string') return { file: CONFIG, source: given };
  const named = namedTemplates(given);
  const source = named?.get('default');
  if (source !== undefined) return { file: CONFIG, source };
  const found = named ? `only ones for ${[...named.keys()].join(', ')}, no default` : 'none';
  throw new LabError(
    'bad-tokenizer',
    `The model has no chat template: ${FILE} is missing and ${CONFIG} has ${found}.`,
  );
}

/** Templates as a list of {name, template}, or an object of them; undefined for anything else. */
function namedTemplates(given: unknown): Map<string, string> | undefined {
  const pairs = Array.isArray(given)
    ? given.map((one: unknown) => (isObject(one) ? [one.name, one.template] : []))
    : isObject(given)
      ? Object.entries(given)
      : undefined;
  return (
    pairs &&
    new Map(pairs.filter((pair): pair is [string, string] => pair.every((x) => typeof x === 'string')))
  );
}
