import { adapterName } from '../../gpu/adapter.ts';
import type { BenchRow } from '../../gpu/bench/row.ts';
import type { BenchReport } from '../../study/bench/bench_report.ts';
import { ceilingText, formatText, shapeText } from '../../study/bench/bench_table.ts';
import { digits3, listed, percent } from '../../study/view/format.ts';

/** A line of the card: what, and how much. */
export interface CardLine {
  name: string;
  value: string;
}

/** NF4's best and worst row by its share of the ceiling. */
function extremes(rows: readonly BenchRow[]): [best: BenchRow, worst: BenchRow] | undefined {
  const sorted = rows
    .filter(({ quant_type }) => quant_type === 'nf4')
    .sort((a, b) => b.ceiling_share - a.ceiling_share);
  return sorted.length === 0 ? undefined : [sorted[0]!, sorted.at(-1)!];
}

/** The bench in a few lines: speed, share of the ceiling, agreement with the CPU. */
export function cardLines({ rows, ceiling, model }: BenchReport): CardLine[] {
  const found = extremes(rows);
  // LLM.int8() rounds its input on purpose.
  const exact = rows.filter(({ quant_type }) => quant_type !== 'llm_int8');
  const nf4 = model?.configs.find(({ config }) => config.startsWith('NF4'));
  return [
    { name: 'reads', value: `${digits3(ceiling.read_gbps)} GB/s at most` },
    { name: 'multiplies and adds', value: `${digits3(ceiling.fma_gflops)} GFLOP/s at most` },
    ...(found
      ? [
          { name: 'NF4 at its best', value: shareLine(found[0]) },
          { name: 'NF4 at its worst', value: shareLine(found[1]) },
        ]
      : []),
    ...(model && nf4
      ? [
          {
            name: `${model.name} in NF4`,
            value: `${digits3(nf4.decode_tokens_per_second)} tokens/s decoding, ${digits3(nf4.prefill_tokens_per_second)} reading`,
          },
        ]
      : []),
    ...(exact.length > 0
      ? [
          {
            name: 'agreement with the CPU',
            value: `within ${Math.max(...exact.map(({ max_error }) => max_error)).toExponential(1)} of float64 in ${exact.length} products`,
          },
        ]
      : []),
  ];
}

const shareLine = (row: BenchRow): string =>
  `${percent(row.ceiling_share)} of the ceiling (${shapeText(row)})`;

/** The card as text to send. */
export const cardText = (report: BenchReport): string =>
  [
    `Nibble on ${adapterName(report.adapter)}`,
    report.runtime,
    ...cardLines(report).map(({ name, value }) => `${name}: ${value}`),
    `Nibble ${report.app.version} (${report.app.commit.slice(0, 12)})`,
    '',
  ].join('\n');

/** What the picture shows, in one sentence. */
export function sharesSentence({ rows, ceiling }: BenchReport): string {
  const found = extremes(rows);
  if (!found) return ceilingText(ceiling);
  const [best, worst] = found;
  return `${ceilingText(ceiling)} NF4 comes to between ${percent(worst.ceiling_share)} and ${percent(best.ceiling_share)} of that.`;
}

/** What could not be measured, in one sentence. */
export const gapsSentence = ({ gaps }: BenchReport): string =>
  `Not measured: ${listed(
    gaps.map((gap) => `${gap.model} ${shapeText(gap)}, ${formatText(gap)} (${gap.why})`),
    4,
  )}.`;
