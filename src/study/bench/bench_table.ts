import type { BenchGap, BenchPoint, BenchRow } from '../../gpu/bench/row.ts';
import { bytes, digits3, percent } from '../view/format.ts';
import { headShare, mostGain, type BenchReport, type ModelBench, type TokenParts } from './bench_report.ts';

/** "NF4, blocks of 64" as people read it. */
export const formatText = ({ quant_type, variant }: Pick<BenchPoint, 'quant_type' | 'variant'>): string =>
  quant_type === 'none' ? variant : `${quant_type}, ${variant}`;

/** "down 576 × 1,536, 8 tokens" */
export const shapeText = ({ layer, M, N, K }: BenchPoint): string =>
  `${layer} ${N} × ${K}, ${M === 1 ? '1 token' : `${M} tokens`}`;

/** The columns of a row, each as text. */
export const COLUMNS = [
  { head: 'model', of: (row: BenchRow) => row.model },
  { head: 'layer', of: (row: BenchRow) => shapeText(row) },
  { head: 'weights', of: (row: BenchRow) => formatText(row) },
  { head: 'kernel', of: (row: BenchRow) => row.kernel },
  {
    head: 'ms',
    of: (row: BenchRow) => `${digits3(row.median_ms)} ± ${digits3(row.iqr_ms / 2)}`,
    number: true,
  },
  {
    head: 'predicted ms',
    of: (row: BenchRow) => (row.predicted_ms === undefined ? '' : digits3(row.predicted_ms)),
    number: true,
  },
  { head: 'GB/s', of: (row: BenchRow) => digits3(row.gbps), number: true },
  { head: 'GFLOP/s', of: (row: BenchRow) => digits3(row.gflops), number: true },
  { head: 'of the ceiling', of: (row: BenchRow) => percent(row.ceiling_share), number: true },
  { head: 'error', of: (row: BenchRow) => row.max_error.toExponential(1), number: true },
  {
    head: 'other engine',
    of: (row: BenchRow) => (row.peer ? row.peer.name.replace(/^onnxruntime-web \S+ /, '') : ''),
  },
  {
    head: 'its ms',
    of: (row: BenchRow) => (row.peer ? digits3(row.peer.median_ms) : ''),
    number: true,
  },
  {
    head: 'ours is',
    of: (row: BenchRow) => (row.speedup === null ? '' : `${digits3(row.speedup)}×`),
    number: true,
  },
] as const satisfies readonly { head: string; of: (row: BenchRow) => string; number?: true }[];

/** One row as a line, for a terminal that follows along. */
export function rowLine(row: BenchRow | BenchGap): string {
  if ('why' in row) return `${row.model} ${shapeText(row)}, ${formatText(row)}: ${row.why}`;
  const against = row.peer ? `, ${digits3(row.speedup!)}× as fast as ${row.peer.name}` : '';
  return `${row.model} ${shapeText(row)}, ${formatText(row)}: ${digits3(row.median_ms)} ms, ${percent(row.ceiling_share)} of the ceiling${against}`;
}

/** A bench as Markdown: the adapter's ceilings, a table of rows, what is missing, the model. */
export function benchTable(report: BenchReport, adapter: string): string {
  const { ceiling, rows, gaps, model, runtime } = report;
  // Columns that say something: without another engine three of them are empty.
  const columns = COLUMNS.filter(({ of }) => rows.some((row) => of(row) !== ''));
  const body = rows.map((row) => columns.map(({ of }) => of(row)));
  return [
    `${adapter} (${runtime})`,
    ceilingText(ceiling),
    '',
    ...(rows.length > 0 ? [markdown([columns.map(({ head }) => head), ...body]), ''] : []),
    ...gaps.map((gap) => `- ${rowLine(gap)}`),
    ...(model ? modelLines(model) : []),
  ].join('\n');
}

/** The ceilings in a sentence. */
export const ceilingText = ({ read_gbps, copy_gbps, fma_gflops }: BenchReport['ceiling']): string =>
  `At most it reads ${digits3(read_gbps)} GB/s, copies ${digits3(copy_gbps)} GB/s, and multiplies and adds ${digits3(fma_gflops)} GFLOP/s.`;

/** The parts of a token by name. */
export const TOKEN_PARTS = [
  { key: 'weights_ms', name: 'weights of the blocks' },
  { key: 'head_ms', name: 'head' },
  { key: 'attention_ms', name: 'attention' },
  { key: 'norms_ms', name: 'norms' },
  { key: 'others_ms', name: 'other kernels' },
  { key: 'gaps_ms', name: 'gaps between kernels' },
  { key: 'recording_ms', name: 'recording' },
  { key: 'read_back_ms', name: 'submitting and reading back' },
  { key: 'tokenizer_ms', name: 'tokenizer' },
] as const satisfies readonly { key: keyof TokenParts; name: string }[];

/** What NF4 can gain at most, in a sentence. */
export const gainText = ({ bytes: read }: Pick<ModelBench, 'bytes'>): string =>
  `A token reads ${bytes(read.weights_16 + read.head)} in 16 bits and ${bytes(read.weights_nf4 + read.head)} in NF4, of which the head, which stays in 16 bits, is ${percent(headShare(read))}: NF4 can be ${digits3(mostGain(read))} times as fast at most.`;

function modelLines(model: ModelBench): string[] {
  const head = ['configuration', 'decoding, tokens/s', 'prefill, tokens/s', 'items/min', 'load, s', 'peak'];
  const rows = model.configs.map((one) => [
    one.config,
    digits3(one.decode_tokens_per_second),
    digits3(one.prefill_tokens_per_second),
    digits3(one.items_per_minute),
    digits3(one.load_seconds),
    bytes(one.peak_bytes),
  ]);
  const parts = [
    ['ms of a decoded token', ...model.configs.map(({ config }) => config)],
    ['in all', ...model.configs.map(({ token }) => digits3(token.total_ms))],
    ...TOKEN_PARTS.map(({ key, name }) => [name, ...model.configs.map(({ token }) => digits3(token[key]))]),
  ];
  return [`${model.name}:`, '', markdown([head, ...rows]), '', markdown(parts), '', gainText(model)];
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head!), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join(
    '\n',
  );
}
