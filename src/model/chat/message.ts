/** One turn of a conversation, as chat templates take them. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** A conversation as the text a model is given: all its turns, and the mark that the assistant's answer begins. */
export type RenderChat = (messages: readonly ChatMessage[]) => string;
