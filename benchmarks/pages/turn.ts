import { timePasses } from '../../src/core/timing.ts';

/** One side's turn in a benchmark of several: a process is slow at first, so its first steps do not count. */
export interface Turn {
  /** Milliseconds of uncounted steps, at least one step; 0 for none. */
  readonly warmMs: number;
  /** Milliseconds of counted steps. */
  readonly measureMs: number;
  /** Counted steps at least. */
  readonly least: number;
}

/** Milliseconds of each counted step. */
export async function takeTurn(
  { warmMs, measureMs, least }: Turn,
  step: () => void | Promise<void>,
): Promise<number[]> {
  const timed = async () => (await timePasses(step, 1))[0] as number;
  for (let warm = 0; warm < warmMs; ) warm += await timed();
  const times: number[] = [];
  for (let total = 0; total < measureMs || times.length < least; total += times.at(-1) as number)
    times.push(await timed());
  return times;
}
