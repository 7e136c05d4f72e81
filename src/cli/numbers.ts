import { LabError } from '../errors.ts';

/** An option that is a number above 0. @throws bad-arguments */
export function numberOption(name: string, text: string, most: number): number {
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  throw new LabError('bad-arguments', `--${name} is ${text}; allowed: a number above 0, up to ${most}.`);
}

/** An option that is a whole number. @throws bad-arguments */
export function wholeOption(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new LabError(
    'bad-arguments',
    `--${name} is ${text}; allowed: a whole number from ${least} to ${most}.`,
  );
}
