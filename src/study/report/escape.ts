import { withoutControls } from './markdown.ts';

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as HTML, in an attribute as well as between tags; line ends stay where asked. */
export const escape = (text: string, lines = false): string =>
  withoutControls(text, lines).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
