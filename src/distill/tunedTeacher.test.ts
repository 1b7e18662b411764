// A teacher that finds its best batch size, asked as in a run, with a simulated clock.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeQueue } from '../core/queue.ts';
import type { NamedArrays } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { openTeacher } from '../teacher/onnxTeacher.ts';
import { batchOf } from '../teacher/session/sessionBatches.ts';
import { fakeHouse } from '../teacher/session/sessionCases.ts';
import { nextBatchSize } from '../teacher/teacher.ts';
import { openAnswers } from './answers.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const EXAMPLES = 6000;

/** A session whose batches take 10 ms and 1 ms per example; three times that while the machine is busy. */
async function open(busyMs: number) {
  const house = fakeHouse({});
  const asked: number[] = [];
  const start = async () => {
    const session = await house.start();
    const enqueue = makeQueue();
    const run = (inputs: NamedArrays) =>
      enqueue(async () => {
        asked.push(...(inputs['x']?.data ?? []));
        const load = performance.now() < busyMs ? 3 : 1;
        await new Promise((resolve) => setTimeout(resolve, load * (10 + batchOf(inputs))));
        return session.run(inputs);
      });
    return { ...session, run };
  };
  const files = { model: new Blob(['12345']), externalData: [] };
  const teacher = await openTeacher({ files, name: 'fake', notices: [] }, { device: 'wasm' }, start);
  return { teacher, asked, house };
}

test.each([0, 10_000])(
  'busy for its first %d ms: it ends at the best size, and no example is asked twice',
  async (busyMs) => {
    const { teacher, asked, house } = await open(busyMs + performance.now());
    const { signal } = new AbortController();
    const numbers = Float32Array.from({ length: EXAMPLES }, (_, i) => i);
    const answers = openAnswers({
      teacher,
      dataset: fromArrays({ x: { data: numbers, shape: [EXAMPLES, 1] } }),
      order: Int32Array.from(numbers),
      batchSize: () => nextBatchSize(teacher),
      memoryBytes: 1e6,
      onAnswered: () => undefined,
      onTooLarge: () => undefined,
      signal,
    });
    let isDone = false;
    const all = answers.all().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await vi.advanceTimersByTimeAsync(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await all)?.['logits']?.data).toEqual(numbers);
    expect(asked).toEqual([...numbers]);
    expect(house.log.join()).not.toContain('measure');
    expect(teacher.description.batchSize).toBe(64);
    const figures = teacher.description.batchFigures?.map(({ batchSize, msPerExample }) => [batchSize, msPerExample]);
    expect(figures?.at(-1)?.[1]).toBeCloseTo(74 / 64, 2);
    await teacher[Symbol.asyncDispose]();
  },
);
