import { LabError } from '../errors.ts';
import type { KeepTrace, KeptStates, LanguageModel, Loglikelihood, Trace } from '../model/language_model.ts';
import { collectDivergence } from './stats/divergence.ts';
import type { ClassifyDoc, Doc, GenerateDoc, MultipleChoiceDoc, RollingDoc } from './doc.ts';
import type {
  ClassifyItem,
  Divergence,
  GenerateItem,
  ItemResult,
  MultipleChoiceItem,
  RollingItem,
} from './item.ts';
import { firstLine } from './answer.ts';
import { argmax, choose } from './choose.ts';
import { countBytes, countCharacters } from './read/python_text.ts';
import { exactMatch, leaveOneOut, tokenF1 } from './squad.ts';

/**
 * Asks the model one doc and scores the answer, item for item as lm-evaluation-harness 0.4.13. A text read from end to
 * end leaves its states for later models, or is compared with the states a baseline left.
 * Throws LabError 'non-finite-score' if a log-likelihood or logit is NaN or infinite, 'unsupported-architecture' if
 * the doc needs a classifier and the model is none.
 */
export async function score(
  doc: Doc,
  doc_id: number,
  model: LanguageModel,
  baseline?: KeepTrace | KeptStates,
): Promise<ItemResult> {
  return labeled(await answer(doc, doc_id, model, baseline), doc);
}

/** A doc to ask, and who follows it where it is a text. */
export interface Asked {
  doc: Doc;
  doc_id: number;
  baseline?: KeepTrace | KeptStates | undefined;
}

/** The answer to one of several docs. */
export interface Scored {
  /** The doc's place among them. */
  at: number;
  item: ItemResult;
  /** Tokens that went through the model for it, where the model says so. */
  tokens?: number;
}

/**
 * The same for many docs of one output type: several in a pass where the model takes so many, those of a pass together,
 * in no order. An item is the same as by itself.
 */
export async function* scoreAll(asked: readonly Asked[], model: LanguageModel): AsyncGenerator<Scored[]> {
  const [first] = asked;
  if (first?.doc.output_type === 'multiple_choice' && model.loglikelihoods) {
    const docs = asked.map(({ doc }) => doc as MultipleChoiceDoc);
    for await (const pass of model.loglikelihoods(docs.map(choicesRequest))) {
      yield pass.map(({ at, answer, tokens }) => {
        const item = choicesItem(docs[at]!, asked[at]!.doc_id, answer);
        return { at, item: labeled(item, docs[at]!), tokens };
      });
    }
    return;
  }
  if (first?.doc.output_type === 'loglikelihood_rolling' && model.loglikelihoodsRolling) {
    const docs = asked.map(({ doc }) => doc as RollingDoc);
    const followed = asked.map(({ baseline }) => follow(baseline));
    const requests = docs.map(({ text }, i) => ({ text, trace: followed[i]!.trace }));
    for await (const pass of model.loglikelihoodsRolling(requests)) {
      yield pass.map(({ at, answer, tokens }) => {
        const item = rollingItem(docs[at]!, asked[at]!.doc_id, answer, followed[at]!);
        return { at, item: labeled(item, docs[at]!), tokens };
      });
    }
    return;
  }
  for (const [at, { doc, doc_id, baseline }] of asked.entries()) {
    yield [{ at, item: await score(doc, doc_id, model, baseline) }];
  }
}

function labeled(item: ItemResult, { group, cluster }: Doc): ItemResult {
  if (group !== undefined) item.group = group;
  if (cluster !== undefined) item.cluster = cluster;
  return item;
}

async function answer(
  doc: Doc,
  doc_id: number,
  model: LanguageModel,
  baseline: KeepTrace | KeptStates | undefined,
): Promise<ItemResult> {
  switch (doc.output_type) {
    case 'multiple_choice': {
      const { context, continuations } = choicesRequest(doc);
      return choicesItem(doc, doc_id, await model.loglikelihood(context, continuations));
    }
    case 'generate_until':
      return scoreAnswer(doc, doc_id, model);
    case 'loglikelihood_rolling': {
      const followed = follow(baseline);
      return rollingItem(doc, doc_id, await model.loglikelihoodRolling(doc.text, followed.trace), followed);
    }
    case 'classify':
      return scoreClass(doc, doc_id, model);
  }
}

const choicesRequest = ({ context, choices, target_delimiter = ' ' }: MultipleChoiceDoc) => ({
  context,
  continuations: choices.map((choice) => target_delimiter + choice),
});

function choicesItem(
  { choices, gold }: MultipleChoiceDoc,
  doc_id: number,
  answers: readonly Loglikelihood[],
): MultipleChoiceItem {
  const lls = answers.map(({ logprob }) => finite(logprob, doc_id));
  // The lengths are the choice's own, without a space that joins it to the prompt.
  const pred_norm = argmax(lls.map((ll, i) => ll / countCharacters(choices[i]!)));
  const pred_bytes = argmax(lls.map((ll, i) => ll / countBytes(choices[i]!)));
  return {
    doc_id,
    output_type: 'multiple_choice',
    lls,
    is_greedy: answers.map(({ is_greedy }) => is_greedy),
    tokens: answers.map(({ tokens }) => tokens),
    ...choose(lls, gold),
    pred_norm,
    pred_bytes,
    gold,
    acc_norm: Number(pred_norm === gold),
    acc_bytes: Number(pred_bytes === gold),
  };
}

async function scoreAnswer(doc: GenerateDoc, doc_id: number, model: LanguageModel): Promise<GenerateItem> {
  const { until, max_gen_toks, refs } = doc;
  const { text, tokens } = await model.generateUntil(doc.context, { until, max_gen_toks });
  const pred = firstLine(text);
  return {
    doc_id,
    output_type: 'generate_until',
    text,
    pred,
    em: leaveOneOut(exactMatch, refs, pred),
    f1: leaveOneOut(tokenF1, refs, pred),
    tokens,
  };
}

/** A text on its way through the model, with what a comparison has gathered of it. */
interface Followed {
  trace: Trace | undefined;
  divergence?: Divergence;
}

function follow(baseline: KeepTrace | KeptStates | undefined): Followed {
  if (baseline?.kind !== 'compare') return { trace: baseline };
  const { add, divergence } = collectDivergence();
  return { trace: { ...baseline, report: add }, divergence };
}

const rollingItem = (
  { words, bytes }: RollingDoc,
  doc_id: number,
  { logprob, tokens }: Loglikelihood,
  { divergence }: Followed,
): RollingItem => ({
  doc_id,
  output_type: 'loglikelihood_rolling',
  loglikelihood: finite(logprob, doc_id),
  ...{ tokens, words, bytes },
  ...(divergence ? { divergence } : {}),
});

async function scoreClass(
  { text, labels, gold, max_length }: ClassifyDoc,
  doc_id: number,
  model: LanguageModel,
): Promise<ClassifyItem> {
  const classes = `${labels.length} classes (${labels.join(', ')})`;
  if (!model.classify) {
    throw new LabError(
      'unsupported-architecture',
      `The task asks for one of ${classes}, and this model predicts words; allowed: a classifier, such as GPT2ForSequenceClassification.`,
    );
  }
  const logits = await model.classify(text, { max_length });
  if (logits.length !== labels.length) {
    throw new LabError(
      'unsupported-architecture',
      `The task asks for one of ${classes}, and this model tells ${logits.length} apart; allowed: a model trained for the task.`,
    );
  }
  for (const logit of logits) finite(logit, doc_id, 'logit');
  return { doc_id, output_type: 'classify', logits, ...choose(logits, gold), gold };
}

/** Refuses a number that is not finite: NaN compares false with everything, so the first choice would quietly win. */
function finite(value: number, doc_id: number, what = 'log-likelihood'): number {
  if (Number.isFinite(value)) return value;
  throw new LabError('non-finite-score', `doc_id ${doc_id}: the ${what} is ${value}; allowed: finite`);
}
