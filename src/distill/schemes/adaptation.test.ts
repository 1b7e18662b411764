import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import type { NdArray } from '../../core/shape.ts';
import { argMax } from '../../core/stats.ts';
import { fromArrays } from '../../data/arrays.ts';
import { crossEntropy } from '../../losses/crossEntropy.ts';
import type { Student } from '../../student/student.ts';
import { mlp } from '../../student/zoo/mlp.ts';
import { openTrainer, type Trainer } from '../../train/trainer.ts';
import { distill } from '../distill.ts';
import {
  CLASSES,
  data,
  FEATURES,
  HERE,
  holdout,
  labelsOf,
  makeStudent,
  makeTeacher,
  points,
  weightsOf,
} from '../distillCases.ts';
import { noiseTeacher, accuracyOf as ofUnseen, unseen } from '../unseenCases.ts';
import { blackBox } from './blackBox.ts';
import { type SourceFreeEvent, sourceFree } from './sourceFree.ts';
import { withoutForgetting } from './withoutForgetting.ts';

let trainer: Trainer;
let tensorsBefore = 0;
beforeAll(async () => {
  trainer = await openTrainer(HERE);
  tensorsBefore = (await trainer.memory()).tensors;
});
afterAll(async () => {
  expect((await trainer.memory()).tensors).toBe(tensorsBefore);
  await trainer[Symbol.asyncDispose]();
});

const LEARN = { batchSize: 16, optimizer: { learningRate: 0.02 } } as const;

/** The share of right answers among classes from…to. */
async function rightOf(student: Student, input: NdArray, labels: readonly number[], from = 0, to = CLASSES) {
  const { logits } = await trainer.predict(student, { input });
  const width = logits?.shape[1] as number;
  const right = labels.filter((label, i) => from + argMax(logits?.data ?? [], i * width + from, to - from) === label);
  return right.length / labels.length;
}

async function trained(
  labels: (of: NdArray) => readonly number[],
  student = makeStudent(),
  shown = points(300, 11),
): Promise<Student> {
  await distill({
    student,
    data: fromArrays(shown, [...labels(shown)]),
    loss: crossEntropy(),
    epochs: 25,
    trainer,
    ...LEARN,
  }).done;
  return student;
}

describe('sourceFree', () => {
  const centers = [
    [1, 0, 0.3, 0],
    [-0.5, 0.9, 0, 0.3],
    [-0.5, -0.9, -0.3, 0],
  ];
  /** Heaps with room between them, which is what this method lives on. */
  const heaps = (count: number, seed: number): NdArray => {
    const { data: spread } = points(count, seed);
    const at = (i: number) =>
      (centers[Math.floor(i / FEATURES) % CLASSES]?.[i % FEATURES] as number) + 0.5 * (spread[i] as number);
    return { data: Float32Array.from(spread, (_, i) => at(i)), shape: [count, FEATURES] };
  };
  const classesOf = ({ shape }: NdArray) => Array.from({ length: shape[0] as number }, (_, i) => i % CLASSES);
  /** The same, seen by another camera: turned in the plane of the first two features, and moved. */
  function turned({ data: values, shape }: NdArray): NdArray {
    const [cos, sin] = [Math.cos(0.7), Math.sin(0.7)];
    const seen = Float32Array.from(values, (value, at) => {
      const first = at - (at % FEATURES);
      const [x, y] = [values[first] as number, values[first + 1] as number];
      return at % FEATURES === 0 ? cos * x - sin * y + 0.3 : at % FEATURES === 1 ? sin * x + cos * y + 0.3 : value;
    });
    return { data: seen, shape };
  }
  const target = fromArrays(turned(heaps(300, 21)));
  const tested = heaps(200, 22);

  test('makes a student better on data of another kind, out of what it knew, right or wrong', async () => {
    const gains = [];
    for (const labels of [classesOf, (of: NdArray) => classesOf(of).map((label) => (label + 1) % CLASSES)]) {
      const student = await trained(labels, makeStudent(), heaps(300, 11));
      const before = await rightOf(student, turned(tested), classesOf(tested));
      await sourceFree({
        student,
        data: target,
        rounds: 15,
        trainer,
        batchSize: 64,
        optimizer: { learningRate: 0.01 },
      }).done;
      gains.push({ before, after: await rightOf(student, turned(tested), classesOf(tested)) });
    }
    const [known, wrong] = gains as [{ before: number; after: number }, { before: number; after: number }];
    expect(known.after).toBeGreaterThan(known.before + 0.05);

    expect(known.after).toBeGreaterThan(0.9);
    // Heaps are found all the same; which is which comes from the student alone.
    expect(wrong.after).toBeLessThan(0.1);
  });

  test('keeps the classifier bit for bit, tells its rounds, and gives back a student that learns on', async () => {
    const student = await trained(labelsOf);
    const before = weightsOf(student).slice();
    const topology = student.artifacts?.modelTopology;
    const events: SourceFreeEvent[] = [];
    const run = sourceFree({ student, data: target, rounds: 2, trainer, holdout });
    for await (const event of run) events.push(event);
    const { reports } = await run.done;
    const after = weightsOf(student);
    const classifier = (CLASSES + 8 * CLASSES) as number;
    expect(after.slice(-classifier)).toEqual(before.slice(-classifier));
    expect(after.slice(0, -classifier)).not.toEqual(before.slice(0, -classifier));
    expect(student.artifacts?.modelTopology).toEqual(topology);
    expect(reports).toHaveLength(2);
    expect(reports[0]?.holdout['accuracy']).toBeGreaterThan(0);
    const told = events.filter((event) => event.type === 'labels');
    expect(told.map(({ round }) => round)).toEqual([1, 2]);
    expect(events.filter((event) => event.type === 'epoch').map(({ round }) => round)).toEqual([1, 2]);
  });

  test('needs a student that was trained, and says what else is wrong', async () => {
    await expect(sourceFree({ student: makeStudent(), data: target, trainer }).done).rejects.toThrow(
      expect.objectContaining({ code: 'student-invalid' }),
    );
    const student = await trained(labelsOf);
    for (const wrong of [{ rounds: 0 }, { pseudoLabels: -1 }, { epochs: 3 }, { data: undefined }]) {
      const run = sourceFree({ student, data: target, trainer, ...wrong } as never);
      await expect(run.done).rejects.toThrow(expect.objectContaining({ code: 'invalid-option' }));
    }
  });

  test('stops when it is told to, with the student as the last step left it', async () => {
    const student = await trained(labelsOf);
    const before = weightsOf(student).slice();
    const run = sourceFree({ student, data: target, rounds: 50, trainer, ...LEARN });
    for await (const event of run) {
      if (event.type === 'epoch') break;
    }
    run.cancel();
    await expect(run.done).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    expect(weightsOf(student)).not.toEqual(before);
    expect(weightsOf(student).every(Number.isFinite)).toBe(true);
  });
});

describe('blackBox', () => {
  test('learns what the outputs tell, and nothing from noise', async () => {
    const accuracies = [];
    for (const teacher of [makeTeacher().teacher, noiseTeacher()]) {
      const student = makeStudent();
      const run = blackBox({ teacher, student, data: fromArrays(points(200, 31)), rounds: 15, trainer, ...LEARN });
      const { reports } = await run.done;
      expect(reports).toHaveLength(16);
      accuracies.push(await ofUnseen(trainer, student));
    }
    expect(accuracies[0]).toBeGreaterThan(0.85);
    expect(accuracies[1]).toBeLessThan(0.65);
  });

  test('asks the teacher once about each example, with and without mixing', async () => {
    for (const mixup of [0, 0.3]) {
      const { teacher, asked } = makeTeacher();
      const run = blackBox({
        teacher,
        student: makeStudent(),
        data,
        holdout,
        rounds: 3,
        mixup,
        trainer,
        fineTuneEpochs: 0,
        ...LEARN,
      });
      const { reports } = await run.done;
      expect(asked()).toBe(data.size + holdout.size);
      expect(reports.map(({ examples }) => examples)).toEqual(new Array(3).fill(mixup > 0 ? 2 * data.size : data.size));
      expect(reports[2]?.holdout['agreement']).toBeGreaterThan(0);
    }
  });

  test('gives the same student for the same seed', async () => {
    const weights = [];
    for (const seed of [1, 1, 2]) {
      const student = makeStudent();
      await blackBox({ teacher: makeTeacher().teacher, student, data, rounds: 2, seed, trainer, ...LEARN }).done;
      weights.push(weightsOf(student));
    }
    expect(weights[1]).toEqual(weights[0]);
    expect(weights[2]).not.toEqual(weights[0]);
  });

  test.each([
    { rounds: 0 },
    { top: 0 },
    { top: 4 },
    { memory: 2 },
    { mixup: -1 },
    { fineTuneEpochs: -1 },
    { teacher: undefined },
    { epoch: 1 },
  ])('refuses %o', async (wrong) => {
    const run = blackBox({ teacher: makeTeacher().teacher, student: makeStudent(), data, trainer, ...wrong } as never);
    await expect(run.done).rejects.toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

describe('withoutForgetting', () => {
  const sideOf = (feature: number, first: number) => (of: NdArray) =>
    Array.from(
      { length: of.shape[0] as number },
      (_, i) => first + ((of.data[i * FEATURES + feature] as number) > 0 ? 1 : 0),
    );
  const formerly = sideOf(1, 0);
  const newly = sideOf(0, 2);
  // None of them is where the former border is.
  const shown = points(200, 41);
  const added = fromArrays(shown, newly(shown));
  const learn = { epochs: 25, trainer, ...LEARN };

  test('learns new classes and keeps the former ones, unless who remembers says noise', async () => {
    const before = await trained(formerly, mlp({ inputShape: [FEATURES], classes: 2, hidden: [8] }));
    const random = seededRandom(4);
    const noise = makeTeacher(({ shape: [count = 0] }) => ({
      logits: { data: Float32Array.from({ length: count * 2 }, () => 8 * random() - 4), shape: [count, 2] },
    })).teacher;
    const kept = [];
    for (const former of [undefined, noise]) {
      const { student, report } = await withoutForgetting({
        student: before,
        data: added,
        classes: 4,
        ...(former && { former }),
        ...learn,
        trainer,
        holdout: added,
      }).done;
      expect(report.loss.name).toBe('weighted');
      expect(await rightOf(student, unseen, newly(unseen), 2, 4)).toBeGreaterThan(0.9);
      kept.push(await rightOf(student, unseen, formerly(unseen), 0, 2));
    }
    expect(kept[0]).toBeGreaterThan(0.9);
    expect(kept[1]).toBeLessThan(0.75);
    // The one that was given stays as it was.
    expect(await rightOf(before, unseen, formerly(unseen), 0, 2)).toBeGreaterThan(0.9);
    expect((await trainer.predict(before, { input: unseen }))['logits']?.shape).toEqual([200, 2]);
  });

  test('says what is wrong', async () => {
    const student = await trained(formerly, mlp({ inputShape: [FEATURES], classes: 2, hidden: [8] }));
    const codeOf = (changed: object) =>
      withoutForgetting({ student, data: added, classes: 4, trainer, ...changed } as never).done.catch(
        (error) => error.code,
      );
    expect(await codeOf({ student: makeStudent() })).toBe('student-invalid');
    expect(await codeOf({ data })).toBe('labels-missing');
    expect(await codeOf({ classes: 1 })).toBe('class-mismatch');
    expect(await codeOf({ classes: 3 })).toBe('class-mismatch');
    expect(await codeOf({ weight: -1 })).toBe('invalid-option');
    expect(await codeOf({ temperature: 0 })).toBe('invalid-option');
    expect(await codeOf({ rounds: 2 })).toBe('invalid-option');
  });
});
