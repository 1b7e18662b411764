// Runs one task, off the page's thread: what it computes stops nothing, and ends with this worker.
import type { DetectOptions } from 'limbeck/run';
import type { Answered, Task, TaskTools } from '../../tasks/pages/tools.ts';
import { errorOf, type PlainError } from '../frame/plainError.ts';

/** What an example reaches, as `npm run examples` writes it. */
export interface ExampleRow {
  readonly teacher: string;
  readonly student: string;
  readonly control: string;
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  readonly teacherValue: number;
  readonly studentValue: number;
  readonly controlValue: number;
  readonly studentBytes: number;
  readonly msPerExample: number;
  readonly ms: number;
  /** Of what listens: what else is told of the three, and how `listen` hears the file that was offered. */
  readonly falseAcceptsAnHour?: Readonly<Record<'teacher' | 'student' | 'control', number>>;
  readonly hearing?: DetectOptions;
}

export type Asked =
  | { readonly type: 'run'; readonly name: string; readonly base: string; readonly settings: object }
  | { readonly type: 'answer'; readonly id: number; readonly text: string };

export type Told =
  | { readonly type: 'said'; readonly text: string }
  | { readonly type: 'progress'; readonly part: string; readonly fraction: number }
  | { readonly type: 'file'; readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'row'; readonly row: ExampleRow }
  | { readonly type: 'answered'; readonly id: number; readonly answered: Answered }
  | { readonly type: 'refused'; readonly id: number; readonly error: PlainError }
  | { readonly type: 'failed'; readonly error: PlainError };

/** Each file opens its task when it is loaded. */
const LOADERS: Readonly<Record<string, () => Promise<unknown>>> = {
  recognition: () => import('../../tasks/pages/recognition.ts'),
  audio: () => import('../../tasks/pages/audio.ts'),
  ranking: () => import('../../tasks/pages/ranking.ts'),
  classification: () => import('../../tasks/pages/classification.ts'),
  generation: () => import('../../tasks/pages/generation.ts'),
  regression: () => import('../../tasks/pages/regression.ts'),
};

const tell = (told: Told): void => postMessage(told);
const task = () => (globalThis as unknown as { task: Task<object, ExampleRow> }).task;

async function run({ name, base, settings }: Extract<Asked, { type: 'run' }>): Promise<void> {
  const tools: TaskTools = {
    base,
    say: (text) => tell({ type: 'said', text }),
    progress: (part, fraction) => tell({ type: 'progress', part, fraction }),
    offer: (file, bytes) => tell({ type: 'file', name: file, bytes: new Uint8Array(bytes) }),
  };
  globalThis.taskTools = tools;
  await LOADERS[name]?.();
  tell({ type: 'row', row: await task().run(settings) });
}

async function answer({ id, text }: Extract<Asked, { type: 'answer' }>): Promise<void> {
  tell({ type: 'answered', id, answered: (await task().answer?.(text)) ?? [] });
}

addEventListener('message', ({ data }: MessageEvent<Asked>) => {
  if (data.type === 'run') run(data).catch((error: unknown) => tell({ type: 'failed', error: errorOf(error) }));
  else answer(data).catch((error: unknown) => tell({ type: 'refused', id: data.id, error: errorOf(error) }));
});
