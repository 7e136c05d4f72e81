import { LabError } from '../errors.ts';
import type { KeepTrace, KeptStates, LanguageModel } from '../model/language_model.ts';
import { collectDivergence } from './stats/divergence.ts';
import type { ClassifyDoc, Doc, GenerateDoc, MultipleChoiceDoc, RollingDoc } from './doc.ts';
import type { ClassifyItem, GenerateItem, ItemResult, MultipleChoiceItem, RollingItem } from './item.ts';
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
  const item = await answer(doc, doc_id, model, baseline);
  if (doc.group !== undefined) item.group = doc.group;
  if (doc.cluster !== undefined) item.cluster = doc.cluster;
  return item;
}

function answer(
  doc: Doc,
  doc_id: number,
  model: LanguageModel,
  baseline: KeepTrace | KeptStates | undefined,
): Promise<ItemResult> {
  switch (doc.output_type) {
    case 'multiple_choice':
      return scoreChoices(doc, doc_id, model);
    case 'generate_until':
      return scoreAnswer(doc, doc_id, model);
    case 'loglikelihood_rolling':
      return scoreRolling(doc, doc_id, model, baseline);
    case 'classify':
      return scoreClass(doc, doc_id, model);
  }
}

async function scoreChoices(
  { context, choices, gold, target_delimiter = ' ' }: MultipleChoiceDoc,
  doc_id: number,
  model: LanguageModel,
): Promise<MultipleChoiceItem> {
  const answers = await model.loglikelihood(
    context,
    choices.map((choice) => target_delimiter + choice),
  );
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

async function scoreRolling(
  doc: RollingDoc,
  doc_id: number,
  model: LanguageModel,
  baseline: KeepTrace | KeptStates | undefined,
): Promise<RollingItem> {
  const compared = baseline?.kind === 'compare' ? collectDivergence() : undefined;
  const trace = baseline?.kind === 'compare' ? { ...baseline, report: compared!.add } : baseline;
  const { logprob, tokens } = await model.loglikelihoodRolling(doc.text, trace);
  return {
    doc_id,
    output_type: 'loglikelihood_rolling',
    loglikelihood: finite(logprob, doc_id),
    tokens,
    words: doc.words,
    bytes: doc.bytes,
    ...(compared ? { divergence: compared.divergence } : {}),
  };
}

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
