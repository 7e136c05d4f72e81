/** The part and the story a doc belongs to, where its data set has them. */
interface Belonging {
  /** The part of the data set it is of, which is reported for itself too: MMLU's subject, CoQA's domain. */
  group?: string;
  /** The story it is about, shared with other docs: their scores stray together, and standard errors go by it. */
  cluster?: string;
}

/** A question with its choices. The model is asked for the log-probability of each after `context`. */
export interface MultipleChoiceDoc extends Belonging {
  output_type: 'multiple_choice';
  question: string;
  context: string;
  choices: string[];
  /** Stands before a choice: a space, unless it is said here. */
  target_delimiter?: string;
  /** The choices in words, where the model is asked for their letters. */
  shown?: string[];
  /** Index into `choices`. */
  gold: number;
}

/** A question to answer in the model's own words, scored against `refs`. */
export interface GenerateDoc extends Belonging {
  output_type: 'generate_until';
  /** The text the question is about; of a conversation the story alone. */
  passage: string;
  question: string;
  context: string;
  refs: string[];
  until: string[];
  max_gen_toks: number;
}

/** A text to read from end to end; `words` and `bytes` may count an original that `text` was made from. */
export interface RollingDoc extends Belonging {
  output_type: 'loglikelihood_rolling';
  text: string;
  words: number;
  bytes: number;
}

/** A text to put into one of a few classes, by a model with a classifier in place of its vocabulary. */
export interface ClassifyDoc extends Belonging {
  output_type: 'classify';
  text: string;
  /** The classes, in the order of the logits. */
  labels: readonly string[];
  /** Index into `labels`. */
  gold: number;
  /** Tokens of the text that are read; the rest is cut off at its end. */
  max_length: number;
}

/** A question or text to ask a model, in the form its output type needs, free of the format it was read from. */
export type Doc = MultipleChoiceDoc | GenerateDoc | RollingDoc | ClassifyDoc;

/** A doc as a person reads it. `gold` is the right choice, or every accepted answer; empty where there is none. */
export interface DocText {
  passage: string;
  question: string;
  choices: readonly string[];
  gold: readonly string[];
}

/** The words of a doc without its prompt: of an ARC doc the question, its four choices and `gold: ['plants']`. */
export function describe(doc: Doc): DocText {
  switch (doc.output_type) {
    case 'multiple_choice': {
      const choices = doc.shown ?? doc.choices;
      return { passage: '', question: doc.question, choices, gold: [choices[doc.gold]!] };
    }
    case 'generate_until':
      return { passage: doc.passage, question: doc.question, choices: [], gold: doc.refs };
    case 'loglikelihood_rolling':
      return { passage: doc.text, question: '', choices: [], gold: [] };
    case 'classify':
      return { passage: doc.text, question: '', choices: doc.labels, gold: [doc.labels[doc.gold]!] };
  }
}

/**
 * The whole prompt of a doc as one text: two docs of equal `prompt` are the same question. Of a multiple-choice
 * doc the context and its continuations, parted by U+001F; of a text the text.
 */
export function prompt(doc: Doc): string {
  switch (doc.output_type) {
    case 'multiple_choice':
      return [
        doc.context,
        ...doc.choices,
        ...(doc.target_delimiter === undefined ? [] : [doc.target_delimiter]),
      ].join('\x1f');
    case 'generate_until':
      return [doc.context, ...doc.until, doc.max_gen_toks].join('\x1f');
    case 'loglikelihood_rolling':
      return doc.text;
    case 'classify':
      return [doc.text, doc.max_length].join('\x1f');
  }
}
