import { count, digits3, percent } from '../../study/view/format.ts';
import type { CheckRow } from '../../gpu/check.ts';

/** The outcome in one sentence. */
export function summary(rows: readonly CheckRow[], adapter: string): string {
  const failed = rows.filter(({ pass }) => !pass);
  if (failed.length === 0) return `All ${count(rows.length, 'check')} passed on ${adapter}.`;
  const kernels = [...new Set(failed.map(({ kernel }) => kernel))].join(', ');
  return `${count(failed.length, 'check')} of ${rows.length} failed on ${adapter}: ${kernels}.`;
}

/** The whole check as text to send: what ran where, and every row; a mismatch in full. */
export function reportText(rows: readonly CheckRow[], adapter: string, userAgent: string): string {
  const width = Math.max(...rows.map(({ kernel, case: name }) => kernel.length + name.length + 1));
  const lines = rows.map(({ kernel, case: name, max_error, bound, worst_ratio, pass, mismatch, note }) => {
    const line = `${pass ? 'pass' : 'FAIL'}  ${`${kernel} ${name}`.padEnd(width)}  kernel error ${digits3(max_error)}  bound ${digits3(bound)}  of its bound ${percent(worst_ratio)}`;
    const more = mismatch ?? note;
    return more ? `${line}\n${more}` : line;
  });
  return [summary(rows, adapter), userAgent, '', ...lines, ''].join('\n');
}
