import { describe, type Doc } from '../../eval/doc.ts';
import type { ItemResult } from '../../eval/item.ts';
import { METRICS, itemValue, type MetricName } from '../../eval/stats/metric.ts';
import { hashText } from '../digest.ts';
import { continuationsOf, promptOf } from './sample.ts';

/** Tokens that the harness generates at most where a task says nothing. */
const MAX_GEN_TOKS = 256;

/**
 * An answer as a line of lm-evaluation-harness 0.4.13's samples files. `doc` is the question as a person reads it, not
 * the data set's own row, so `doc_hash` is that of these words. Undefined for a kind of answer it does not know.
 */
export function sampleLine(doc: Doc, item: ItemResult, metrics: readonly MetricName[]): string | undefined {
  const resps = responsesOf(item);
  const asked = argumentsOf(doc);
  if (!resps || !asked) return undefined;
  const shown = describe(doc);
  const target = targetOf(doc);
  const values = valuesOf(item, metrics);
  return JSON.stringify({
    doc_id: item.doc_id,
    doc: shown,
    target,
    arguments: Object.fromEntries(
      asked.map((args, i) => [`gen_args_${i}`, Object.fromEntries(args.map((arg, j) => [`arg_${j}`, arg]))]),
    ),
    resps: resps.map((resp) => [resp]),
    filtered_resps: resps,
    filter: 'none',
    metrics: Object.keys(values),
    doc_hash: hashText(JSON.stringify(shown, null, 2)),
    prompt_hash: hashText(promptOf(doc)),
    target_hash: hashText(target),
    ...values,
  });
}

/** What the model was called with, a list a request. */
function argumentsOf(doc: Doc): unknown[][] | undefined {
  switch (doc.output_type) {
    case 'multiple_choice':
      return continuationsOf(doc).map((continuation) => [doc.context, continuation]);
    case 'generate_until': {
      const { until, max_gen_toks } = doc;
      return [[doc.context, { until, ...(max_gen_toks === MAX_GEN_TOKS ? {} : { max_gen_toks }) }]];
    }
    case 'loglikelihood_rolling':
      return [[doc.text]];
    case 'classify':
      return undefined;
  }
}

/** What the model answered, numbers as text. */
function responsesOf(item: ItemResult): unknown[] | undefined {
  switch (item.output_type) {
    case 'multiple_choice':
      return item.lls.map((ll, i) => [pythonFloat(ll), item.is_greedy[i] ? 'True' : 'False']);
    case 'generate_until':
      return [item.text];
    case 'loglikelihood_rolling':
      return [pythonFloat(item.loglikelihood)];
    case 'classify':
      return undefined;
  }
}

/** The right answer as Python prints it. */
function targetOf(doc: Doc): string {
  switch (doc.output_type) {
    case 'generate_until':
      return `[${doc.refs.map(pythonText).join(', ')}]`;
    case 'loglikelihood_rolling':
      return doc.text;
    default:
      return String(doc.gold);
  }
}

/** The item's own scores; of a perplexity the log-likelihood and its weight. */
function valuesOf(item: ItemResult, metrics: readonly MetricName[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name of metrics) {
    const metric = METRICS[name];
    if (metric.kind === 'mean') values[name] = itemValue(item, name);
    // The harness counts no tokens.
    else if (
      metric.kind === 'weighted' &&
      item.output_type === 'loglikelihood_rolling' &&
      metric.weight !== 'tokens'
    ) {
      values[name] = [item.loglikelihood, item[metric.weight]];
    }
  }
  return values;
}

const pythonFloat = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** Python's repr of a text: `pythonText("the boys' hats")` is `"the boys' hats"` in double quotes, others in single. */
function pythonText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };
  const inside = [...text].map((character) => {
    if (character === quote) return `\\${quote}`;
    if (named[character] !== undefined) return named[character];
    if (character === ' ' || !/[\p{C}\p{Z}]/u.test(character)) return character;
    const code = character.codePointAt(0)!.toString(16);
    if (code.length <= 2) return `\\x${code.padStart(2, '0')}`;
    return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
  });
  return quote + inside.join('') + quote;
}
