import { signal } from '@preact/signals';
import type { Answered } from '../../tasks/pages/tools.ts';
import { errorOf, type PlainError } from '../frame/plainError.ts';
import { startWorker } from '../worker/startWorker.ts';
import type { WorkedExample } from './list.ts';
import type { Asked, ExampleRow, Told } from './taskWorker.ts';

/** The task that runs here, or ran last. */
export const current = signal<WorkedExample | undefined>(undefined);
export const isRunning = signal(false);
/** What is done at the moment, and how far it is: 0 to 1, undefined while unknown. */
export const part = signal<{ readonly name: string; readonly fraction: number | undefined }>({
  name: '',
  fraction: undefined,
});
export const lines = signal<readonly string[]>([]);
export const row = signal<ExampleRow | undefined>(undefined);
export const files = signal<readonly { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }[]>([]);
/** The tasks whose data lie beside the page, once that is known. */
export const offered = signal<readonly string[] | undefined>(undefined);
export const error = signal<PlainError | undefined>(undefined);

/** Lines that are kept to be read. */
const KEPT = 200;
/** One seed, and the examples on which choices are made: the others are for the published figures only. */
const SETTINGS = { scored: 'development', seeds: [0] };

let worker: Worker | undefined;
const waiting = new Map<number, { resolve(answered: Answered): void; reject(error: unknown): void }>();
let asked = 0;

export async function findOffered(): Promise<void> {
  const response = await fetch('./data/tasks.json').catch(() => undefined);
  offered.value = response?.ok ? ((await response.json()) as string[]) : [];
}

/** Runs a task in a worker, which stays with what it has learned until another begins. */
export function start(task: WorkedExample): void {
  end('Another example began.');
  [current.value, isRunning.value, row.value, files.value] = [task, true, undefined, []];
  [lines.value, error.value, part.value] = [[], undefined, { name: 'Loading', fraction: undefined }];
  const own = startWorker('task');
  worker = own;
  own.onmessage = ({ data }: MessageEvent<Told>) => {
    if (worker === own) take(data);
  };
  own.onerror = (event) => {
    event.preventDefault();
    if (worker === own) fail(errorOf(new Error(event.message || 'The worker ended, perhaps for want of memory.')));
  };
  ask({ type: 'run', name: task.name, base: new URL('./', document.baseURI).href, settings: SETTINGS });
}

/** Ends it at once. What it found so far stays to be read. */
export function stop(): void {
  end('It was stopped.');
  isRunning.value = false;
}

/** Asks teacher and student about a text. */
export function answer(text: string): Promise<Answered> {
  const id = ++asked;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    ask({ type: 'answer', id, text });
  });
}

const ask = (message: Asked): void => worker?.postMessage(message);

function end(why: string): void {
  worker?.terminate();
  worker = undefined;
  for (const { reject } of waiting.values()) reject(new Error(why));
  waiting.clear();
}

function fail(problem: PlainError): void {
  end(problem.message);
  [error.value, isRunning.value] = [problem, false];
}

/** A part's name as the beginning of a line. */
const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

function take(told: Told): void {
  if (told.type === 'said') lines.value = [...lines.value, told.text].slice(-KEPT);
  else if (told.type === 'progress') part.value = { name: capitalized(told.part), fraction: told.fraction };
  else if (told.type === 'file') files.value = [...files.value, told];
  else if (told.type === 'row') [row.value, isRunning.value] = [told.row, false];
  else if (told.type === 'failed') fail(told.error);
  else {
    const asking = waiting.get(told.id);
    waiting.delete(told.id);
    if (told.type === 'answered') asking?.resolve(told.answered);
    else asking?.reject(new Error(told.error.message));
  }
}
