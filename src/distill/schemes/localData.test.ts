import { describe, expect, test } from 'vitest';
import { fromArrays } from '../../data/arrays.ts';
import type { Student } from '../../student/student.ts';
import { mlp } from '../../student/zoo/mlp.ts';
import { FEATURES, holdout, labelsOf, makeStudent, makeTeacher, points, weightsOf } from '../distillCases.ts';
import { LEARN as FAST, oneTrainer } from '../trainerCases.ts';
import { accuracyOf as ofUnseen } from '../unseenCases.ts';
import { type GraphTeacherEvent, graphTeacher } from './graphTeacher.ts';
import { type NoisyStudentEvent, noisyStudent } from './noisyStudent.ts';
import { expansion, graph } from './schemesCases.ts';

const trainer = oneTrainer();
const LEARN = { ...FAST, epochs: 15 };
const accuracyOf = (student: Student) => ofUnseen(trainer(), student);
const { labelled, unlabelled, student } = expansion;

describe('noisyStudent', () => {
  test('starts with its own labels if there is no teacher, and reports its generations', async () => {
    const shown = points(30, 53);
    const events: NoisyStudentEvent[] = [];
    const run = noisyStudent({
      labelled: fromArrays(shown, labelsOf(shown)),
      unlabelled,
      holdout,
      student,
      trainer: trainer(),
      ...LEARN,
      generations: 2,
      targets: 'hard',
    });
    for await (const event of run) events.push(event);
    const { student: last, reports } = await run.done;
    expect(reports.map(({ loss }) => loss.name)).toEqual(['crossEntropy', 'softTargets', 'softTargets']);
    expect(reports.map(({ teacher }) => teacher?.name)).toEqual([undefined, 'generation 0', 'generation 1']);
    expect(await accuracyOf(last)).toBeGreaterThan(0.8);
    // 4 · 16 + 16 + 16 · 3 + 3: the last one is the larger one.
    expect(weightsOf(last)).toHaveLength(131);
    const told = events.filter((event) => event.type === 'named');
    expect(told.map(({ round, rounds }) => [round, rounds])).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(told[0]?.used).toBeGreaterThan(100);
    expect(events.filter((event) => event.type === 'epoch' && event.round === 0)).toHaveLength(LEARN.epochs);
  });

  test('uses only examples of which the teacher is confident', async () => {
    const teacher = makeTeacher(({ shape: [count = 0] }) => ({
      logits: { data: new Float32Array(count * 3), shape: [count, 3] },
    })).teacher;
    const run = noisyStudent({ labelled, unlabelled, student, teacher, least: 0.5, trainer: trainer(), ...LEARN });
    await expect(run.done).rejects.toThrow(expect.objectContaining({ code: 'empty-dataset' }));
  });

  test('gives the same student for the same seed', async () => {
    const weights = [];
    const options = {
      labelled,
      unlabelled,
      student,
      teacher: makeTeacher().teacher,
      augment: { noise: 0.1 },
      trainer: trainer(),
      batchSize: 16,
    };
    for (const seed of [1, 1, 2]) {
      weights.push(weightsOf((await noisyStudent({ ...options, epochs: 2, generations: 2, seed }).done).student));
    }
    expect(weights[1]).toEqual(weights[0]);
    expect(weights[2]).not.toEqual(weights[0]);
  });

  test.each([
    ['no labels', { labelled: unlabelled }, 'labels-missing'],
    ['no unlabelled data', { unlabelled: undefined }, 'invalid-option'],
    ['a student instead of a function', { student: makeStudent() }, 'invalid-option'],
    ['no generation', { generations: 0 }, 'invalid-option'],
    ['a confidence of 2', { least: 2 }, 'invalid-option'],
    ['other targets', { targets: 'firm' }, 'invalid-option'],
    ['a loss', { loss: undefined }, 'invalid-option'],
    [
      'examples of another shape',
      { unlabelled: fromArrays({ data: new Float32Array(6), shape: [2, 3] }) },
      'shape-mismatch',
    ],
    ['labels beyond the classes', { labelled: fromArrays(points(6, 51), [0, 1, 2, 3, 4, 5]) }, 'class-mismatch'],
  ])('refuses %s', async (_, wrong, code) => {
    const options = {
      labelled,
      unlabelled,
      student,
      teacher: makeTeacher().teacher,
      trainer: trainer(),
      epochs: 1,
      ...wrong,
    };
    await expect(noisyStudent(options as never).done).rejects.toThrow(expect.objectContaining({ code }));
  });
});

describe('graphTeacher', () => {
  const { data, labels: known } = graph;

  test('reports its graph, and measures on a holdout that is not in the graph', async () => {
    const events: GraphTeacherEvent[] = [];
    const run = graphTeacher({
      student: makeStudent(),
      data,
      labels: known,
      holdout,
      labelWeight: 0.5,
      neighbours: { k: 6 },
      trainer: trainer(),
      ...LEARN,
    });
    for await (const event of run) events.push(event);
    const { report, probs } = await run.done;
    expect(events.find((event) => event.type === 'graph')).toEqual({
      type: 'graph',
      examples: 400,
      k: 6,
      labelled: 80,
    });
    expect(report.holdout['agreement']).toBeGreaterThan(0.7);
    expect(report.holdout['accuracy']).toBeGreaterThan(0.7);
    const without = await graphTeacher({
      student: makeStudent(),
      data,
      labels: known,
      neighbours: { k: 6 },
      trainer: trainer(),
      ...LEARN,
      epochs: 1,
    }).done;
    expect(without.probs).toEqual(probs);
  });

  test.each([
    ['two labels', { labels: [0, 1] }, 'shape-mismatch'],
    ['no label', { labels: known.map(() => -1) }, 'labels-missing'],
    ['features of three examples', { features: { data: new Float32Array(3), shape: [3, 1] } }, 'shape-mismatch'],
    [
      'no features for the holdout',
      { features: { data: new Float32Array(400), shape: [400, 1] }, holdout },
      'invalid-option',
    ],
    ['a weight of 2', { labelWeight: 2 }, 'invalid-option'],
    ['a temperature of 0', { temperature: 0 }, 'invalid-option'],
    ['more neighbours than examples', { neighbours: { k: 400 } }, 'invalid-option'],
    ['an unknown option', { k: 3 }, 'invalid-option'],
    ['a student with other classes', { student: mlp({ inputShape: [FEATURES], classes: 5 }) }, 'class-mismatch'],
  ])('refuses %s', async (_, wrong, code) => {
    const run = graphTeacher({
      student: makeStudent(),
      data,
      labels: known,
      trainer: trainer(),
      ...LEARN,
      ...wrong,
    } as never);
    await expect(run.done).rejects.toThrow(expect.objectContaining({ code }));
  });
});
