import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Teacher } from '../teacher/teacher.ts';
import { type AnswersOptions, openAnswers } from './answers.ts';

const { signal } = new AbortController();
const quiet = () => undefined;
const naturalOrder = (size: number) => Int32Array.from({ length: size }, (_, i) => i);

function ask(teacher: Teacher, dataset: Dataset, batchSize: number, changed: Partial<AnswersOptions> = {}) {
  const order = naturalOrder(dataset.size);
  const shared = { memoryBytes: 1e6, onAnswered: quiet, onTooLarge: quiet, signal };
  return openAnswers({ teacher, dataset, order, batchSize: () => batchSize, ...shared, ...changed });
}

function teacherThat(ask: Teacher['ask']): Teacher {
  return {
    description: { name: 'fake', bytes: 0, device: 'wasm', threads: 1, inputs: {}, outputs: {}, notices: [] },
    ask,
    timeMs: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Example i holds the number i. */
function counted(size: number): Dataset {
  return fromArrays({ data: Float32Array.from({ length: size }, (_, i) => i), shape: [size] });
}

/** The numbers of a batch of `counted`. */
function numbersOf({ input }: NamedArrays): number[] {
  return [...(input?.data ?? [])];
}

/** For the number i the output y [2] is i and −i, and n the whole number i. */
const echo = teacherThat(async (inputs) => {
  const numbers = numbersOf(inputs);
  return {
    y: { data: Float32Array.from(numbers.flatMap((i) => [i, -i])), shape: [numbers.length, 2] },
    n: { data: Int32Array.from(numbers), shape: [numbers.length] },
  };
});

describe('openAnswers', () => {
  test('keeps every output of every example, with its type', async () => {
    expect(await ask(echo, counted(5), 2).all()).toEqual({
      y: { data: Float32Array.of(0, -0, 1, -1, 2, -2, 3, -3, 4, -4), shape: [5, 2] },
      n: { data: Int32Array.of(0, 1, 2, 3, 4), shape: [5] },
    });
  });

  test('keeps only the wanted outputs', async () => {
    expect(Object.keys((await ask(echo, counted(5), 2, { outputs: ['n'] }).all()) ?? {})).toEqual(['n']);
  });

  test('gives rows in any order, more than once', async () => {
    const answers = ask(echo, counted(5), 2);
    expect(await answers.rows(Int32Array.of(4, 1, 1), {})).toEqual({
      y: { data: Float32Array.of(4, -4, 1, -1, 1, -1), shape: [3, 2] },
      n: { data: Int32Array.of(4, 1, 1), shape: [3] },
    });
  });

  test('asks about every example once, in the given order and batches', async () => {
    const asked: number[][] = [];
    const told: number[] = [];
    const watching = teacherThat(async (inputs, given) => {
      expect(given).toBe(signal);
      asked.push(numbersOf(inputs));
      return echo.ask(inputs);
    });
    const order = Int32Array.of(3, 0, 4, 2, 1);
    const answers = ask(watching, counted(5), 2, { order, onAnswered: (count) => told.push(count) });
    expect((await answers.all())?.['n']?.data).toEqual(Int32Array.of(0, 1, 2, 3, 4));
    expect(asked).toEqual([[3, 0], [4, 2], [1]]);
    expect(told).toEqual([2, 2, 1]);
  });

  test('does the same whatever the batch size', async () => {
    const whole = await ask(echo, counted(7), 7).all();
    for (const batchSize of [1, 2, 3, 64]) expect(await ask(echo, counted(7), batchSize).all()).toEqual(whole);
  });

  test('does the same if the batch size changes, and asks about each example once', async () => {
    const whole = await ask(echo, counted(40), 40).all();
    const sizes = [8, 16, 1, 8, 64];
    const asked: number[] = [];
    const watching = teacherThat(async (inputs) => {
      asked.push(...numbersOf(inputs));
      return echo.ask(inputs);
    });
    const answers = ask(watching, counted(40), 1, { batchSize: () => sizes.shift() ?? 8 });
    expect(await answers.all()).toEqual(whole);
    expect(asked).toEqual([...naturalOrder(40)]);
  });

  test('returns answers while the teacher works on the rest', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = teacherThat(async (inputs) => {
      if (numbersOf(inputs)[0] === 2) await held;
      return echo.ask(inputs);
    });
    const answers = ask(slow, counted(6), 2);
    expect((await answers.rows(Int32Array.of(1, 0), {}))['n']?.data).toEqual(Int32Array.of(1, 0));
    let isThere = false;
    const later = answers.rows(Int32Array.of(0, 5), {}).then((rows) => {
      isThere = true;
      return rows;
    });
    await answers.rows(Int32Array.of(0), {});
    expect(isThere).toBe(false);
    release();
    expect((await later)['n']?.data).toEqual(Int32Array.of(0, 5));
  });

  test('that are too large are not kept, but asked for again in batches when needed', async () => {
    const asked: number[][] = [];
    const tooLarge: number[] = [];
    const watching = teacherThat(async (inputs) => {
      asked.push(numbersOf(inputs));
      return echo.ask(inputs);
    });
    const options = { memoryBytes: 71, onTooLarge: (bytes: number) => tooLarge.push(bytes) };
    const answers = ask(watching, counted(6), 2, options);
    expect(await answers.all()).toBeUndefined();
    expect(tooLarge).toEqual([6 * (8 + 4)]);
    const inputs = { input: { data: Float32Array.of(5, 1, 3), shape: [3] } };
    const rows = await answers.rows(Int32Array.of(5, 1, 3), inputs);
    expect(rows['n']).toEqual({ data: Int32Array.of(5, 1, 3), shape: [3] });
    expect(rows['y']?.shape).toEqual([3, 2]);
    expect(asked).toEqual([[0, 1], [5, 1], [3]]);
  });
});

describe('a teacher that cannot be trusted', () => {
  /** Asks about four examples, two at a time; `second` answers for the second batch. */
  const asking = (second: NamedArrays) =>
    ask(
      teacherThat(async (inputs) => (numbersOf(inputs)[0] === 0 ? echo.ask(inputs) : second)),
      counted(4),
      2,
    ).all();
  const y = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
  const n = { data: Int32Array.of(1, 2), shape: [2] };

  test.each<{ name: string; second: NamedArrays; code: string }>([
    { name: 'another shape', second: { y: { data: new Float32Array(6), shape: [2, 3] }, n }, code: 'shape-mismatch' },
    { name: 'another rank', second: { y: { data: new Float32Array(4), shape: [2, 2, 1] }, n }, code: 'shape-mismatch' },
    { name: 'too few rows', second: { y: { data: new Float32Array(2), shape: [1, 2] }, n }, code: 'shape-mismatch' },
    { name: 'too many rows', second: { y: { data: new Float32Array(8), shape: [4, 2] }, n }, code: 'shape-mismatch' },
    { name: 'too few values', second: { y: { data: new Float32Array(3), shape: [2, 2] }, n }, code: 'shape-mismatch' },
    { name: 'a missing output', second: { y }, code: 'unknown-output' },
    { name: 'an additional output', second: { y, n, z: n }, code: 'unknown-output' },
    { name: 'another name', second: { y, m: n }, code: 'unknown-output' },
  ])('is refused when it gives $name later', async ({ second, code }) => {
    await expect(asking(second)).rejects.toMatchObject({ code });
  });

  test('is refused when its first answer is for another batch', async () => {
    const one = teacherThat(async () => ({ y: { data: Float32Array.of(1, 2), shape: [1, 2] } }));
    await expect(ask(one, counted(4), 2).all()).rejects.toMatchObject({
      code: 'shape-mismatch',
      message: expect.stringContaining('for 2 examples was [1, 2] with 2 values; it must be [2, 2]'),
    });
  });

  test('is named with what it gave before and now', async () => {
    await expect(asking({ y })).rejects.toThrow('The teacher gave y, n for earlier batches and gives y now.');
  });

  test('stops asking with its own error, also for waiting callers of rows', async () => {
    const fault = new LimbeckError('teacher-failed', 'It fell over.');
    const failing = teacherThat(async () => Promise.reject(fault));
    const answers = ask(failing, counted(4), 2);
    await expect(answers.rows(Int32Array.of(3), {})).rejects.toBe(fault);
    await expect(answers.all()).rejects.toBe(fault);
  });
});

test('a cancelled run stops before the next batch, even if the teacher ignores the signal', async () => {
  const controller = new AbortController();
  let asked = 0;
  const deaf = teacherThat(async (inputs) => {
    asked++;
    controller.abort();
    return echo.ask(inputs);
  });
  const answers = ask(deaf, counted(100), 2, { signal: controller.signal });
  await expect(answers.all()).rejects.toMatchObject({ name: 'AbortError' });
  expect(asked).toBe(1);
});
