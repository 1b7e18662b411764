import { describe, expect, test } from 'vitest';
import type { NdArray } from '../../core/shape.ts';
import { fromArrays } from '../../data/arrays.ts';
import { mlp } from '../../student/zoo/mlp.ts';
import {
  CLASSES,
  data,
  FEATURES,
  holdout,
  labelsOf,
  logitsOf,
  makeStudent,
  makeTeacher,
  points,
  weightsOf,
} from '../distillCases.ts';
import { LEARN, oneTrainer } from '../trainerCases.ts';
import { unseen } from '../unseenCases.ts';
import { blackBox } from './blackBox.ts';
import { added, formerly, heaps, newly, ofTwo, rightOf, trained, turned } from './schemesCases.ts';
import { type SourceFreeEvent, sourceFree } from './sourceFree.ts';
import { withoutForgetting } from './withoutForgetting.ts';

const trainer = oneTrainer();

/** With one value that is no number. */
const spoilt = ({ data: values, shape }: NdArray, at: number): NdArray => ({
  data: Float32Array.from(values, (value, i) => (i === at ? Number.NaN : value)),
  shape,
});

describe('sourceFree', () => {
  const target = fromArrays(turned(heaps(300, 21)));

  test('keeps the classifier bit for bit, reports its rounds, and returns a student that can learn more', async () => {
    const student = await trained(trainer(), labelsOf);
    const before = weightsOf(student).slice();
    const topology = student.artifacts?.modelTopology;
    const events: SourceFreeEvent[] = [];
    const run = sourceFree({ student, data: target, rounds: 2, trainer: trainer(), holdout });
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

  test('needs a trained student, and refuses bad options', async () => {
    await expect(sourceFree({ student: makeStudent(), data: target, trainer: trainer() }).done).rejects.toThrow(
      expect.objectContaining({ code: 'student-invalid' }),
    );
    const student = await trained(trainer(), labelsOf);
    for (const wrong of [{ rounds: 0 }, { pseudoLabels: -1 }, { epochs: 3 }, { data: undefined }]) {
      const run = sourceFree({ student, data: target, trainer: trainer(), ...wrong } as never);
      await expect(run.done).rejects.toThrow(expect.objectContaining({ code: 'invalid-option' }));
    }
  });
});

describe('blackBox', () => {
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
        trainer: trainer(),
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
      await blackBox({ teacher: makeTeacher().teacher, student, data, rounds: 2, seed, trainer: trainer(), ...LEARN })
        .done;
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
    { given: 'votes' },
    { given: 'labels' },
    { given: 'labels', classes: 0 },
    { given: 'probs' },
    { data: undefined },
  ])('refuses %o', async (wrong) => {
    const run = blackBox({
      teacher: makeTeacher().teacher,
      student: makeStudent(),
      data,
      trainer: trainer(),
      ...wrong,
    } as never);
    await expect(run.done).rejects.toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  test.each<[string, string, object]>([
    ['a student with other classes', 'class-mismatch', { student: mlp({ inputShape: [FEATURES], classes: 5 }) }],
    ['no student', 'student-invalid', { student: undefined }],
    ['an unknown output', 'unknown-output', { output: 'answer' }],
    ['labels outside the classes', 'class-mismatch', { given: 'labels', classes: 3, output: 'name' }],
    ['rows instead of labels', 'shape-mismatch', { given: 'labels', classes: 3 }],
    ['a later example that is not finite', 'not-finite', { data: fromArrays(spoilt(points(100, 3), 390)) }],
  ])('refuses it before asking about more than the first batches: %s', async (_, code, wrong) => {
    const { teacher, asked } = makeTeacher((input) => {
      const count = input.shape[0] ?? 0;
      return { logits: logitsOf(input), name: { data: new Float32Array(count).fill(7), shape: [count] } };
    });
    const given = { teacher, student: makeStudent(), data: fromArrays(points(100, 3)), trainer: trainer(), ...wrong };
    await expect(blackBox(given as never).done).rejects.toMatchObject({ code });
    expect(asked()).toBeLessThanOrEqual(32);
  });
});

describe('withoutForgetting', () => {
  test('returns another student, and leaves the given one unchanged', async () => {
    const before = await trained(trainer(), formerly, ofTwo());
    const weights = weightsOf(before).slice();
    const options = { student: before, data: added, classes: 4, holdout: added, epochs: 25 };
    const { student, report } = await withoutForgetting({ ...options, trainer: trainer(), ...LEARN }).done;
    expect(report.loss.name).toBe('weighted');
    expect(report.teacher?.name).toBe('former self');
    expect(report.holdout['accuracy']).toBeGreaterThan(0.9);
    expect(await rightOf(trainer(), student, unseen, newly(unseen), [2, 4])).toBeGreaterThan(0.9);
    expect(weightsOf(before)).toEqual(weights);
    expect((await trainer().predict(before, { input: unseen }))['logits']?.shape).toEqual([200, 2]);
  });

  test('refuses bad options', async () => {
    const student = await trained(trainer(), formerly, ofTwo());
    const codeOf = (changed: object) =>
      withoutForgetting({ student, data: added, classes: 4, trainer: trainer(), ...changed } as never).done.catch(
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
