import { LabError } from '../../errors.ts';
import type { ByteSource } from '../../tensor/source.ts';
import { badData, type DataFile, type DataRecord } from './records.ts';

/** The end of the file that is read at once: its directory stands there, and most data sets are no larger. */
const TAIL_BYTES = 512 * 1024;

/** What the reader unpacks by itself; code for Zstandard, gzip, Brotli and LZ4 is loaded where a file needs it. */
const BUILT_IN: ReadonlySet<string> = new Set(['UNCOMPRESSED', 'SNAPPY']);

/**
 * The rows of a parquet file as records of `columns`, in order; only the bytes of these columns are read. A column the
 * file does not have is missing from its records, and whole numbers are numbers. Its reader is loaded when first
 * used. Throws LabError 'bad-data' for a file that is damaged or packed in a way that no writer of today uses.
 */
export async function readParquet(file: DataFile, columns: readonly string[]): Promise<DataRecord[]> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const buffer = asyncBuffer(file.source);
  try {
    const metadata = await parquetMetadataAsync(buffer, { initialFetchSize: TAIL_BYTES });
    const present = new Set(
      metadata.row_groups[0]?.columns.map((column) => column.meta_data?.path_in_schema[0]),
    );
    const wanted = metadata.row_groups.flatMap((group) =>
      group.columns.flatMap(({ meta_data }) =>
        meta_data && columns.includes(meta_data.path_in_schema[0]!) ? [meta_data.codec] : [],
      ),
    );
    const unpacked = wanted.every((codec) => BUILT_IN.has(codec));
    const { compressors } = unpacked ? { compressors: undefined } : await import('hyparquet-compressors');
    const rows = await parquetReadObjects({
      file: buffer,
      metadata,
      ...(compressors ? { compressors } : {}),
      columns: columns.filter((column) => present.has(column)),
    });
    if (rows.length === 0) badData(file.path, 'the number of records', 0, '1 or more');
    return rows.map((row, i) => ({
      where: `${file.path}, row ${i}`,
      value: plain(row) as Record<string, unknown>,
    }));
  } catch (error) {
    if (error instanceof LabError) throw error;
    const found = error instanceof Error ? error.message : String(error);
    throw new LabError('bad-data', `${file.path}: ${found}; allowed: a whole parquet file`, {
      cause: error,
    });
  }
}

/** A source in the form hyparquet reads files; bytes of the tail are not fetched twice. */
function asyncBuffer(source: ByteSource) {
  const { byteLength } = source;
  const tailBegin = Math.max(0, byteLength - TAIL_BYTES);
  let tail: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return {
    byteLength,
    async slice(begin: number, end = byteLength): Promise<ArrayBuffer> {
      if (begin < tailBegin) return (await source.slice(begin, end)).buffer;
      const bytes = await (tail ??= source.slice(tailBegin, byteLength));
      return bytes.slice(begin - tailBegin, end - tailBegin).buffer;
    },
  };
}

/** The value as JSON would have it: 64-bit integers as numbers, in lists and structures too. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
