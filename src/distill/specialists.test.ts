import { expect, test } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import * as tf from '../runtime/tf.ts';
import { fromFunction } from '../teacher/fromFunction.ts';
import type { Teacher } from '../teacher/teacher.ts';
import { distill } from './distill.ts';
import { data, FEATURES, makeTeacher } from './distillCases.ts';
import { type Specialist, specialists } from './specialists.ts';
import { LEARN, oneTrainer } from './trainerCases.ts';
import { accuracyOf, noiseTeacher, unseen } from './unseenCases.ts';

const trainer = oneTrainer();

/** Knows only the sign of the last feature. */
const side = fromFunction(
  ({ input }) => {
    const { data: values, shape } = input as NdArray;
    const rows = Array.from({ length: shape[0] ?? 0 }, (_, i) => 4 * (values[(i + 1) * FEATURES - 1] as number));
    return { logits: { data: Float32Array.from(rows.flatMap((x) => [x, -x])), shape: [rows.length, 2] } };
  },
  { name: 'side' },
);

/** Its logits are its features too. */
const withFeatures = (teacher: Teacher): Teacher => ({
  ...teacher,
  async ask(inputs) {
    const { logits } = await teacher.ask(inputs);
    return { logits: logits as NdArray, features: logits as NdArray };
  },
});

/** Two heads on shared features. */
function twoHeaded() {
  const input = tf.input({ shape: [FEATURES] });
  const init = (seed: number) => tf.initializers.glorotUniform({ seed });
  const shared = tf.layers
    .dense({ units: 12, activation: 'relu', name: 'shared', kernelInitializer: init(1) })
    .apply(input) as tf.SymbolicTensor;
  const heads = [3, 2].map((units, k) =>
    tf.layers.dense({ units, name: `task_${k}`, kernelInitializer: init(2 + k) }).apply(shared),
  );
  return tf.model({ inputs: input, outputs: heads as tf.SymbolicTensor[] });
}

test.each([
  ['their answers', false],
  ['their answers and features', true],
])(
  'each head knows what its own specialist knows, from %s; noise in one spoils that head only',
  async (_, isAligned) => {
    const accuracies = [];
    for (const first of [makeTeacher().teacher, noiseTeacher()]) {
      const model = twoHeaded();
      const tasks = [
        { teacher: withFeatures(first), output: 'task_0', temperature: 1, ...(isAligned && { features: 'features' }) },
        { teacher: side, output: 'task_1', temperature: 1 },
      ];
      const given = specialists(tasks, isAligned ? { features: 'shared', weight: 0.1 } : {});
      const { student, report } = await distill({
        ...given,
        student: model,
        data,
        epochs: 25,
        ...LEARN,
        trainer: trainer(),
      }).done;
      expect(report.loss.name).toBe(isAligned ? 'weighted' : 'uncertaintyWeighted');
      const { task_1 } = await trainer().predict(student, { input: unseen });
      const isRight = (i: number) =>
        argMax(task_1?.data ?? [], 2 * i, 2) === ((unseen.data[(i + 1) * FEATURES - 1] as number) > 0 ? 0 : 1);
      const ofSide = Array.from({ length: 200 }, (__, i) => i).filter(isRight).length / 200;
      accuracies.push([await accuracyOf(trainer(), student, 'task_0'), ofSide]);
      model.dispose();
    }
    const [known, noise] = accuracies as [number[], number[]];
    expect(Math.min(...known)).toBeGreaterThan(0.85);
    expect(noise[0]).toBeLessThan(0.65);
    expect(noise[1]).toBeGreaterThan(0.85);
  },
);

const { teacher } = makeTeacher();
test.each<[string, unknown, object?]>([
  ['no task', []],
  ['no list', undefined],
  ['a task without a teacher', [{ output: 'a' }]],
  ['a task without an output', [{ teacher }]],
  [
    'two tasks with one output',
    [
      { teacher, output: 'a' },
      { teacher: side, output: 'a' },
    ],
  ],
  ['a temperature of 0', [{ teacher, output: 'a', temperature: 0 }]],
  ['an unknown option of a task', [{ teacher, output: 'a', weight: 2 }]],
  ['features of a teacher only', [{ teacher, output: 'a', features: 'f' }]],
  ['features of the student only', [{ teacher, output: 'a' }], { features: 'shared' }],
  ['a weight of 0', [{ teacher, output: 'a' }], { weight: 0 }],
  ['an unknown option', [{ teacher, output: 'a' }], { temperature: 2 }],
])('refuses %s', (_, tasks, options) => {
  expect(() => specialists(tasks as Specialist[], options)).toThrow(
    expect.objectContaining({ code: 'invalid-option' }),
  );
});

test('a head with other classes than its specialist is reported before the first step', async () => {
  const model = twoHeaded();
  const tasks = [
    { teacher: side, output: 'task_0' },
    { teacher, output: 'task_1' },
  ];
  const run = distill({ ...specialists(tasks), student: model, data, trainer: trainer() });
  await expect(run.done).rejects.toMatchObject({ code: 'class-mismatch' });
  model.dispose();
});
