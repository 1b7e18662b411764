import { LimbeckError } from '../core/errors.ts';
import { pickRowsOfAll, putRows, stackRows } from '../core/rows.ts';
import { formatShape, isSameShape, type NamedArrays, type NdArray, sizeOf, whyNoNumbers } from '../core/shape.ts';
import { takeTurns } from '../core/turns.ts';
import type { Dataset } from '../data/dataset.ts';
import { type Asked, askTeacher } from './askTeacher.ts';

export interface AnswersOptions {
  readonly teacher: Asked;
  readonly dataset: Dataset;
  /** Every example once, in the order in which the teacher is asked: what is needed first comes first. */
  readonly order: Int32Array;
  /** How many examples to ask about next. */
  readonly batchSize: () => number;
  /** Which outputs are kept; default: all. */
  readonly outputs?: readonly string[];
  /** Bytes of memory for kept answers. */
  readonly memoryBytes: number;
  /** Called for every batch that was answered. */
  readonly onAnswered: (examples: number) => void;
  /** Called once if the answers need more memory than allowed; they are then asked for again whenever they are needed. */
  readonly onTooLarge: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** A teacher's answers to the examples of a dataset, while it is still being asked. */
export interface Answers {
  /**
   * The outputs for some examples, each [B, ...], as soon as the teacher has answered. `inputs` are what it sees of them, if
   * they are at hand.
   */
  rows(indices: Int32Array, inputs?: NamedArrays): Promise<NamedArrays>;
  /** All outputs once every example is answered, each [N, ...]; undefined if they are too large to keep. */
  all(): Promise<NamedArrays | undefined>;
  /** Whether they fit, as far as is known; `rows` then returns new arrays. */
  areKept(): boolean;
  /** Milliseconds in which the teacher had work. */
  busyMs(): number;
}

/**
 * Asks the teacher batch by batch, at most two at a time, and reads the next while it works. Answers are kept for later
 * epochs. If they do not fit into memory, it stops asking ahead, and `rows` asks for the examples it is given.
 * Throws    by `rows` and `all`: teacher-failed: numbers of another type · shape-mismatch, unknown-output: outputs that change from batch to batch, or that are
 *           not one row an example · what teacher and dataset throw · AbortError
 */
export function openAnswers(options: AnswersOptions): Answers {
  const { teacher, dataset, order, batchSize, outputs, memoryBytes, signal } = options;
  const table = makeTable(dataset.size, outputs);
  const isAnswered = new Uint8Array(dataset.size);
  let isTooLarge = false;
  let changed = deferred();
  const busy = stopwatch();

  async function ask(inputs: NamedArrays, count: number): Promise<NamedArrays> {
    const stop = busy.start();
    try {
      const given = await askTeacher(teacher, inputs, signal);
      options.onAnswered(count);
      return table.check(given, count);
    } finally {
      stop();
    }
  }

  async function askAbout(indices: Int32Array, inputs: NamedArrays): Promise<void> {
    const rows = await ask(inputs, indices.length);
    const bytes = table.bytesFor(rows);
    isTooLarge ||= bytes > memoryBytes;
    if (isTooLarge) return options.onTooLarge(bytes);
    table.write(rows, indices);
    for (const index of indices) isAnswered[index] = 1;
    changed.resolve();
    changed = deferred();
  }

  async function askAll(): Promise<void> {
    let at = 0;
    const read = () => {
      const indices = order.subarray(at, at + batchSize());
      at += indices.length;
      const examples = indices.length > 0 ? dataset.read(indices, signal) : undefined;
      examples?.catch(() => undefined);
      return examples && { indices, examples };
    };
    const turn = takeTurns(signal);
    const asked: Promise<void>[] = [];
    for (let next = read(), isFirst = true; next !== undefined && !isTooLarge; isFirst = false) {
      const { indices, examples } = next;
      const { inputs } = await examples;
      await turn();
      next = read();
      const asking = askAbout(indices, inputs);
      asking.catch(() => undefined);
      asked.push(asking);
      // The first answer shows how large they all are. From then on one batch waits while another is computed, so that
      // the teacher does not wait for the page.
      if (isFirst || asked.length === 2) await asked.shift();
    }
    await Promise.all(asked);
  }

  /** Answers too large to keep, asked for in batches of the size that suits the teacher. */
  async function askAgain(inputs: NamedArrays, count: number): Promise<NamedArrays> {
    const parts: NamedArrays[] = [];
    for (let at = 0; at < count; ) {
      const from = at;
      const part = Int32Array.from({ length: Math.min(batchSize(), count - from) }, (_, i) => from + i);
      at += part.length;
      parts.push(await ask(part.length === count ? inputs : pickRowsOfAll(inputs, part), part.length));
    }
    const names = Object.keys(parts[0] ?? {});
    if (parts.length === 1) return parts[0] as NamedArrays;
    return Object.fromEntries(names.map((name) => [name, stackRows(parts.map((part) => part[name] as NdArray))]));
  }

  const asking = askAll();
  asking.catch(() => undefined);
  return {
    async rows(indices, inputs) {
      while (!isTooLarge && !indices.every((index) => isAnswered[index] === 1)) {
        await Promise.race([asking, changed.promise]);
      }
      if (!isTooLarge) return pickRowsOfAll(table.arrays, indices);
      return askAgain(inputs ?? (await dataset.read(indices, signal)).inputs, indices.length);
    },
    async all() {
      await asking;
      return isTooLarge ? undefined : table.arrays;
    },
    areKept: () => !isTooLarge,
    busyMs: busy.ms,
  };
}

/** One row per example of every output. The first batch determines the outputs and their shapes. */
function makeTable(size: number, wanted: readonly string[] | undefined) {
  const arrays: Record<string, NdArray> = {};
  let known: Readonly<Record<string, readonly number[]>> | undefined;
  return {
    arrays: arrays as NamedArrays,
    check(given: NamedArrays, count: number): NamedArrays {
      const outputs = Object.fromEntries(
        Object.entries(given).filter(([name]) => wanted === undefined || wanted.includes(name)),
      );
      if (known === undefined) {
        known = Object.fromEntries(Object.entries(outputs).map(([name, { shape }]) => [name, shape.slice(1)]));
      }
      checkSameNames(Object.keys(known), Object.keys(outputs));
      for (const [name, rows] of Object.entries(outputs)) checkRows(name, rows, [count, ...(known[name] ?? [])]);
      return outputs;
    },
    bytesFor(rows: NamedArrays): number {
      return Object.values(rows).reduce((sum, { data, shape }) => sum + (data.byteLength / (shape[0] ?? 1)) * size, 0);
    },
    write: (outputs: NamedArrays, indices: Int32Array) => putRows(arrays, outputs, size, indices),
  };
}

function checkRows(name: string, rows: NdArray, needed: readonly number[]): void {
  const why = whyNoNumbers(rows.data);
  if (why !== undefined) {
    throw new LimbeckError('teacher-failed', `The teacher gave "${name}" with values ${why}`, { details: { name } });
  }
  if (isSameShape(rows.shape, needed) && rows.data.length === sizeOf(rows.shape)) return;
  throw new LimbeckError(
    'shape-mismatch',
    `The teacher's output "${name}" for ${needed[0]} examples was ${formatShape(rows.shape)} with ${rows.data.length} ` +
      `values; it must be ${formatShape(needed)}, as for other batches. Let "read" bring outputs to one shape.`,
    { details: { name, given: rows.shape, needed } },
  );
}

/** An output that appears later or goes missing would leave rows of zeros. */
function checkSameNames(before: readonly string[], now: readonly string[]): void {
  if (before.length === now.length && before.every((name) => now.includes(name))) return;
  throw new LimbeckError(
    'unknown-output',
    `The teacher gave ${before.join(', ') || 'no output'} for earlier batches and gives ${now.join(', ') || 'none'} now. ` +
      'It must give the same outputs for every batch.',
    { details: { before, now } },
  );
}

function deferred() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Adds up the time in which something was running. */
function stopwatch() {
  let running = 0;
  let since = 0;
  let sum = 0;
  const now = () => performance.now();
  return {
    start() {
      if (running++ === 0) since = now();
      return () => {
        if (--running === 0) sum += now() - since;
      };
    },
    ms: () => sum + (running > 0 ? now() - since : 0),
  };
}
