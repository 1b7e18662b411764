import { afterEach, describe, expect, test, vi } from 'vitest';
import type { NamedArrays } from '../../core/shape.ts';
import * as tf from '../tf.ts';
import { outOfMemory } from './allocation.ts';
import { beginOnWasm, readBinaries } from './cases/binaryCases.ts';
import { type InstalledKernels, installKernels } from './install.ts';
import { makePlans, type PlansOptions } from './plans.ts';

const binaryOf = readBinaries();
beginOnWasm();

const disposals: (() => void)[] = [];
afterEach(() => {
  for (const dispose of disposals.splice(0)) dispose();
});

const batch = (size: number, from = 0): NamedArrays => ({
  x: { data: Float32Array.from({ length: size }, (_, i) => i + from), shape: [size, 1] },
});

/** y = 2x + 1, on the kernels unless told otherwise. */
async function open(options: Partial<PlansOptions> = {}) {
  const kernels = await installKernels(binaryOf('simd'));
  const compute = vi.fn((inputs: Readonly<Record<string, tf.Tensor>>) =>
    tf.tidy(() => [tf.add(tf.mul(inputs['x'] as tf.Tensor, 2), 1)]),
  );
  const plans = makePlans({ compute, ...options });
  disposals.push(plans.dispose);
  const ask = (inputs: NamedArrays, on: InstalledKernels = kernels) => Array.from(plans.run(on, inputs)[0]?.data ?? []);
  return { kernels, compute, plans, ask };
}

describe('a shape of inputs', () => {
  test('is computed, recorded, and replayed from then on', async () => {
    const { compute, ask } = await open();
    for (let from = 0; from < 5; from++) expect(ask(batch(3, from))).toEqual([1, 3, 5].map((y) => y + 2 * from));
    expect(compute).toHaveBeenCalledTimes(2);
    expect(ask(batch(2, 5))).toEqual([11, 13]);
    expect(ask(batch(3, 7))).toEqual([15, 17, 19]);
    expect(compute).toHaveBeenCalledTimes(3);
  });

  test('that was not used for a long time is forgotten, and its memory is freed', async () => {
    const { compute, plans, ask } = await open({ mostPlans: 2 });
    const before = tf.memory().numTensors;
    for (const size of [1, 1, 2, 3, 2, 3]) ask(batch(size));
    expect(compute).toHaveBeenCalledTimes(4);
    ask(batch(1));
    expect(compute).toHaveBeenCalledTimes(5);
    expect(tf.memory().numTensors).toBe(before + 4);
    plans.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('that cannot be recorded is computed each time', async () => {
    const compute = vi.fn(({ x }: Readonly<Record<string, tf.Tensor>>) => tf.tidy(() => [tf.sin(x as tf.Tensor)]));
    const { ask } = await open({ compute });
    for (let i = 0; i < 6; i++) expect(ask(batch(2, i))[1]).toBeCloseTo(Math.sin(1 + i), 6);
    expect(compute).toHaveBeenCalledTimes(6);
  });

  test('takes one thread where its own runs are faster so, and all where they are not', async () => {
    for (const [oneMs, allMs] of [
      [1, 3],
      [3, 1],
    ] as const) {
      const { kernels, ask } = await open();
      let [clock, isAlone] = [0, false];
      const taken: number[] = [];
      const timed: InstalledKernels = {
        ...{ ...kernels, threads: 2 },
        alone(work) {
          isAlone = true;
          const result = work();
          isAlone = false;
          return result;
        },
        record(work) {
          const recording = kernels.record(work);
          const { plan } = recording;
          const run = () => {
            taken.push(isAlone ? oneMs : allMs);
            clock += isAlone ? oneMs : allMs;
            plan?.run();
          };
          return plan === undefined ? recording : { ...recording, plan: { ...plan, run } };
        },
      };
      vi.spyOn(performance, 'now').mockImplementation(() => clock);
      for (let from = 0; from < 300; from++) expect(ask(batch(2, from), timed)).toEqual([1 + 2 * from, 3 + 2 * from]);
      // Both were tried, and the faster one stays.
      expect(new Set(taken)).toEqual(new Set([1, 3]));
      expect(new Set(taken.slice(-100))).toEqual(new Set([1]));
      vi.restoreAllMocks();
    }
  });

  test('is computed again on other kernels than it was recorded on', async () => {
    const { compute, ask } = await open();
    ask(batch(2));
    ask(batch(2));
    const others = await installKernels(binaryOf('simd'));
    expect(ask(batch(2, 3), others)).toEqual([7, 9]);
    expect(compute).toHaveBeenCalledTimes(3);
  });
});

test('if memory is short, other shapes are forgotten first', async () => {
  let isFull = false;
  const compute: PlansOptions['compute'] = ({ x }) => {
    if (isFull) {
      isFull = false;
      throw outOfMemory(1);
    }
    return tf.tidy(() => [tf.add(x as tf.Tensor, 1)]);
  };
  const { ask } = await open({ compute });
  ask(batch(2));
  ask(batch(2));
  const before = tf.memory().numTensors;
  isFull = true;
  expect(ask(batch(3))).toEqual([1, 2, 3]);
  expect(tf.memory().numTensors).toBe(before - 2);
  isFull = true;
  expect(() => ask(batch(4))).toThrow('no room');
});
