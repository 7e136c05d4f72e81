import { adapterName } from '../../gpu/adapter.ts';
import type { BenchPoint, BenchRow } from '../../gpu/bench/row.ts';
import { digits3, percent } from '../view/format.ts';
import type { BenchReport } from './bench_report.ts';
import { formatText, shapeText } from './bench_table.ts';

/** Rows that two reports have in common, and what changed from the first to the second. */
export interface BenchComparison {
  rows: ComparedRow[];
  /** Rows that only one of them has. */
  only: [a: number, b: number];
  same_adapter: boolean;
  sentence: string;
}

export interface ComparedRow {
  point: BenchPoint;
  a_ms: number;
  b_ms: number;
  /** a_ms over b_ms: above 1 the second is faster. */
  faster: number;
  a_share: number;
  b_share: number;
}

const keyOf = ({ model, layer, quant_type, variant, M, N, K }: BenchRow): string =>
  [model, layer, quant_type, variant, M, N, K].join(' ');

/** Holds two reports against each other, row by row. */
export function compareBench(a: BenchReport, b: BenchReport): BenchComparison {
  const others = new Map(b.rows.map((row) => [keyOf(row), row]));
  const rows = a.rows.flatMap((row): ComparedRow[] => {
    const other = others.get(keyOf(row));
    if (!other) return [];
    const { model, layer, quant_type, variant, M, N, K } = row;
    return [
      {
        point: { model, layer, quant_type, variant, M, N, K },
        a_ms: row.median_ms,
        b_ms: other.median_ms,
        faster: row.median_ms / other.median_ms,
        a_share: row.ceiling_share,
        b_share: other.ceiling_share,
      },
    ];
  });
  const names = [a, b].map(({ adapter }) => adapterName(adapter));
  const same_adapter = names[0] === names[1];
  const logs = rows.map(({ faster }) => Math.log(faster));
  const middle = Math.exp(logs.reduce((sum, log) => sum + log, 0) / Math.max(1, logs.length));
  const where = same_adapter ? `both on ${names[0]}` : `the first on ${names[0]}, the second on ${names[1]}`;
  return {
    rows,
    only: [a.rows.length - rows.length, b.rows.length - rows.length],
    same_adapter,
    sentence:
      rows.length === 0
        ? `They have no row in common; ${where}.`
        : `${rows.length} rows in common, ${where}: the second takes ${digits3(1 / middle)} times as long (geometric mean). They were not measured side by side: on a machine with other work the shares of the ceiling say more.`,
  };
}

/** The comparison as lines. */
export const comparisonText = ({ rows, only, sentence }: BenchComparison): string =>
  [
    ...rows.map(
      ({ point, a_ms, b_ms, faster, a_share, b_share }) =>
        `${point.model} ${shapeText(point)}, ${formatText(point)}: ${digits3(a_ms)} → ${digits3(b_ms)} ms (${digits3(faster)}×), of the ceiling ${percent(a_share)} → ${percent(b_share)}`,
    ),
    ...(only.some((count) => count > 0)
      ? [`${only[0]} rows are in the first alone, ${only[1]} in the second.`]
      : []),
    sentence,
  ].join('\n');
