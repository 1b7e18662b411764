// Whether students know what their teachers know, and nothing if these give noise.
import { describe, expect, test } from 'vitest';
import { argMax, mean } from '../core/stats.ts';
import { fromArrays } from '../data/arrays.ts';
import { confidenceWeighted } from '../losses/combination/confidenceWeighted.ts';
import { entropyWeighted } from '../losses/combination/entropyWeighted.ts';
import { learnedTeachers } from '../losses/combination/learnedTeachers.ts';
import { weighted } from '../losses/combination/weighted.ts';
import type { Loss } from '../losses/loss.ts';
import { localStructure } from '../losses/relation/localStructure.ts';
import { classWise } from '../losses/response/classWise.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import type * as tf from '../runtime/tf.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { ensemble } from '../teacher/ensemble.ts';
import type { Teacher } from '../teacher/teacher.ts';
import { distill } from './distill.ts';
import {
  CLASSES,
  data,
  FEATURES,
  labelled,
  labelsOf,
  logitsOf,
  makeStudent,
  makeTeacher,
  points,
} from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { LEARN, oneTrainer } from './trainerCases.ts';
import { accuracyOf, noiseTeacher, unseen } from './unseenCases.ts';

const trainer = oneTrainer();
const learn = (
  options: Omit<DistillOptions, 'trainer' | 'student'>,
  student: DistillOptions['student'] = makeStudent(),
) => distill({ epochs: 25, ...LEARN, ...options, student, trainer: trainer() }).done;
const loss = softTargets({ temperature: 1 });
const teacherOutputs = ['logits@0', 'logits@1'];

/** The same as another, softer teacher. */
const softer = (teacher: Teacher): Teacher => ({
  ...teacher,
  async ask(inputs) {
    const { logits } = await teacher.ask(inputs);
    return { logits: { data: Float32Array.from(logits?.data ?? [], (z) => z / 2), shape: logits?.shape ?? [] } };
  },
});

test.each<[string, (teacher: Teacher) => Omit<DistillOptions, 'trainer' | 'student'>]>([
  ['offline', (teacher) => ({ teacher, data, loss })],
  ['the mean of logits', (teacher) => ({ teacher: ensemble([teacher, softer(teacher)]), data, loss })],
  [
    'the mean of probabilities',
    (teacher) => ({ teacher: ensemble([teacher, softer(teacher)], { mean: 'probs' }), data, loss }),
  ],
  [
    'the mean of losses',
    (teacher) => ({
      teacher: ensemble([teacher, softer(teacher)], { mean: 'losses' }),
      data,
      loss: weighted(teacherOutputs.map((teacherOutput) => ({ loss: softTargets({ teacherOutput }), weight: 0.5 }))),
    }),
  ],
  [
    'entropyWeighted',
    (teacher) => ({
      teacher: ensemble([teacher, softer(teacher)], { mean: 'losses' }),
      data,
      loss: entropyWeighted({ teacherOutputs }),
    }),
  ],
  [
    'confidenceWeighted',
    (teacher) => ({
      teacher: ensemble([teacher, softer(teacher)], { mean: 'losses' }),
      data: labelled,
      loss: confidenceWeighted({ teacherOutputs }),
    }),
  ],
  [
    'learnedTeachers',
    (teacher) => ({
      teacher: ensemble([teacher, softer(teacher)], { mean: 'losses' }),
      data,
      loss: learnedTeachers({ teacherOutputs, features: 'dense_1', temperature: 2 }),
    }),
  ],
])('%s', async (_, options) => {
  expect(await accuracyOf(trainer(), (await learn(options(makeTeacher().teacher))).student)).toBeGreaterThan(0.85);
  expect(await accuracyOf(trainer(), (await learn(options(noiseTeacher()))).student)).toBeLessThan(0.65);
});

describe('of two teachers, one of which gives noise,', () => {
  const learnFrom = async (weighing: Loss, ...members: Teacher[]) => {
    const teacher = ensemble(members, { mean: 'losses' });
    return accuracyOf(trainer(), (await learn({ teacher, data: labelled, loss: weighing })).student);
  };

  test('entropyWeighted follows the more confident one, right or wrong', async () => {
    const loss = entropyWeighted({ teacherOutputs });
    /** So soft that it says almost nothing. */
    const faint = (teacher: Teacher) => softer(softer(softer(teacher)));
    expect(await learnFrom(loss, makeTeacher().teacher, faint(noiseTeacher()))).toBeGreaterThan(0.85);
    expect(await learnFrom(loss, noiseTeacher(), faint(makeTeacher().teacher))).toBeLessThan(0.7);
  });

  test('confidenceWeighted follows the one that the labels confirm', async () => {
    const loss = confidenceWeighted({ teacherOutputs });
    expect(await learnFrom(loss, noiseTeacher(), makeTeacher().teacher)).toBeGreaterThan(0.85);
  });
});

/** Each unseen example with its nearest by the answers. */
function neighbours({ data: said, shape }: { data: ArrayLike<number>; shape: readonly number[] }, k = 8): Set<string> {
  const [count = 0, width = 1] = shape;
  const pairs = new Set<string>();
  for (let i = 0; i < count; i++) {
    const apart = Array.from({ length: count }, (_, j) => {
      let sum = 0;
      for (let f = 0; f < width; f++) sum += ((said[i * width + f] as number) - (said[j * width + f] as number)) ** 2;
      return { j, sum };
    });
    for (const { j } of apart.sort((a, b) => a.sum - b.sum).slice(1, k + 1)) pairs.add(`${i} ${j}`);
  }
  return pairs;
}

test('localStructure: the student keeps the teacher’s neighbours', async () => {
  const ofTeacher = neighbours(logitsOf(unseen));
  const shares = [];
  for (const teacher of [makeTeacher().teacher, noiseTeacher()]) {
    const { student } = await learn({
      teacher,
      data: fromArrays(points(100, 7)),
      loss: localStructure(),
      batchSize: 32,
    });
    const { logits } = await trainer().predict(student, { input: unseen });
    const own = neighbours(logits as NonNullable<typeof logits>);
    shares.push([...ofTeacher].filter((pair) => own.has(pair)).length / ofTeacher.size);
  }
  expect(shares[0]).toBeGreaterThan(0.5);
  expect(shares[1]).toBeLessThan(0.35);
});

test('classWise: the answer to another example of the class, which examples of all classes would flatten', async () => {
  const sizes = [];
  for (const isNoise of [false, true]) {
    const mates = classWise({ temperature: 1 });
    const term: Loss = {
      ...mates,
      compute(lib, tensors) {
        const labels = isNoise ? lib.reverse(tensors.labels as tf.Tensor1D) : tensors.labels;
        return mates.compute(lib, { ...tensors, labels: labels as tf.Tensor1D });
      },
    };
    const both = weighted([
      { loss: crossEntropy(), weight: 1 },
      { loss: term, weight: 3 },
    ]);
    const { student } = await learn({ data: labelled, loss: { ...both, name: 'of its own', isStatic: false } });
    if (!isNoise) expect(await accuracyOf(trainer(), student)).toBeGreaterThan(0.85);
    const { logits } = await trainer().predict(student, { input: unseen });
    sizes.push(mean(Array.from(logits?.data ?? [], Math.abs)));
  }
  expect(sizes[0]).toBeGreaterThan(1.5 * (sizes[1] as number));
});

test('teacherData: what is seen in pairs is learned in pairs', async () => {
  const [seen, later] = [points(100, 71), unseen];
  // The other modality of the same example: each number repeated, mixed with the next.
  const heard = ({ data: values, shape }: typeof seen) => ({
    data: Float32Array.from(
      values,
      (value, i) => value + 0.5 * (values[i % FEATURES === FEATURES - 1 ? i : i + 1] as number),
    ),
    shape,
  });
  const accuracies = [];
  for (const teacher of [makeTeacher().teacher, noiseTeacher()]) {
    const pairs = { data: fromArrays(heard(seen)), teacherData: fromArrays(seen) };
    const { student } = await learn(
      { teacher, ...pairs, loss, epochs: 15 },
      mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [8] }),
    );
    const { logits } = await trainer().predict(student, { input: heard(later) });
    const right = labelsOf(later).filter((label, i) => argMax(logits?.data ?? [], i * CLASSES, CLASSES) === label);
    accuracies.push(right.length / 200);
  }
  expect(accuracies[0]).toBeGreaterThan(0.85);
  expect(accuracies[1]).toBeLessThan(0.65);
});
