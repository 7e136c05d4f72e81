import { LabError } from '../errors.ts';
import type { ChatTemplate } from '../model/chat/chat_template.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';

/**
 * Does work that a stranger's file decides how long it takes, as a search by a pattern of tokenizer.json. Nothing within
 * the thread could stop it: whoever offers this ends the work, or the whole thread, at the deadline.
 * @param what whose work it is, as a sentence begins: "The tokenizer"
 * @throws bad-tokenizer at the deadline
 */
export type Within = <T>(what: string, work: () => T) => T;

/** Seconds that one text may take: the longest of any task here takes well below one. */
export const MOST_SECONDS = 20;

/** The end of a text that took too long. */
export const tooLong = (what: string): LabError =>
  new LabError(
    'bad-tokenizer',
    `${what} did not come to the end of a text within ${MOST_SECONDS} seconds, and was stopped.`,
  );

/** A tokenizer whose every text has a deadline; ids become text again token by token, which never takes long. */
export const tokenizerWithin = (within: Within, tokenizer: Tokenizer): Tokenizer => ({
  ...tokenizer,
  encode: (...asked) => within('The tokenizer', () => tokenizer.encode(...asked)),
});

/** A chat template whose every conversation has a deadline. */
export const chatWithin = (within: Within, chat: ChatTemplate): ChatTemplate => ({
  ...chat,
  render: (messages) => within('The chat template', () => chat.render(messages)),
});
