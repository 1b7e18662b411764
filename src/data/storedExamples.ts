import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { parseJson } from '../core/parseJson.ts';
import { dtypeOf, makeArray, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import type { Store } from '../storage/store.ts';
import type { Dataset, Examples, InputSpec, LabelledDataset, LabelledExamples } from './dataset.ts';
import { givesFresh } from './fresh.ts';
import { batches } from './views.ts';

/** What describes stored examples; it is written last, so that what was cut short is none. */
interface Head {
  readonly format: 1;
  readonly size: number;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly hasLabels: boolean;
  /** Examples of a page; the last has the rest. */
  readonly perPage: number;
}

/** Whose `getRange` reads the whole value. */
const PAGE_BYTES = { indexeddb: 64 * 1024, other: 4 * 2 ** 20 };
const READ_AT_ONCE = 64;
/** A read costs about as much as so many bytes that nobody asked for, so rows that lie nearer to each other are read together. */
const GAP_BYTES = 512 * 1024;
/** Reads that are under way together, so that a batch of rows from everywhere holds little of what lies between them. */
const READS = 4;
const VALUE_BYTES = { float32: 4, int32: 4, uint8: 1 } as const;

/** How examples are written. */
export interface StoreExamplesOptions {
  /** Hears how many are written. */
  readonly onProgress?: ((written: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes examples to a store, for datasets larger than memory: a run then reads what a step needs and nothing stays in memory. They come from a
 * dataset, or from anything that gives them bit by bit, such as a camera or a file that is read in parts. Examples of the same name are
 * replaced.
 * Shapes    as the source's
 * Throws    shape-mismatch: parts that differ in their inputs · empty-dataset: nothing came · store-full · AbortError
 *
 * @example
 * const data = await storeExamples(await openStore('photos'), 'training', fromImages(files, { width: 64, height: 64 }));
 */
export async function storeExamples(
  store: Store,
  name: string,
  source: LabelledDataset | AsyncIterable<LabelledExamples>,
  options?: StoreExamplesOptions,
): Promise<LabelledDataset>;
export async function storeExamples(
  store: Store,
  name: string,
  source: Dataset | AsyncIterable<Examples>,
  options?: StoreExamplesOptions,
): Promise<Dataset>;
export async function storeExamples(
  store: Store,
  name: string,
  source: Dataset | AsyncIterable<Examples>,
  { onProgress, signal }: StoreExamplesOptions = {},
): Promise<Dataset> {
  await removeExamples(store, name);
  const parts = 'read' in source ? partsOf(source, signal) : source;
  let head: Head | undefined;
  let page = new Uint8Array(0);
  let filled = 0;
  let pages = 0;
  const flush = async () => {
    await store.put(pageKey(name, pages++), page.subarray(0, filled));
    filled = 0;
  };
  for await (const part of parts) {
    throwIfAborted(signal);
    const rows = Object.values(part.inputs)[0]?.shape[0] ?? 0;
    const labels = 'labels' in part ? (part as LabelledExamples).labels : undefined;
    head ??= headOf(part, labels !== undefined, store);
    requireLike(head, part, labels, rows);
    const bytes = exampleBytes(head);
    if (page.length === 0) page = new Uint8Array(bytes * head.perPage);
    for (let row = 0; row < rows; row++) {
      filled = writeRow(page, filled, head, part.inputs, labels, row);
      if (filled === page.length) await flush();
    }
    head = { ...head, size: head.size + rows };
    onProgress?.(head.size);
  }
  if (head === undefined || head.size === 0) {
    throw new LimbeckError('empty-dataset', 'There was no example to store.', { details: { role: 'source' } });
  }
  if (filled > 0) await flush();
  await store.put(headKey(name), new TextEncoder().encode(JSON.stringify(head)));
  return datasetOf(store, name, head);
}

/**
 * Examples that `storeExamples` has written, read as they are needed. Undefined if there are none of that name, or their writing was cut short.
 * The store stays yours, and must stay open.
 */
export async function openExamples(store: Store, name: string): Promise<Dataset | LabelledDataset | undefined> {
  const bytes = await store.get(headKey(name));
  const head = bytes && parseHead(bytes);
  return head && datasetOf(store, name, head);
}

/** Removes stored examples; a name without any is fine. */
export async function removeExamples(store: Store, name: string): Promise<void> {
  // Without its head the rest is none.
  await store.delete(headKey(name));
  for (const key of await store.keys(`examples/${name}/`)) await store.delete(key);
}

const headKey = (name: string) => `examples/${name}/head`;
const pageKey = (name: string, page: number) => `examples/${name}/page-${page}`;
const bytesOf = ({ shape, dtype }: InputSpec) => sizeOf(shape) * VALUE_BYTES[dtype];

function exampleBytes({ inputs, hasLabels }: Head): number {
  return Object.values(inputs).reduce((sum, spec) => sum + bytesOf(spec), hasLabels ? 4 : 0);
}

async function* partsOf(source: Dataset, signal: AbortSignal | undefined): AsyncGenerator<Examples> {
  for await (const { examples } of batches(source, READ_AT_ONCE, signal && { signal })) yield examples;
}

function headOf({ inputs }: Examples, hasLabels: boolean, store: Store): Head {
  const specs = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [name, { shape: shape.slice(1), dtype: dtypeOf(data) }]),
  );
  const head: Head = { format: 1, size: 0, inputs: specs, hasLabels, perPage: 1 };
  const pageBytes = store.kind === 'indexeddb' ? PAGE_BYTES.indexeddb : PAGE_BYTES.other;
  return { ...head, perPage: Math.max(1, Math.floor(pageBytes / exampleBytes(head))) };
}

/** Throws    shape-mismatch */
function requireLike(head: Head, { inputs }: Examples, labels: Int32Array | undefined, rows: number): void {
  const isLike = Object.entries(head.inputs).every(([name, { shape, dtype }]) => {
    const given = inputs[name];
    return given !== undefined && dtypeOf(given.data) === dtype && String(given.shape) === String([rows, ...shape]);
  });
  const isLabelled = head.hasLabels ? labels?.length === rows : labels === undefined;
  if (isLike && isLabelled && Object.keys(inputs).length === Object.keys(head.inputs).length) return;
  throw new LimbeckError(
    'shape-mismatch',
    `After ${head.size} examples came some with other inputs or labels than the first; all must be alike.`,
    { details: { at: head.size } },
  );
}

function writeRow(
  page: Uint8Array,
  at: number,
  { inputs }: Head,
  given: NamedArrays,
  labels: Int32Array | undefined,
  row: number,
): number {
  let end = at;
  for (const [name, spec] of Object.entries(inputs)) {
    const { data } = given[name] as NdArray;
    const bytes = bytesOf(spec);
    page.set(new Uint8Array(data.buffer, data.byteOffset + row * bytes, bytes), end);
    end += bytes;
  }
  if (labels === undefined) return end;
  new DataView(page.buffer).setInt32(end, labels[row] as number, true);
  return end + 4;
}

function parseHead(bytes: Uint8Array): Head | undefined {
  try {
    const head = parseJson(new TextDecoder().decode(bytes)) as Partial<Head>;
    const { format, size, inputs, hasLabels, perPage } = head;
    const isCount = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
    const specs = Object.values(inputs ?? {});
    const isSpec = ({ shape, dtype }: InputSpec) =>
      Array.isArray(shape) && shape.every(isCount) && Object.hasOwn(VALUE_BYTES, dtype);
    const isWhole = format === 1 && isCount(size) && isCount(perPage) && typeof hasLabels === 'boolean';
    return isWhole && specs.length > 0 && specs.every(isSpec) ? (head as Head) : undefined;
  } catch {
    return undefined;
  }
}

function datasetOf(store: Store, name: string, head: Head): Dataset {
  const { size, inputs, hasLabels, perPage } = head;
  const bytes = exampleBytes(head);

  async function read(indices: Int32Array, signal?: AbortSignal): Promise<Examples | LabelledExamples> {
    const arrays = Object.entries(inputs).map(([input, spec]) => {
      const data = makeArray(spec.dtype, indices.length * sizeOf(spec.shape));
      return { input, spec, data, view: new Uint8Array(data.buffer) };
    });
    const labels = new Int32Array(indices.length);
    const readRun = async ({ page, from, to, places }: StoredRun) => {
      throwIfAborted(signal);
      const part = await store.getRange(pageKey(name, page), from * bytes, to * bytes);
      if (part?.length !== (to - from) * bytes) {
        throw new LimbeckError(
          'store-tampered',
          `Of the stored examples "${name}" page ${page} is missing or cut short. Store them again.`,
          { details: { name, page } },
        );
      }
      for (const { row, place } of places) {
        let at = (row - from) * bytes;
        for (const { spec, view } of arrays) {
          const length = bytesOf(spec);
          view.set(part.subarray(at, at + length), place * length);
          at += length;
        }
        if (hasLabels) labels[place] = new DataView(part.buffer, part.byteOffset).getInt32(at, true);
      }
    };
    const runs = runsOf(indices, perPage, Math.floor(GAP_BYTES / bytes));
    // Each takes the next run when it is done with one.
    const next = runs.values();
    const takeRuns = async () => {
      for (const run of next) await readRun(run);
    };
    await Promise.all(Array.from({ length: READS }, takeRuns));
    const read = Object.fromEntries(
      arrays.map(({ input, spec, data }) => [input, { data, shape: [indices.length, ...spec.shape] }]),
    );
    return hasLabels ? { inputs: read, labels } : { inputs: read };
  }

  return { size, inputs, hasLabels, read: givesFresh(read) };
}

/** Rows of a page that are read together, with what lies between them. */
interface StoredRun {
  readonly page: number;
  readonly from: number;
  to: number;
  readonly places: { readonly row: number; readonly place: number }[];
}

function runsOf(indices: Int32Array, perPage: number, gapRows: number): StoredRun[] {
  const sorted = Array.from(indices, (index, place) => ({ index, place })).sort((a, b) => a.index - b.index);
  const runs: StoredRun[] = [];
  for (const { index, place } of sorted) {
    const [page, row] = [Math.floor(index / perPage), index % perPage];
    const last = runs.at(-1);
    if (last?.page === page && row <= last.to + gapRows) {
      last.to = Math.max(last.to, row + 1);
      last.places.push({ row, place });
    } else runs.push({ page, from: row, to: row + 1, places: [{ row, place }] });
  }
  return runs;
}
