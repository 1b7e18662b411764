import { afterEach, describe, expect, test, vi } from 'vitest';
import { currentKernels } from '../runtime/kernels/install.ts';
import * as tf from '../runtime/tf.ts';
import type { TrainBatch } from './batch.ts';
import { bytesOf, engineOn, problem, sourceOf } from './engineCases.ts';
import { trainingOn, weightsOf } from './loopCases.ts';
import { openStepper } from './stepper.ts';
import { batchOf, type Case, setUp, students } from './stepperCases.ts';

const tooMany = expect.objectContaining({ code: 'out-of-memory' });
/** Batch normalization has statistics, which change before it is known whether a step is valid. */
const one = students['resnet8'] as Case;

afterEach(() => void vi.restoreAllMocks());

/** From call `first` on (counted from 0) the heap is full, until the returned function is called. */
function endMemory(first: number): { restore(): void; calls(): number } {
  const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
  const { _malloc: malloc } = wasm;
  let calls = 0;
  // The whole heap and more: the compiled malloc itself gives 0.
  wasm._malloc = (bytes) => malloc(calls++ < first ? bytes : 2 ** 32 - 64);
  return {
    restore: () => {
      wasm._malloc = malloc;
    },
    calls: () => calls,
  };
}

describe('a step for which the heap is full', () => {
  trainingOn('wasm');

  /** Steps before the one that fails: an eager one, the recorded one, the one that is computed both ways. */
  test.each([
    ['an eager', 1],
    ['a recorded', 2],
    ['a compared', 3],
  ])('%s one changes nothing, wherever it fails, and the next works', async (_name, before) => {
    const reference = await setUp(one);
    const expected = openStepper(reference.options);
    const expectedLosses = [0, 1, 2, 3, 4, 5].map((i) => expected.step(batchOf(one, 4, i), ''));
    // How many blocks such a step allocates.
    const counted = await setUp(one);
    const counter = openStepper(counted.options);
    for (let i = 0; i < before; i++) counter.step(batchOf(one, 4, i), '');
    const all = endMemory(Number.POSITIVE_INFINITY);
    counter.step(batchOf(one, 4, before), '');
    all.restore();
    const blocks = all.calls();
    expect(blocks).toBeGreaterThan(20);
    const places = [
      0,
      1,
      2,
      5,
      Math.floor(blocks / 4),
      Math.floor(blocks / 2),
      Math.floor((3 * blocks) / 4),
      blocks - 1,
    ];
    for (const place of places) {
      const { options, free } = await setUp(one);
      const stepper = openStepper(options);
      for (let i = 0; i < before; i++) stepper.step(batchOf(one, 4, i), '');
      const weights = weightsOf(options.model);
      const tensors = tf.memory().numTensors;
      const memory = endMemory(place);
      expect(() => stepper.step(batchOf(one, 4, before), ''), `block ${place} of ${blocks}`).toThrow(tooMany);
      memory.restore();
      expect(weightsOf(options.model)).toEqual(weights);
      // Statistics get fixed addresses when a step is first recorded, and keep them.
      const homes = before === 2 ? options.model.nonTrainableWeights.length : 0;
      expect([tensors, tensors + homes]).toContain(tf.memory().numTensors);
      const losses = [before, before + 1, before + 2].map((i) => stepper.step(batchOf(one, 4, i), ''));
      expect(losses).toEqual(expectedLosses.slice(before, before + 3));
      stepper[Symbol.dispose]();
      free();
    }
    for (const { free } of [reference, counted]) free();
    for (const stepper of [expected, counter]) stepper[Symbol.dispose]();
  });

  test('a recording that needs more memory than there is falls back to steps through tfjs', async () => {
    const [planned, eager] = [await setUp(one), await setUp(one)];
    const [stepper, plain] = [openStepper(planned.options), openStepper(eager.options)];
    for (let i = 0; i < 6; i++) {
      const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
      const { _malloc: malloc } = wasm;
      let calls = 0;
      // Once, in the middle of the recorded step.
      if (i === 2) wasm._malloc = (bytes) => malloc(calls++ === 15 ? 2 ** 32 - 64 : bytes);
      const loss = stepper.step(batchOf(one, 4, i), '');
      wasm._malloc = malloc;
      expect(loss).toBe(plain.step(batchOf(one, 4, i), ''));
    }
    expect(stepper.why).toMatch(/no room/);
    expect(weightsOf(planned.options.model)).toEqual(weightsOf(eager.options.model));
    for (const { free } of [planned, eager]) free();
    for (const used of [stepper, plain]) used[Symbol.dispose]();
  });

  test('a replayed one allocates memory in the optimizer only, and changes nothing either', async () => {
    const { options, variables, free } = await setUp(one);
    const stepper = openStepper(options);
    const batch: TrainBatch = batchOf(one, 4, 1);
    for (let i = 0; i < 6; i++) stepper.step(batchOf(one, 4, i), '');
    expect(stepper.why).toBeUndefined();
    const untouched = endMemory(0);
    stepper.step(batch, '');
    untouched.restore();
    expect(untouched.calls()).toBe(0);
    // A clone keeps the old values, so the optimizer makes a copy.
    const clones = variables.slice(0, 2).map((variable) => variable.clone());
    for (const place of [0, 1]) {
      const weights = weightsOf(options.model);
      const tensors = tf.memory().numTensors;
      const memory = endMemory(place);
      expect(() => stepper.step(batch, '')).toThrow(tooMany);
      memory.restore();
      expect(weightsOf(options.model)).toEqual(weights);
      expect(tf.memory().numTensors).toBe(tensors);
      if (place === 0) continue;
      expect(Number.isFinite(stepper.step(batch, ''))).toBe(true);
      expect(weightsOf(options.model)).not.toEqual(weights);
    }
    tf.dispose(clones);
    stepper[Symbol.dispose]();
    free();
  });

  test('a tensor that is too large by itself is refused before anything is written', () => {
    const start = () => [...(currentKernels()?.bytes().subarray(0, 64) ?? [])];
    const before = start();
    const tensors = tf.memory().numTensors;
    const make = (bytes: number) => tf.tidy(() => void tf.fill([bytes / 4], 7));
    for (const bytes of [4_294_967_000, 6e9, 2 ** 33]) expect(() => make(bytes)).toThrow(tooMany);
    // One of 3 GB may just fit, two do not.
    const backend = tf.backend() as tf.BackendWasm;
    const made: tf.TensorInfo[] = [];
    expect(() => {
      for (let i = 0; i < 2; i++) made.push(backend.makeOutput([750_000_000], 'float32'));
    }).toThrow(tooMany);
    for (const { dataId } of made) backend.disposeData(dataId);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(start()).toEqual(before);
  });
});

describe('a run for which the heap is full', () => {
  const { train } = engineOn('wasm');

  /** The loop reads one batch ahead: read n + 1 happens before step n. */
  test.each([
    ['an eager', 2],
    ['the recorded', 3],
    ['the compared', 4],
  ])(
    'ends with out-of-memory in %s step, and returns the student as the previous step left it',
    async (_name, step) => {
      const source = sourceOf(problem);
      const atRead = (number: number, action: () => void) => {
        let reads = 0;
        const read: typeof source.read = async (indices) => {
          if (++reads === number) action();
          return source.read(indices);
        };
        return train({ epochs: 3 }, { ...source, read });
      };
      let memory: ReturnType<typeof endMemory> | undefined;
      const full = await atRead(step + 1, () => {
        memory = endMemory(0);
      });
      memory?.restore();
      expect(full.error).toMatchObject({ code: 'out-of-memory', message: expect.stringContaining('smaller batch') });
      const stopped = await atRead(step, () => {
        throw new Error('enough');
      });
      expect(stopped.error).toMatchObject({ message: 'enough' });
      expect(bytesOf(full.artifacts)).toEqual(bytesOf(stopped.artifacts));
      const untouched = await train({ epochs: 0, size: 0 });
      expect(bytesOf(full.artifacts)).not.toEqual(bytesOf(untouched.artifacts));
      expect((await train()).error).toBeUndefined();
    },
  );
});
