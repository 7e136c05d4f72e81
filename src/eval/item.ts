/** The fields every item takes over from its doc. */
interface ItemOfDoc {
  /** The doc's index in its file's split. */
  doc_id: number;
  /** The doc's own `group` and `cluster`, where it has them. */
  group?: string;
  cluster?: string;
}

/** A multiple-choice doc answered: one entry of `lls`, `is_greedy` and `tokens` per choice, in the choices' order. */
export interface MultipleChoiceItem extends ItemOfDoc {
  output_type: 'multiple_choice';
  /** Log-probability of a space and the choice after the context, after a chat template of the choice alone; natural log. */
  lls: number[];
  is_greedy: boolean[];
  tokens: number[];
  /** The most likely choice: of `lls`, of `lls` per code point and of `lls` per UTF-8 byte; the first wins ties. */
  pred: number;
  pred_norm: number;
  pred_bytes: number;
  gold: number;
  /** 1 where that choice is `gold`, else 0. */
  acc: number;
  acc_norm: number;
  acc_bytes: number;
}

/** A question answered in the model's own words: `text` is all it wrote, `pred` the part that is scored. */
export interface GenerateItem extends ItemOfDoc {
  output_type: 'generate_until';
  text: string;
  pred: string;
  /** 0 to 1; between them too, because every reference takes a turn at being left out. */
  em: number;
  f1: number;
  /** Tokens generated, the stopping one included. */
  tokens: number;
}

/** A text read from end to end. `words` and `bytes` are the original's, so they weigh every tokenizer alike. */
export interface RollingItem extends ItemOfDoc {
  output_type: 'loglikelihood_rolling';
  /** Of the whole text, natural log. */
  loglikelihood: number;
  tokens: number;
  words: number;
  bytes: number;
  /** Against the baseline's distributions, where they were kept. */
  divergence?: Divergence;
}

/** The divergence of a text's tokens from the baseline's; four digits a token, in the text's order. */
export interface Divergence {
  /** KL(baseline ‖ model) of each token's distribution, in nats. */
  kl: number[];
  /** Change of the right token's probability, model − baseline. */
  dp: number[];
  /** Tokens where both find the same one most likely. */
  same_top: number;
  /** Σ d and Σ d² of d = log-probability of the right token, model − baseline. */
  gain: [sum: number, squares: number];
}

/** A text put into a class: `pred` has the largest of `logits`, the first of equals. */
export interface ClassifyItem extends ItemOfDoc {
  output_type: 'classify';
  /** One a class, in the classes' order. */
  logits: number[];
  pred: number;
  gold: number;
  /** 1 where `pred` is `gold`, else 0. */
  acc: number;
}

/** The result of asking one doc: plain JSON, with lm-evaluation-harness's names. */
export type ItemResult = MultipleChoiceItem | GenerateItem | RollingItem | ClassifyItem;
