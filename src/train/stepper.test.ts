import { afterEach, describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../core/random.ts';
import { crossEntropy } from '../losses/crossEntropy.ts';
import type { Loss } from '../losses/loss.ts';
import { softTargets } from '../losses/softTargets.ts';
import { weighted } from '../losses/weighted.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import type { Student } from '../student/student.ts';
import { cnn } from '../student/zoo/cnn.ts';
import { dsCnn } from '../student/zoo/dsCnn.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { mobilenetV1 } from '../student/zoo/mobilenetV1.ts';
import { resnet8 } from '../student/zoo/resnet8.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import type { TrainBatch } from './loop.ts';
import { trainingOn, weightsOf } from './loopCases.ts';
import { makeOptimizer } from './optimizer.ts';
import { trainStep } from './step.ts';
import { openStepper } from './stepper.ts';

const CLASSES = 3;
const loss = weighted([
  { loss: softTargets({ temperature: 2 }), weight: 0.5 },
  { loss: crossEntropy(), weight: 0.5 },
]);

interface Case {
  readonly student: () => Student;
  readonly shape: readonly number[];
  readonly vocabulary?: number;
}

const students: Record<string, Case> = {
  mlp: { student: () => mlp({ inputShape: [12], hidden: [9], classes: CLASSES }), shape: [12] },
  cnn: { student: () => cnn({ inputShape: [12, 12, 1], classes: CLASSES }), shape: [12, 12, 1] },
  'ds-cnn': { student: () => dsCnn({ inputShape: [11, 8, 1], filters: 8, classes: CLASSES }), shape: [11, 8, 1] },
  resnet8: { student: () => resnet8({ inputShape: [8, 8, 3], classes: CLASSES }), shape: [8, 8, 3] },
  'mobilenet-v1': {
    student: () => mobilenetV1({ inputShape: [32, 32, 3], alpha: 0.1, classes: CLASSES }),
    shape: [32, 32, 3],
  },
  'transformer-tiny': {
    student: () => transformerTiny({ length: 7, vocabulary: 11, width: 8, heads: 2, hidden: 12, classes: CLASSES }),
    shape: [7],
    vocabulary: 11,
  },
};

function batchOf({ shape, vocabulary }: Omit<Case, 'student'>, size: number, seed: number): TrainBatch {
  const random = seededRandom(seed);
  const length = shape.reduce((product, side) => product * side, size);
  const data =
    vocabulary === undefined
      ? Float32Array.from({ length }, () => 2 * random() - 1)
      : Int32Array.from({ length }, () => Math.floor(random() * vocabulary));
  return {
    inputs: { input: { data, shape: [size, ...shape] } },
    teacher: {
      logits: { data: Float32Array.from({ length: size * CLASSES }, () => 4 * random()), shape: [size, CLASSES] },
    },
    labels: Int32Array.from({ length: size }, () => Math.floor(random() * CLASSES)),
  };
}

/** As an epoch has them: the last batch is smaller. */
const sizes = [4, 4, 4, 2, 4, 4, 4, 2, 4, 4];

async function setUp({ student }: Pick<Case, 'student'>, chosen: Loss = loss) {
  const model = await buildStudent(await student().portable(), 3);
  const optimizer = makeOptimizer(tf, { learningRate: 0.01 });
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const free = () => {
    optimizer.dispose();
    model.dispose();
  };
  return { options: { model, optimizer, loss: chosen }, variables, free };
}

const mlpCase = students['mlp'] as Case;
afterEach(() => void vi.restoreAllMocks());

describe('steps that are replayed', () => {
  trainingOn('wasm');

  test.each(Object.entries(students))('%s: equal those through tfjs, bit for bit', async (_name, one) => {
    const eager = await setUp(one);
    const eagerLosses = sizes.map((size, i) =>
      trainStep(eager.options, eager.variables, batchOf(one, size, i), `step ${i}`),
    );
    const replayed = await setUp(one);
    const stepper = openStepper(replayed.options);
    const runKernel = vi.spyOn(tf.engine(), 'runKernel');
    const calls: number[] = [];
    const losses = sizes.map((size, i) => {
      runKernel.mockClear();
      const value = stepper.step(batchOf(one, size, i), `step ${i}`);
      calls.push(runKernel.mock.calls.length);
      return value;
    });
    expect(stepper.why).toBeUndefined();
    expect(losses).toEqual(eagerLosses);
    expect(weightsOf(replayed.options.model)).toEqual(weightsOf(eager.options.model));
    // Steps 1 and 2 go through tfjs, 3 is recorded, 5 is compared, the others of its size are replayed.
    expect(calls.map((count) => count > 5)).toEqual([true, true, true, true, true, false, false, true, false, false]);
    stepper[Symbol.dispose]();
    eager.free();
    replayed.free();
  });

  test('a batch that is not finite names itself, changes nothing, and the next one is learned', async () => {
    const one = students['resnet8'] as Case;
    const { options, free } = await setUp(one);
    const stepper = openStepper(options);
    for (let i = 0; i < 5; i++) stepper.step(batchOf(one, 4, i), `step ${i}`);
    const before = weightsOf(options.model);
    for (const at of ['inputs', 'teacher'] as const) {
      const batch = batchOf(one, 4, 9);
      (Object.values(batch[at])[0] as { data: Float32Array }).data[5] = Number.NaN;
      expect(() => stepper.step(batch, 'step 6')).toThrow(expect.objectContaining({ code: 'not-finite' }));
      expect(weightsOf(options.model)).toEqual(before);
    }
    const value = stepper.step(batchOf(one, 4, 5), 'step 7');
    expect(Number.isFinite(value)).toBe(true);
    expect(weightsOf(options.model)).not.toEqual(before);
    stepper[Symbol.dispose]();
    free();
  });

  test('weights that somebody replaced are those of the next step', async () => {
    const [planned, eager] = [await setUp(mlpCase), await setUp(mlpCase)];
    const stepper = openStepper(planned.options);
    for (let i = 0; i < 8; i++) {
      if (i === 5) {
        for (const { variables } of [planned, eager]) {
          tf.tidy(() => {
            const [first] = variables as [tf.Variable];
            first.assign(tf.fill(first.shape, 0.1));
          });
        }
      }
      const batch = batchOf(mlpCase, 4, i);
      expect(stepper.step(batch, '')).toBe(trainStep(eager.options, eager.variables, batch, ''));
    }
    expect(stepper.why).toBeUndefined();
    stepper[Symbol.dispose]();
    planned.free();
    eager.free();
  });

  test('keep neither tensors nor heap', async () => {
    const one = students['resnet8'] as Case;
    const { options, free } = await setUp(one);
    const stepper = openStepper(options);
    const step = (i: number) => stepper.step(batchOf(one, sizes[i % sizes.length] as number, i), '');
    for (let i = 0; i < 10; i++) step(i);
    const { numTensors, numBytes } = tf.memory();
    for (let i = 10; i < 200; i++) step(i);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    stepper[Symbol.dispose]();
    free();
  });
});

describe('steps that must go through tfjs', () => {
  trainingOn('wasm');

  test.each(['a loss that does not say it is static', 'a layer of another class'])('%s', async (name) => {
    const isLoss = name.startsWith('a loss');
    const { options, free } = await setUp(mlpCase, isLoss ? { ...loss, isStatic: undefined } : loss);
    if (!isLoss) (options.model.layers[1] as tf.layers.Layer).getClassName = () => 'Mine';
    const stepper = openStepper(options);
    expect(stepper.why).toMatch(isLoss ? /the loss "weighted"/ : /\(Mine\) may compute something else/);
    for (let i = 0; i < 6; i++) stepper.step(batchOf(mlpCase, 4, i), '');
    stepper[Symbol.dispose]();
    free();
  });

  test('a layer that draws random numbers is found out, and goes on learning', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: 'relu', inputShape: [12] }),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.dense({ units: CLASSES }),
      ],
    });
    const optimizer = makeOptimizer(tf, {});
    const stepper = openStepper({ model, optimizer, loss });
    for (let i = 0; i < 6; i++) stepper.step(batchOf(mlpCase, 4, 1), '');
    expect(stepper.why).toMatch(/same numbers twice|tfjs's own/);
    const before = weightsOf(model);
    stepper.step(batchOf(mlpCase, 4, 1), '');
    expect(weightsOf(model)).not.toEqual(before);
    stepper[Symbol.dispose]();
    optimizer.dispose();
    model.dispose();
  });
});
