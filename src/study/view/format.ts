import type { DivergenceSummary } from '../../eval/stats/divergence.ts';
import type { MetricValue } from '../../eval/stats/metric.ts';
import { Z95, type Interval } from '../../eval/stats/stats.ts';
import type { Timings } from '../result.ts';

/** Significant digits: a projector shows fewer. */
let digits = 3;

/** Sets whether numbers have fewer digits, for a projector. */
export function setFewerDigits(fewer: boolean): void {
  digits = fewer ? 2 : 3;
}

/** Three significant digits, without an exponent where a person would not write one: 0.0728, 12.3, 4,096. */
export function digits3(x: number): string {
  if (!Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return minus(x.toExponential(2));
  return minus(x.toLocaleString('en', { maximumSignificantDigits: Math.max(digits, wholeDigits(size)) }));
}

const wholeDigits = (size: number): number => (size < 1 ? 0 : Math.floor(Math.log10(size)) + 1);

/** A number with a fixed number of decimals and a true minus sign. `decimals(-0.5, 2)` is −0.50. */
export const decimals = (x: number, places: number): string => minus(x.toFixed(places));

const minus = (text: string): string => text.replace(/^-/, '−');

/** A whole number with commas: 1234567 is 1,234,567. */
export const whole = (x: number): string => Math.round(x).toLocaleString('en');

/** A number with its noun: "1 item", "3 items". */
export const count = (n: number, noun: string, plural = `${noun}s`): string =>
  `${whole(n)} ${n === 1 ? noun : plural}`;

/** Words as a list: "A", "A and B", "A, B and C"; beyond `most` of them "A, B and 3 more". */
export function listed(words: readonly string[], most = Infinity): string {
  const shown =
    words.length > most ? [...words.slice(0, most - 1), `${words.length - most + 1} more`] : words;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** Bytes in units of 1,000: 1448136 is 1.45 MB. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const power = Math.min(4, Math.floor(Math.log10(n) / 3));
  return `${digits3(n / 1000 ** power)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

/** Bytes in MB of 1,000,000 for a column of its own: 0.580, 12.340, 965.100. */
export const megabytes = (n: number): string => decimals(n / 1e6, 3);

/** Bytes in MiB of 2^20 for a column of its own: 0.58, 12.00, 965.10. */
export const mebibytesColumn = (n: number): string => decimals(n / 2 ** 20, 2);

/** Bytes in MiB of 2^20, as get_memory_footprint is read: 0.58, 12.00, 965.1, 11,772. */
export function mebibytes(n: number): string {
  const mib = n / 2 ** 20;
  const places = mib < 100 ? 2 : mib < 10_000 ? 1 : 0;
  return mib.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** Seconds in words: 4 s, 3 min, 2 h 10 min. */
export function duration(seconds: number): string {
  if (seconds < 99.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A range of seconds; one duration where both ends read alike. */
export function durationRange([least, most]: readonly [number, number]): string {
  const [a, b] = [duration(least), duration(most)];
  if (a === b) return a;
  const [low, unit] = splitUnit(a);
  return splitUnit(b)[1] === unit && !a.includes('h') ? `${low} to ${b}` : `${a} to ${b}`;
}

const splitUnit = (text: string): [string, string] => {
  const at = text.indexOf(' ');
  return [text.slice(0, at), text.slice(at + 1)];
};

/** An ISO time in the reader's own time zone: 21 Nov 2026, 13:58. */
export const dateTime = (iso: string): string =>
  new Date(iso).toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });

/** A share in whole per cent, or more finely below one. `percent(0.2381)` is 24 %. */
export const percent = (share: number): string =>
  `${share === 0 || share >= 0.01 ? Math.round(100 * share) : digits3(100 * share)} %`;

/** Tokens a second: 1,234; blank where it is not known. */
export const speedText = ({ tokens_per_second }: Pick<Timings, 'tokens_per_second'>): string =>
  tokens_per_second > 0 ? tokens_per_second.toFixed(0) : '';

/** Bits per weight: 4.503. */
export const bitsText = (bits: number): string => bits.toFixed(3);

/** A metric with its standard error, where it has one: "0.720 ± 0.032", "17.792". */
export const scoreText = ({ value, stderr }: Pick<MetricValue, 'value' | 'stderr'>): string =>
  within(value, stderr, (x) => decimals(x, 3));

/** A number and its standard error, printed alike: "0.02492 ± 0.00183"; the number alone where there is no error. */
export const within = (value: number, stderr: number | null, print: (x: number) => string): string =>
  stderr === null ? print(value) : `${print(value)} ± ${print(stderr)}`;

/** A metric's 95 % interval: Wilson's where it is a share of right answers, else 1.96 standard errors; undefined where there is none. */
export function intervalOf({ value, stderr, ci }: MetricValue): Interval | undefined {
  if (ci) return ci;
  return stderr ? [value - Z95 * stderr, value + Z95 * stderr] : undefined;
}

/** An interval in words: "0.868 to 0.946". */
export const rangeText = (range: Interval, places = 3): string =>
  range.map((end) => decimals(end, places)).join(' to ');

/** A divergence in nats: "0.02492 ± 0.00183". */
export const natsText = (value: number, stderr: number | null = null): string =>
  within(value, stderr, (x) => decimals(x, 5));

/** A share with one decimal of a per cent: 0.888 is "88.8 %". */
export const shareText = (share: number, stderr: number | null = null): string =>
  `${within(100 * share, stderr && 100 * stderr, (x) => decimals(x, 1))} %`;

/** A perplexity ratio with its 95 % interval: "× 1.0270, 95 %: 1.013 to 1.042". */
export const ratioText = ({
  perplexity_ratio,
  perplexity_ratio_ci,
}: Pick<DivergenceSummary, 'perplexity_ratio' | 'perplexity_ratio_ci'>): string =>
  `× ${decimals(perplexity_ratio, 4)}${perplexity_ratio_ci ? `, 95 %: ${rangeText(perplexity_ratio_ci)}` : ''}`;
