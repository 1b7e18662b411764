import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { fromArrays } from './arrays.ts';
import type { Dataset, LabelledDataset } from './dataset.ts';
import { batches, batchIndices, pick, shuffle, split, take, withoutLabels } from './views.ts';

/** Example i holds the number i, and its label is 100 + i. */
function counted(size: number): LabelledDataset {
  const numbers = Array.from({ length: size }, (_, i) => i);
  return fromArrays(
    { data: Float32Array.from(numbers), shape: [size] },
    numbers.map((i) => 100 + i),
  );
}

async function numbersIn(dataset: Dataset): Promise<number[]> {
  const all = Int32Array.from({ length: dataset.size }, (_, i) => i);
  return [...((await dataset.read(all)).inputs['input']?.data ?? [])];
}

const sizes = fc.integer({ min: 0, max: 80 });

test('pick takes examples in the order of the indices, with their labels', async () => {
  const picked = pick(counted(5), Int32Array.of(4, 1, 1));
  expectTypeOf(picked).toEqualTypeOf<LabelledDataset>();
  expect(picked.size).toBe(3);
  expect(await picked.read(Int32Array.of(2, 0))).toEqual({
    inputs: { input: { data: Float32Array.of(1, 4), shape: [2] } },
    labels: Int32Array.of(101, 104),
  });
  expect(await numbersIn(pick(picked, Int32Array.of(2, 0)))).toEqual([1, 4]);
});

test('pick passes the signal on', async () => {
  const { signal } = new AbortController();
  const seen: unknown[] = [];
  const watched: Dataset = {
    ...withoutLabels(counted(2)),
    read: async (_, given) => ({ inputs: {}, s: seen.push(given) }),
  };
  await pick(watched, Int32Array.of(0)).read(Int32Array.of(0), signal);
  expect(seen).toEqual([signal]);
});

test('take gives the first examples, or all', async () => {
  expect(await numbersIn(take(counted(5), 2))).toEqual([0, 1]);
  expect(await numbersIn(take(counted(2), 5))).toEqual([0, 1]);
  expect(take(counted(2), 0).size).toBe(0);
  expect(() => take(counted(2), 1.5)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});

describe('shuffle', () => {
  test('holds every example once, in an order set by the seed', async () => {
    const holds = fc.asyncProperty(sizes, fc.nat(), async (size, seed) => {
      const order = await numbersIn(shuffle(counted(size), seed));
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
      expect(await numbersIn(shuffle(counted(size), seed))).toEqual(order);
    });
    await fc.assert(holds, { seed: 20260, numRuns: 40 });
  });

  test('differs between seeds, and keeps labels with their examples', async () => {
    const data = shuffle(counted(40), 1);
    expect(await numbersIn(data)).not.toEqual(await numbersIn(shuffle(counted(40), 2)));
    const { inputs, labels } = await data.read(Int32Array.of(7, 8));
    expect([...labels]).toEqual([...(inputs['input']?.data ?? [])].map((i) => 100 + i));
  });
});

describe('split', () => {
  test('splits into two parts that share no example, and loses none', async () => {
    const fractions = fc.double({ min: 0, max: 1, noNaN: true });
    const holds = fc.asyncProperty(sizes, fractions, fc.nat(), async (size, fraction, seed) => {
      const [first, second] = split(counted(size), fraction, seed);
      expect(first.size).toBe(Math.round(size * fraction));
      const all = [...(await numbersIn(first)), ...(await numbersIn(second))];
      expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
    });
    await fc.assert(holds, { seed: 20260, numRuns: 60 });
  });

  test('depends on the seed, and does not just cut in the middle', async () => {
    const [first] = split(counted(60), 0.5, 3);
    expect(await numbersIn(first)).toEqual(await numbersIn(split(counted(60), 0.5, 3)[0]));
    expect(await numbersIn(first)).not.toEqual(await numbersIn(split(counted(60), 0.5, 4)[0]));
    expect(Math.max(...(await numbersIn(first)))).toBeGreaterThan(30);
  });

  test.each([-0.1, 1.1, Number.NaN])('refuses the fraction %f', (fraction) => {
    expect(() => split(counted(4), fraction, 0)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

describe('withoutLabels', () => {
  test('leaves no label at run time', async () => {
    const plain = withoutLabels(counted(3));
    expect(plain.hasLabels).toBe(false);
    expect(Object.keys(await plain.read(Int32Array.of(0, 2)))).toEqual(['inputs']);
    for await (const { examples } of batches(plain, 2)) expect('labels' in examples).toBe(false);
    expect(JSON.stringify([plain, await plain.read(Int32Array.of(0, 1, 2))])).not.toMatch(/10[0-2]/);
  });

  test('leaves no label in the type', async () => {
    const plain = withoutLabels(counted(3));
    expectTypeOf(plain).toEqualTypeOf<Dataset>();
    expectTypeOf(plain).not.toExtend<LabelledDataset>();
    const examples = await plain.read(Int32Array.of(0));
    expectTypeOf(examples).not.toHaveProperty('labels');
    // @ts-expect-error: there is no such property
    expect(examples.labels).toBeUndefined();
  });
});

describe('batchIndices', () => {
  test('cuts in order, and the last batch may be smaller', () => {
    expect(batchIndices(5, 2)).toEqual([Int32Array.of(0, 1), Int32Array.of(2, 3), Int32Array.of(4)]);
    expect(batchIndices(4, 2)).toHaveLength(2);
    expect(batchIndices(2, 64)).toEqual([Int32Array.of(0, 1)]);
    expect(batchIndices(0, 64)).toEqual([]);
  });

  test('with a seed holds every example once, in a repeatable order', () => {
    const cut = batchIndices(50, 7, 11);
    expect(cut.map(({ length }) => length)).toEqual([7, 7, 7, 7, 7, 7, 7, 1]);
    expect(cut.flatMap((part) => [...part]).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(batchIndices(50, 7, 11)).toEqual(cut);
    expect(batchIndices(50, 7, 12)).not.toEqual(cut);
  });

  test.each([0, 1.5, Number.NaN])('refuses batches of %f', (batchSize) => {
    expect(() => batchIndices(4, batchSize)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

describe('batches', () => {
  /** Records what is asked for and when it arrives. */
  function logged(size: number, log: string[]): Dataset {
    const data = withoutLabels(counted(size));
    const read: Dataset['read'] = async (indices, signal) => {
      log.push(`read ${indices.join()}`);
      await Promise.resolve();
      return data.read(indices, signal);
    };
    return { ...data, read };
  }

  test('reads the next batch while this one is used, and none twice', async () => {
    const log: string[] = [];
    for await (const { indices, examples } of batches(logged(5, log), 2)) {
      expect([...(examples.inputs['input']?.data ?? [])]).toEqual([...indices]);
      log.push(`work ${indices.join()}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(log).toEqual(['read 0,1', 'read 2,3', 'work 0,1', 'read 4', 'work 2,3', 'work 4']);
  });

  test('reads at most one batch ahead when it is abandoned', async () => {
    const log: string[] = [];
    for await (const { indices } of batches(logged(100, log), 1)) if (indices[0] === 1) break;
    expect(log).toEqual(['read 0', 'read 1', 'read 2']);
  });

  test('of a labelled dataset have labels, in their type too', async () => {
    for await (const { examples } of batches(counted(3), 3, { seed: 5 })) {
      expectTypeOf(examples.labels).toEqualTypeOf<Int32Array>();
      expect([...examples.labels]).toEqual([...(examples.inputs['input']?.data ?? [])].map((i) => 100 + i));
    }
  });

  test('end with the error of a read, and leave no rejection unhandled', async () => {
    const read = async (indices: Int32Array) => {
      if (indices[0] === 2) throw new Error('a torn page');
      return { inputs: {} };
    };
    const faulty: Dataset = { size: 6, inputs: {}, hasLabels: false, read };
    const seen: number[] = [];
    const iterate = async () => {
      for await (const { indices } of batches(faulty, 1)) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        seen.push(indices[0] ?? -1);
      }
    };
    await expect(iterate()).rejects.toThrow('a torn page');
    expect(seen).toEqual([0, 1]);
  });

  test('pass the signal to every read', async () => {
    const { signal } = new AbortController();
    const seen: unknown[] = [];
    const read = async (_: Int32Array, given?: AbortSignal) => {
      seen.push(given);
      return { inputs: {} };
    };
    for await (const _ of batches({ size: 2, inputs: {}, hasLabels: false, read }, 1, { signal }));
    expect(seen).toEqual([signal, signal]);
  });
});
