import { describe, expect, test } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import type { Loss } from '../losses/loss.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { regression } from '../losses/response/regression.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { studentFromArtifacts } from '../student/student.ts';
import { distill } from './distill.ts';
import {
  CLASSES,
  FEATURES,
  HELD_OUT,
  heldOutPoints,
  holdout,
  labelled,
  logitsOf,
  makeTeacher,
  weightsOf,
  working,
} from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { oneTrainer } from './trainerCases.ts';

/** A number for each point. */
const ageOf = ({ data, shape: [count = 0] }: NdArray): NdArray => ({
  data: Float32Array.from({ length: count }, (_, i) => 2 * (data[FEATURES * i] as number) - 1),
  shape: [count, 1],
});

/** The same weights for each, whatever the name of the last layer. */
async function studentWith(units: number, name: string) {
  const init = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: 'relu', inputShape: [FEATURES], kernelInitializer: init(1) }),
      tf.layers.dense({ units, name, kernelInitializer: init(2) }),
    ],
  });
  const artifacts = await artifactsOf(model);
  model.dispose();
  return studentFromArtifacts('one output', artifacts);
}

describe.each(['cpu', 'wasm'] as const)('on %s, a loss may call the only output by its layer’s name', (backend) => {
  const trainer = oneTrainer({ worker: 'none', ...backendOptions(backend) });

  async function run(units: number, loss: Loss, changed: Partial<DistillOptions> = {}) {
    const both = (answer: NdArray) => ({ logits: answer, age: answer });
    const { teacher } = makeTeacher((input) => both(units === 1 ? ageOf(input) : logitsOf(input)));
    const student = await studentWith(units, 'age');
    const { report } = await distill(
      working(trainer(), { teacher, student, loss, data: labelled, holdout, epochs: 20, ...changed }),
    ).done;
    return { report, student };
  }

  test('a regression learns the same by either name', async () => {
    const optimizer = { learningRate: 0.02 };
    const named = await run(1, regression({ output: 'age' }), { optimizer });
    const plain = await run(1, regression({ output: 'logits' }), { optimizer });
    expect(weightsOf(named.student)).toEqual(weightsOf(plain.student));
    expect(named.report.epochs.at(-1)?.loss).toBeLessThan(0.2 * (named.report.epochs[0]?.loss as number));
    expect(named.report.holdout).toEqual(plain.report.holdout);
    const { logits } = await trainer().predict(named.student, { input: heldOutPoints });
    expect(logits?.shape).toEqual([HELD_OUT, 1]);
  });

  test.each([
    ['soft targets', (output: string) => softTargets({ output })],
    ['labels', (output: string) => crossEntropy({ output })],
  ])('a classifier by %s has the same weights and the same metrics', async (_, loss) => {
    const [named, plain] = [await run(CLASSES, loss('age')), await run(CLASSES, loss('logits'))];
    expect(weightsOf(named.student)).toEqual(weightsOf(plain.student));
    expect(named.report.holdout['accuracy']).toBeGreaterThan(0);
    expect(named.report.holdout).toEqual(plain.report.holdout);
  });

  test('a self teacher and a control too', async () => {
    const selfTeacher = { kind: 'mean', answers: { self: 'age' } } as const;
    const loss = softTargets({ output: 'age', teacherOutput: 'self' });
    const { report } = await run(CLASSES, loss, { selfTeacher, control: true, epochs: 2 });
    expect(report.control?.reason).toBeUndefined();
    expect(report.control?.holdout?.['accuracy']).toBeGreaterThan(0);
  });

  test('a missing output of a teacher is refused with the existing name', async () => {
    const { teacher } = makeTeacher((input) => ({ logits: ageOf(input) }));
    await expect(run(1, regression({ output: 'age' }), { teacher })).rejects.toMatchObject({
      code: 'unknown-output',
      message: expect.stringContaining('teacherOutput: "logits"'),
    });
  });
});
