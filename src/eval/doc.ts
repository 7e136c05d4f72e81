/** A question with its choices. The model is asked for the log-probability of " " + choice after `context`. */
export interface MultipleChoiceDoc {
  output_type: 'multiple_choice';
  question: string;
  context: string;
  choices: string[];
  /** Index into `choices`. */
  gold: number;
}

/** A question to answer in the model's own words, scored against `refs`. */
export interface GenerateDoc {
  output_type: 'generate_until';
  /** What the question is about; of a conversation the story alone. */
  passage: string;
  question: string;
  context: string;
  refs: string[];
  until: string[];
  max_gen_toks: number;
}

/** A text to read from end to end; `words` and `bytes` may count an original that `text` was made from. */
export interface RollingDoc {
  output_type: 'loglikelihood_rolling';
  text: string;
  words: number;
  bytes: number;
}

/** One thing to ask a model, in the form its output type needs; where it came from no longer matters. */
export type Doc = MultipleChoiceDoc | GenerateDoc | RollingDoc;

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
    case 'multiple_choice':
      return { passage: '', question: doc.question, choices: doc.choices, gold: [doc.choices[doc.gold]!] };
    case 'generate_until':
      return { passage: doc.passage, question: doc.question, choices: [], gold: doc.refs };
    case 'loglikelihood_rolling':
      return { passage: doc.text, question: '', choices: [], gold: [] };
  }
}
