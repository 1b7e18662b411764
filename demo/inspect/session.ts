import { signal } from '@preact/signals';
import { type Remote, wrap } from 'comlink';
import type { OnnxDescription, TensorTap } from 'limbeck';
import type { PlainError } from '../frame/plainError.ts';
import { startWorker } from '../worker/startWorker.ts';
import type { Drawing } from './drawGraph.ts';
import type { ModelGraph } from './graphOf.ts';
import type { Answer, Reader } from './reader.ts';

export interface OpenModel {
  /** Another one for each file, and for each reading of it with other lengths. */
  readonly key: number;
  readonly file: File;
  readonly description: OnnxDescription;
  readonly graph: ModelGraph;
  readonly dimensions: Readonly<Record<string, number>>;
}

export interface Chosen {
  /** Position among the graph's nodes. */
  readonly node: number;
  readonly value: string;
}

const BUNDLED = './models/ch_PP-OCRv4_rec_infer.onnx';

/** The model on the page; the one before stays when another cannot be read. */
export const current = signal<OpenModel | undefined>(undefined);
export const chosen = signal<Chosen | undefined>(undefined);
export const taps = signal<readonly TensorTap[]>([]);
export const error = signal<PlainError | undefined>(undefined);
/** What is being done; undefined when nothing is. */
export const reading = signal<string | undefined>(undefined);
/** Where boxes and lines lie; an error's sentence if the graph cannot be drawn; undefined until that is known. */
export const drawing = signal<Drawing | string | undefined>(undefined);

/** Counts the workers that read: what one was asked when it ended, the next is to be asked again. */
export const readers = signal(0);

/** The worker that read the current model, and the end of its calls. */
let worker = startReader();
let turn = 0;

interface RunningReader {
  readonly remote: Remote<Reader>;
  /** Rejects when the worker breaks, which no answer tells. */
  readonly broken: Promise<never>;
  end(): void;
}

function startReader(): RunningReader {
  const started = startWorker('inspect');
  const broken = new Promise<never>((_, reject) => {
    started.addEventListener('error', ({ message }) => {
      reject(
        new Error(`The worker that reads the file ended${message ? `: ${message}` : ', perhaps for want of memory'}.`),
      );
    });
  });
  broken.catch(() => undefined);
  return { remote: wrap<Reader>(started), broken, end: () => started.terminate() };
}

export function openFile(file: File): void {
  void open(file, {});
}

export async function openBundled(): Promise<void> {
  const mine = ++turn;
  reading.value = 'Fetching the bundled teacher';
  error.value = undefined;
  try {
    const response = await fetch(BUNDLED);
    if (!response.ok) throw new Error(`The server answered ${response.status} for ${BUNDLED}.`);
    const blob = await response.blob();
    if (mine === turn) await open(new File([blob], BUNDLED.split('/').at(-1) as string), {});
  } catch (problem) {
    if (mine !== turn) return;
    reading.value = undefined;
    error.value = { name: 'Error', message: `The teacher could not be fetched. ${messageOf(problem)}` };
  }
}

/** Reads the same file again, with lengths for what it leaves open. */
export function setDimensions(dimensions: Readonly<Record<string, number>>): void {
  if (current.value !== undefined) void open(current.value.file, dimensions);
}

export function stopReading(): void {
  turn++;
  reading.value = undefined;
  restart();
  void drawCurrent();
}

async function open(file: File, dimensions: Readonly<Record<string, number>>): Promise<void> {
  const mine = ++turn;
  const before = current.value;
  reading.value = `Reading ${file.name}`;
  error.value = undefined;
  // Nothing waits for a drawing that is not wanted any more.
  if (drawing.value === undefined && before !== undefined) restart();
  const answer = await call(({ open: read }) => read(file, file.name, dimensions));
  if (mine !== turn) return;
  reading.value = undefined;
  if ('error' in answer) {
    error.value = answer.error;
    return drawCurrent();
  }
  const isSame = before?.file === file;
  const { description, graph } = answer.value;
  current.value = { key: mine, file, description, graph, dimensions };
  if (!isSame) [chosen.value, taps.value] = [undefined, []];
  drawing.value = undefined;
  await drawCurrent();
}

async function drawCurrent(): Promise<void> {
  const model = current.value;
  if (model === undefined || drawing.value !== undefined) return;
  const mine = turn;
  const drawn = await call(({ draw }) => draw());
  if (mine === turn) drawing.value = 'error' in drawn ? drawn.error.message : drawn.value;
}

/** Asks the worker about the current model; what it throws, and its end, are errors as plain values. */
export async function call<T>(ask: (reader: Remote<Reader>) => Promise<Answer<T>>): Promise<Answer<T>> {
  const used = worker;
  try {
    return await Promise.race([ask(used.remote), used.broken]);
  } catch (problem) {
    if (used === worker) restart();
    return { error: { name: 'Error', message: messageOf(problem) } };
  }
}

/** Ends what the worker does. A new one reads the model on the page, about which it may be asked. */
function restart(): void {
  worker.end();
  worker = startReader();
  readers.value++;
  const model = current.value;
  if (model !== undefined) void worker.remote.open(model.file, model.description.name, model.dimensions);
}

function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}
