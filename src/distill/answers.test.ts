import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Teacher } from '../teacher/teacher.ts';
import { askAll } from './answers.ts';

const { signal } = new AbortController();
const quiet = () => undefined;

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

describe('askAll', () => {
  test('keeps every output of every example, with its type', async () => {
    const { arrays } = await askAll(echo, counted(5), 2, quiet, signal);
    expect(arrays).toEqual({
      y: { data: Float32Array.of(0, -0, 1, -1, 2, -2, 3, -3, 4, -4), shape: [5, 2] },
      n: { data: Int32Array.of(0, 1, 2, 3, 4), shape: [5] },
    });
  });

  test('gives rows in any order, more than once', async () => {
    const answers = await askAll(echo, counted(5), 2, quiet, signal);
    expect(answers.rows(Int32Array.of(4, 1, 1), Object.keys(answers.arrays))).toEqual({
      y: { data: Float32Array.of(4, -4, 1, -1, 1, -1), shape: [3, 2] },
      n: { data: Int32Array.of(4, 1, 1), shape: [3] },
    });
  });

  test('asks about every example once, in order, in batches of the size it is told', async () => {
    const asked: number[][] = [];
    const told: number[] = [];
    const watching = teacherThat(async (inputs, given) => {
      expect(given).toBe(signal);
      asked.push(numbersOf(inputs));
      return echo.ask(inputs);
    });
    await askAll(watching, counted(5), 2, (count) => told.push(count), signal);
    expect(asked).toEqual([[0, 1], [2, 3], [4]]);
    expect(told).toEqual([2, 4, 5]);
  });

  test('does the same whatever the batch size', async () => {
    const whole = await askAll(echo, counted(7), 7, quiet, signal);
    for (const batchSize of [1, 2, 3, 64]) {
      expect((await askAll(echo, counted(7), batchSize, quiet, signal)).arrays).toEqual(whole.arrays);
    }
  });

  test('without a teacher only checks the examples', async () => {
    const seen: number[] = [];
    const answers = await askAll(undefined, counted(5), 2, quiet, signal, (_, first) => seen.push(first));
    expect(seen).toEqual([0, 2, 4]);
    expect(answers.rows(Int32Array.of(3), [])).toEqual({});
  });

  test('checks a batch before it asks about it', async () => {
    const asked: number[] = [];
    const watching = teacherThat(async (inputs) => {
      asked.push(...numbersOf(inputs));
      return echo.ask(inputs);
    });
    const check = (_: unknown, first: number) => {
      if (first === 2) throw new LimbeckError('not-finite', 'Example 3 is bad.');
    };
    const asking = askAll(watching, counted(6), 2, quiet, signal, check);
    await expect(asking).rejects.toMatchObject({ code: 'not-finite' });
    expect(asked).toEqual([0, 1]);
  });
});

describe('a teacher that cannot be trusted', () => {
  /** Asks about four examples, two at a time; `second` answers for the second batch. */
  const asking = (second: NamedArrays) =>
    askAll(
      teacherThat(async (inputs) => (numbersOf(inputs)[0] === 0 ? echo.ask(inputs) : second)),
      counted(4),
      2,
      quiet,
      signal,
    );
  const y = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
  const n = { data: Int32Array.of(1, 2), shape: [2] };

  test.each<{ name: string; second: NamedArrays; code: string }>([
    { name: 'another shape', second: { y: { data: new Float32Array(6), shape: [2, 3] }, n }, code: 'shape-mismatch' },
    { name: 'another rank', second: { y: { data: new Float32Array(4), shape: [2, 2, 1] }, n }, code: 'shape-mismatch' },
    { name: 'too few rows', second: { y: { data: new Float32Array(2), shape: [1, 2] }, n }, code: 'shape-mismatch' },
    { name: 'too many rows', second: { y: { data: new Float32Array(8), shape: [4, 2] }, n }, code: 'shape-mismatch' },
    { name: 'too few values', second: { y: { data: new Float32Array(3), shape: [2, 2] }, n }, code: 'shape-mismatch' },
    { name: 'an output less', second: { y }, code: 'unknown-output' },
    { name: 'an output more', second: { y, n, z: n }, code: 'unknown-output' },
    { name: 'another name', second: { y, m: n }, code: 'unknown-output' },
  ])('is refused when it gives $name later', async ({ second, code }) => {
    await expect(asking(second)).rejects.toMatchObject({ code });
  });

  test('is refused when its first answer is for another batch', async () => {
    const one = teacherThat(async () => ({ y: { data: Float32Array.of(1, 2), shape: [1, 2] } }));
    await expect(askAll(one, counted(4), 2, quiet, signal)).rejects.toMatchObject({
      code: 'shape-mismatch',
      message: expect.stringContaining('for 2 examples was [1, 2] with 2 values; it must be [2, 2]'),
    });
  });

  test('is named with what it gave before and gives now', async () => {
    await expect(asking({ y })).rejects.toThrow('The teacher gave y, n for earlier batches and gives y now.');
  });

  test('ends the asking with its own error', async () => {
    const fault = new LimbeckError('teacher-failed', 'It fell over.');
    await expect(
      askAll(
        teacherThat(async () => Promise.reject(fault)),
        counted(4),
        2,
        quiet,
        signal,
      ),
    ).rejects.toBe(fault);
  });
});

test('a cancelled asking stops before the next batch, also where the teacher does not look at the signal', async () => {
  const controller = new AbortController();
  let asked = 0;
  const deaf = teacherThat(async (inputs) => {
    asked++;
    controller.abort();
    return echo.ask(inputs);
  });
  await expect(askAll(deaf, counted(100), 2, quiet, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  expect(asked).toBe(1);
});
