import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { LimbeckError, messageOf, throwIfAborted } from '../core/errors.ts';
import { count, given, type OptionsOf, schema } from '../core/schema.ts';
import { isTagged, tagOf } from '../core/tags.ts';
import type { Dataset, LabelledDataset } from './dataset.ts';
import { fromTable, TABLE } from './table.ts';

/** Unpacks the pages of a column, by the name of its codec: 'ZSTD', 'GZIP', 'BROTLI', 'LZ4_RAW'. */
export type ParquetCompressors = Readonly<
  Record<string, ((packed: Uint8Array, unpackedLength: number) => Uint8Array) | undefined>
>;

const OPTIONS = schema('fromParquet', {
  ...TABLE.fields,
  /** The first row that is read, from 0. Default 0. */
  firstRow: count(0)(0),
  /** Rows that are read at most; they are held in memory. Default: all. */
  mostRows: count()(),
  /**
   * What unpacks columns that are packed otherwise than by Snappy, by the name of the codec, such as the package hyparquet-compressors
   * exports. Default: none, so that Zstandard, Brotli and others are refused.
   */
  compressors: given<ParquetCompressors>(),
  /** Cancels the reading. */
  signal: given<AbortSignal>(),
});

/** Which rows are read, and what of them is an example. */
export interface ParquetOptions extends OptionsOf<typeof OPTIONS> {}

/** A row group is decoded whole, so the rows of a few are read at a time. */
const ROWS_AT_ONCE = 65_536;

/**
 * A dataset from a Parquet file; only the columns that are wanted are read, and only their part of the file.
 * Shapes    N rows → input [N, columns]
 * Units     as given; dates and times are milliseconds since 1970, true and false 1 and 0
 * Throws    file-invalid: no Parquet, or packed in a way that cannot be read · invalid-option: a column that is not there · not-finite: a cell that is
 *           no number · class-mismatch: a label that is no class · AbortError
 *
 * @example
 * const file = await (await fetch('/flights.parquet')).blob();
 * const data = await fromParquet(file, { columns: ['delay', 'distance'], mostRows: 10_000 });
 */
export async function fromParquet(
  file: Blob | ArrayBuffer | Uint8Array,
  options: ParquetOptions & { readonly label: string },
): Promise<LabelledDataset>;
export async function fromParquet(file: Blob | ArrayBuffer | Uint8Array, options?: ParquetOptions): Promise<Dataset>;
export async function fromParquet(
  file: Blob | ArrayBuffer | Uint8Array,
  options: ParquetOptions = {},
): Promise<Dataset> {
  const { firstRow, mostRows, compressors, signal, ...table } = OPTIONS.read(options);
  const { parquetMetadataAsync, parquetRead } = await import('hyparquet');
  const source = sourceOf(file);
  const metadata = await reading(() => parquetMetadataAsync(source));
  const columns = columnsOf(metadata);
  const wanted = [...new Set([...(table.columns ?? columns), ...(table.label === undefined ? [] : [table.label])])];
  const known = wanted.filter((name) => columns.includes(name));
  const end = Math.min(Number(metadata.num_rows), firstRow + (mostRows ?? Number(metadata.num_rows)));
  const rows: unknown[][] = [];
  for (let from = firstRow; from < end && known.length > 0; from += ROWS_AT_ONCE) {
    throwIfAborted(signal);
    const rowEnd = Math.min(end, from + ROWS_AT_ONCE);
    const read = {
      file: source,
      metadata,
      columns: known,
      rowStart: from,
      rowEnd,
      ...(compressors && { compressors }),
    };
    await reading(() =>
      parquetRead({ ...read, onComplete: (some: unknown[][]) => some.forEach((row) => void rows.push(row)) }),
    );
  }
  const cell = (row: number, column: number) => {
    const value = rows[row]?.[known.indexOf(columns[column] as string)];
    return tagOf(value) === 'Date' ? Number(value) : value;
  };
  return fromTable({ columns, rowCount: rows.length, cell }, table);
}

/** The columns of the top level; one that holds lists or groups has no number to give. */
function columnsOf({ schema: elements }: FileMetaData): string[] {
  const names: string[] = [];
  for (let at = 1; at < elements.length; at += sizeOfElement(elements, at)) names.push(elements[at]?.name as string);
  return names;
}

function sizeOfElement(elements: FileMetaData['schema'], at: number): number {
  let size = 1;
  for (let child = 0; child < (elements[at]?.num_children ?? 0) && at + size < elements.length; child++) {
    size += sizeOfElement(elements, at + size);
  }
  return size;
}

function sourceOf(file: Blob | ArrayBuffer | Uint8Array): AsyncBuffer {
  const blob = isTagged(file, 'Blob') ? file : new Blob([file as Uint8Array<ArrayBuffer>]);
  return { byteLength: blob.size, slice: (start, end) => blob.slice(start, end).arrayBuffer() };
}

/** Throws    file-invalid: what the library cannot read */
async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new LimbeckError(
      'file-invalid',
      `The file cannot be read as Parquet (${messageOf(error)}). It must be whole; write it with Snappy or without compression, or give "compressors".`,
      { cause: error },
    );
  }
}
