import 'limbeck/webgpu';
import { signal } from '@preact/signals';
import { type BenchReport, type BenchRow, benchmark, type Run } from 'limbeck';
import { errorOf, type PlainError } from '../frame/plainError.ts';
import { backendNames, budgetSeconds, chosenModels, findsBatch, offered, workloads } from './setup.ts';
import { keyOf } from './words.ts';

/** Rows as they are so far, in the order in which they came. */
export const rows = signal<readonly BenchRow[]>([]);
export const doneFraction = signal(0);
export const isRunning = signal(false);
export const startedAt = signal(0);
export const error = signal<PlainError | undefined>(undefined);
/** What was measured here, or came with the address or a file. */
export const report = signal<BenchReport | undefined>(undefined);

let run: Run<BenchReport, unknown> | undefined;

export async function start(): Promise<void> {
  if (isRunning.value) return;
  isRunning.value = true;
  [error.value, report.value, rows.value, doneFraction.value] = [undefined, undefined, [], 0];
  startedAt.value = performance.now();
  const found = new Map<string, BenchRow>();
  try {
    const mine = benchmark({
      models: await chosenModels(),
      workloads: offered.value.map(({ name }) => name).filter((name) => workloads.value.has(name)),
      backends: backendNames(),
      budgetMs: 1000 * budgetSeconds.value,
      ...(findsBatch.value && { batchSizes: 'best' as const }),
    });
    run = mine;
    for await (const event of mine) {
      found.set(keyOf(event), event);
      rows.value = [...found.values()];
      doneFraction.value = event.doneFraction;
    }
    show(await mine.done);
  } catch (problem) {
    if ((problem as Error).name !== 'AbortError') error.value = errorOf(problem);
  } finally {
    run = undefined;
    isRunning.value = false;
  }
}

export function stop(): void {
  run?.cancel();
}

export function show(shown: BenchReport): void {
  report.value = shown;
  rows.value = shown.rows;
}
