/** A lesson: a few cards, each with something to do. */
export interface Lesson {
  title: string;
  summary: string;
  cards: Card[];
}

/** A card: text to read, the hash the page goes to when it is shown, and the conditions for the next card. */
export interface Card {
  paragraphs: StyledText[][];
  /** A hash of the page. */
  open?: string;
  /** The id of the element the card is about: the page scrolls there. */
  look?: string;
  done?: Condition[];
}

/** A stretch of text in one style. */
export interface StyledText {
  text: string;
  style: 'plain' | 'strong' | 'em';
}

/** A condition on the address: the value of a key, or only that it is given; or that a run has ended. */
export interface Condition {
  key: string;
  test: '=' | '>=' | '<=' | 'given';
  value: string;
}

/**
 * A lesson out of its Markdown: "# Title", a summary, then cards between lines of "---". A card's last lines may be
 * "open: #/explore?block=64", "look: block-strip" and "done: block=4096, plant=1". Of inline Markdown it knows
 * **strong** and *emphasis*.
 */
export function parseLesson(markdown: string): Lesson {
  const [head = '', ...cards] = markdown.replaceAll('\r\n', '\n').split(/\n---\n/);
  const [title = '', ...summary] = head.trim().split('\n');
  return {
    title: title.replace(/^#\s*/, ''),
    summary: summary.join(' ').trim(),
    cards: cards.map(parseCard),
  };
}

function parseCard(text: string): Card {
  const lines = text.trim().split('\n');
  const find = (key: string) =>
    lines
      .find((line) => line.startsWith(`${key}: `))
      ?.slice(key.length + 2)
      .trim();
  const body = lines.filter((line) => !/^(open|look|done): /.test(line)).join('\n');
  const [open, look, done] = [find('open'), find('look'), find('done')];
  return {
    paragraphs: body
      .trim()
      .split(/\n{2,}/)
      .map((paragraph) => styledTexts(paragraph.replaceAll('\n', ' '))),
    ...(open ? { open } : {}),
    ...(look ? { look } : {}),
    ...(done ? { done: done.split(',').map((part) => parseCondition(part.trim())) } : {}),
  };
}

function styledTexts(text: string): StyledText[] {
  return text
    .split(/(\*\*[^*]+\*\*|\*[^*]+\*)/)
    .filter((part) => part !== '')
    .map((part): StyledText => {
      if (part.startsWith('**')) return { text: part.slice(2, -2), style: 'strong' };
      if (part.startsWith('*')) return { text: part.slice(1, -1), style: 'em' };
      return { text: part, style: 'plain' };
    });
}

function parseCondition(text: string): Condition {
  const match = /^([\w-]+)(>=|<=|=)(.+)$/.exec(text);
  if (!match) return { key: text, test: 'given', value: '' };
  return { key: match[1]!, test: match[2] as Condition['test'], value: match[3]! };
}
