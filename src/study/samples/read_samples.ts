import { firstLine } from '../../eval/answer.ts';
import { argmax, choose } from '../../eval/choose.ts';
import type { GenerateItem, MultipleChoiceItem, RollingItem } from '../../eval/item.ts';
import { asRecord, badData, listField, parseJson, type DataRecord } from '../../eval/read/records.ts';
import { countBytes, countCharacters } from '../../eval/read/python_text.ts';
import { hashText } from '../digest.ts';
import type { Sample } from './sample.ts';

/**
 * The samples of a file that lm-evaluation-harness 0.4.13 writes under --log_samples, one JSON object a line. Tokens are
 * not in it and read as none. `where` names the file in messages.
 * @throws bad-data for what is no such file, contradicts itself, or answers a doc twice, as several filters do.
 */
export function readSamples(text: string, where: string): Sample[] {
  const seen = new Set<number>();
  const samples = text.split('\n').flatMap((line, index): Sample[] => {
    if (line.trim() === '') return [];
    const at = `${where}, line ${index + 1}`;
    const sample = readSample(asRecord(parseJson(line, at), at, 'the line'));
    const { doc_id } = sample.item;
    if (seen.has(doc_id)) badData(at, 'doc_id', doc_id, 'each once, by one filter');
    seen.add(doc_id);
    return [sample];
  });
  if (samples.length === 0) badData(where, 'the number of samples', 0, '1 or more');
  return samples;
}

function readSample(record: DataRecord): Sample {
  const { where, value } = record;
  const { doc_id, prompt_hash } = value;
  if (typeof doc_id !== 'number' || !Number.isSafeInteger(doc_id) || doc_id < 0) {
    badData(where, 'doc_id', doc_id, '0, 1, 2, …');
  }
  const requests = Object.values(asRecord(value['arguments'], where, 'arguments').value).map(
    (request, i) => asRecord(request, where, `arguments.gen_args_${i}`).value,
  );
  if (requests.length === 0) badData(where, 'arguments', requests, 'one request or more');
  const { arg_0: prompt, arg_1: asked } = requests[0]!;
  if (typeof prompt !== 'string') badData(where, 'arguments.gen_args_0.arg_0', prompt, 'a text');
  if (prompt_hash !== hashText(prompt)) {
    badData(where, 'prompt_hash', prompt_hash, 'the SHA-256 of arguments.gen_args_0.arg_0');
  }
  if (typeof asked !== 'string') {
    const item = asked === undefined ? readRolling(record, doc_id) : readGenerated(record, doc_id);
    return { prompt_hash, continuations: [], item };
  }
  const continuations = requests.map(({ arg_0, arg_1 }, i) => {
    if (arg_0 !== prompt) badData(where, `arguments.gen_args_${i}.arg_0`, arg_0, 'the same for all choices');
    if (typeof arg_1 !== 'string') badData(where, `arguments.gen_args_${i}.arg_1`, arg_1, 'a text');
    return arg_1;
  });
  return { prompt_hash, continuations, item: readChoices(record, doc_id, continuations) };
}

function readChoices(
  record: DataRecord,
  doc_id: number,
  continuations: readonly string[],
): MultipleChoiceItem {
  const { where, value } = record;
  const answers = listField(record, 'filtered_resps');
  if (continuations.length < 2) badData(where, 'arguments', continuations, 'two choices or more');
  if (answers.length !== continuations.length) {
    badData(where, 'filtered_resps', answers, `a list of ${continuations.length}, one for each choice`);
  }
  const pairs = answers.map((answer, i) => {
    if (!Array.isArray(answer)) badData(where, `filtered_resps[${i}]`, answer, 'a list of two');
    return answer as unknown[];
  });
  const lls = pairs.map(([ll], i) => numberOf(ll, where, `filtered_resps[${i}][0]`));
  // The space that joins a choice on is none of its letters.
  const choices = continuations.map((text) => text.replace(/^ /, ''));
  const gold = goldOf(value['target'], choices, where);
  const pred_norm = argmax(lls.map((ll, i) => ll / countCharacters(choices[i]!)));
  const pred_bytes = argmax(lls.map((ll, i) => ll / countBytes(choices[i]!)));
  const item: MultipleChoiceItem = {
    ...{ doc_id, output_type: 'multiple_choice', lls, gold },
    is_greedy: pairs.map(([, greedy]) => greedy === 'True'),
    tokens: [],
    ...choose(lls, gold),
    ...{ pred_norm, pred_bytes },
    acc_norm: Number(pred_norm === gold),
    acc_bytes: Number(pred_bytes === gold),
  };
  if (value['acc'] !== undefined && value['acc'] !== item.acc) {
    badData(where, 'acc', value['acc'], `${item.acc}, by its own log-likelihoods`);
  }
  // Where a choice begins with a space of its own, only the file knows its length.
  for (const metric of ['acc_norm', 'acc_bytes'] as const) {
    const said = value[metric];
    if (said === 0 || said === 1) item[metric] = said;
    else if (said !== undefined) badData(where, metric, said, '0 or 1');
  }
  return item;
}

function readGenerated(record: DataRecord, doc_id: number): GenerateItem {
  const { where, value } = record;
  const [text] = listField(record, 'filtered_resps');
  if (typeof text !== 'string') badData(where, 'filtered_resps[0]', text, 'a text');
  const [em, f1] = (['em', 'f1'] as const).map((metric) => {
    const score = value[metric];
    if (typeof score !== 'number' || !(score >= 0 && score <= 1)) badData(where, metric, score, '0 to 1');
    return score;
  });
  return { doc_id, output_type: 'generate_until', text, pred: firstLine(text), em: em!, f1: f1!, tokens: 0 };
}

function readRolling(record: DataRecord, doc_id: number): RollingItem {
  const { where } = record;
  const [ll] = listField(record, 'filtered_resps');
  const loglikelihood = numberOf(ll, where, 'filtered_resps[0]');
  // A perplexity of one text is kept as its log-likelihood and its weight.
  const [words, bytes] = (['word_perplexity', 'byte_perplexity'] as const).map((metric) => {
    const weight = listField(record, metric)[1];
    if (typeof weight !== 'number' || !(weight > 0)) badData(where, `${metric}[1]`, weight, 'above 0');
    return weight;
  });
  return {
    ...{ doc_id, output_type: 'loglikelihood_rolling', loglikelihood },
    ...{ tokens: 0, words: words!, bytes: bytes! },
  };
}

/** A number, which the harness writes as text. */
function numberOf(found: unknown, where: string, field: string): number {
  const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : NaN;
  return Number.isFinite(number) ? number : badData(where, field, found, 'a finite number, as text');
}

/** The place of the right choice, from its number or its words. */
function goldOf(target: unknown, choices: readonly string[], where: string): number {
  const text = String(target);
  const gold = /^\d+$/.test(text) ? Number(text) : choices.indexOf(text);
  if (gold >= 0 && gold < choices.length) return gold;
  return badData(where, 'target', target, `0 to ${choices.length - 1}, or one of the choices`);
}
