import { distinctNames } from '../view/config_names.ts';
import type { ExperimentResult } from '../result.ts';

/**
 * Every item of every configuration as CSV (RFC 4180), one row each, lists of numbers as JSON. Answers that do not fit the digest they came with
 * say so in a last column `digest_fits`, which other results do not have. Text cells that a spreadsheet would take for a
 * formula get an apostrophe in front (OWASP, CSV injection).
 */
export function itemsCsv({ runs, digest_fits }: ExperimentResult): string {
  const rows: Cell[][] = [];
  const names = distinctNames(runs.map(({ config }) => config));
  for (const [at, { tasks }] of runs.entries()) {
    for (const { task, items } of tasks) {
      for (const item of items) {
        const common: Cell[] = [names[at]!, task, item.doc_id, item.output_type];
        switch (item.output_type) {
          case 'multiple_choice':
            rows.push([
              ...common,
              JSON.stringify(item.lls),
              item.pred,
              item.gold,
              item.acc,
              item.acc_norm,
              '',
              '',
              '',
              '',
            ]);
            break;
          case 'generate_until':
            rows.push([...common, '', item.pred, '', '', '', item.em, item.f1, '', '']);
            break;
          case 'loglikelihood_rolling':
            rows.push([...common, '', '', '', '', '', '', '', item.loglikelihood, item.tokens]);
            break;
          case 'classify':
            rows.push([...common, '', item.pred, item.gold, item.acc, '', '', '', '', '']);
            break;
        }
      }
    }
  }
  const fits = (text: string) => (digest_fits === false ? [text] : []);
  return [[...HEADER, ...fits('digest_fits')], ...rows.map((row) => [...row, ...fits('false')])]
    .map((row) => `${row.map(cell).join(',')}\r\n`)
    .join('');
}

type Cell = string | number;

const HEADER = [
  ...['configuration', 'task', 'doc_id', 'output_type', 'lls', 'pred', 'gold', 'acc', 'acc_norm'],
  ...['em', 'f1', 'loglikelihood', 'tokens'],
];

function cell(value: Cell): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r\n\0]/.test(value) && !isNumber(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One number is no formula; of two with a sign between a spreadsheet shows the sum. */
const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text);
