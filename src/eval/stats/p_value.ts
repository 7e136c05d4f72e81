/** A p-value as a report has it: p = 0.219, p < 0.001. */
export const pValue = (p: number): string => (p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`);
