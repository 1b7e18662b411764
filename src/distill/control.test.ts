import { describe, expect, test } from 'vitest';
import { fromArrays } from '../data/arrays.ts';
import { take } from '../data/views.ts';
import { weighted } from '../losses/combination/weighted.ts';
import type { Loss } from '../losses/loss.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import { distill } from './distill.ts';
import {
  CLASSES,
  data,
  EXAMPLES,
  HELD_OUT,
  holdout,
  labelled,
  labelsOf,
  makeStudent,
  makeTeacher,
  trainPoints,
  watched,
  weightsOf,
  working,
} from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import type { DistillEvent } from './events.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

const run = (changed: Partial<DistillOptions> = {}) =>
  distill(working(trainer(), { data: labelled, holdout, control: true, ...changed })).done;

/** The same student from labels alone, in a separate run. */
const plain = (changed: Partial<DistillOptions> = {}) => run({ control: false, loss: crossEntropy(), ...changed });

describe('the control', () => {
  test.each<[string, Partial<DistillOptions>]>([
    ['by default', {}],
    ['of augmented examples', { augment: { noise: 0.1 } }],
    ['with another seed, optimizer and batch size', { seed: 5, batchSize: 7, optimizer: { name: 'momentum' } }],
    [
      'with a loss of several terms',
      {
        loss: weighted([
          { loss: softTargets(), weight: 1 },
          { loss: crossEntropy(), weight: 1 },
        ]),
      },
    ],
  ])('is, bit for bit, the student of a run with crossEntropy: %s', async (_, changed) => {
    const { controlStudent, report } = await run(changed);
    const { loss: __, ...same } = changed;
    const alone = await plain(same);
    if (controlStudent === undefined) throw new Error('there is no control');
    expect(weightsOf(controlStudent)).toEqual(weightsOf(alone.student));
    expect(report.control?.holdout).toEqual(alone.report.holdout);
    expect(report.control).toMatchObject({ isPossible: true, examples: EXAMPLES });
  });

  test('does not change the distilled student and its report', async () => {
    const [withControl, without] = [await run(), await run({ control: false })];
    expect(weightsOf(withControl.student)).toEqual(weightsOf(without.student));
    expect(withControl.report.holdout).toEqual(without.report.holdout);
    expect(without.report).not.toHaveProperty('control');
    expect(without.controlStudent).toBeUndefined();
  });

  test('starts where a trained student started, not where it ended', async () => {
    const start = makeStudent();
    await distill(working(trainer(), { student: start, data: labelled, loss: crossEntropy(), seed: 9 })).done;
    const { artifacts } = start;
    const again = async () => {
      const student = makeStudent();
      await student.adopt(artifacts as NonNullable<typeof artifacts>);
      return student;
    };
    const { controlStudent, student } = await run({ student: await again() });
    const alone = await plain({ student: await again() });
    expect(weightsOf(controlStudent as typeof student)).toEqual(weightsOf(alone.student));
    expect(weightsOf(controlStudent as typeof student)).not.toEqual(weightsOf(student));
  });

  test('starts where a LayersModel started', async () => {
    const make = () =>
      tf.sequential({ layers: [tf.layers.dense({ units: CLASSES, inputShape: [4], kernelInitializer: 'ones' })] });
    const [model, other] = [make(), make()];
    const { controlStudent } = await run({ student: model });
    const alone = await plain({ student: other });
    expect(weightsOf(controlStudent as NonNullable<typeof controlStudent>)).toEqual(weightsOf(alone.student));
    model.dispose();
    other.dispose();
  });

  test('learns from fewer labels in as many steps', async () => {
    const spy = watched(trainer());
    const few = take(labelled, 5);
    const { report } = await run({ trainer: spy.trainer, data, control: { data: few } });
    expect(report.control).toMatchObject({ isPossible: true, examples: 5 });
    const own = spy.read.slice(spy.read.length / 2);
    expect(own.map(({ inputs }) => inputs['input']?.shape[0])).toEqual(
      spy.read.slice(0, spy.read.length / 2).map(({ inputs }) => inputs['input']?.shape[0]),
    );
    const seen = new Set(
      own.flatMap(({ labels, inputs }) =>
        [...(labels ?? [])].map((label, i) => `${label} ${inputs['input']?.data[4 * i]}`),
      ),
    );
    const { inputs, labels } = await few.read(Int32Array.of(0, 1, 2, 3, 4));
    expect([...seen].sort()).toEqual([...labels].map((label, i) => `${label} ${inputs['input']?.data[4 * i]}`).sort());
  });

  test('learns from labelled examples if some have no label', async () => {
    const spy = watched(trainer());
    const some = fromArrays(
      trainPoints,
      labelsOf(trainPoints).map((label, i) => (i % 4 === 0 ? label : -1)),
    );
    const { report } = await run({ trainer: spy.trainer, data: some });
    expect(report.control).toMatchObject({ isPossible: true, examples: EXAMPLES / 4 });
    for (const { inputs, labels } of spy.read.slice(6)) {
      expect([...(labels ?? [])]).toEqual(labelsOf(inputs['input'] as typeof trainPoints));
    }
    const none = await run({ data: fromArrays(trainPoints, new Array(EXAMPLES).fill(-1)) });
    expect(none.report.control).toMatchObject({ isPossible: false, reason: expect.stringContaining('has a label') });
  });

  test('never asks the teacher', async () => {
    const spy = watched(trainer());
    const { teacher, batches } = makeTeacher();
    await run({ teacher, trainer: spy.trainer });
    expect(batches.reduce((sum, count) => sum + count, 0)).toBe(2 + EXAMPLES + HELD_OUT);
    const [ofRun, ofControl] = [spy.read.slice(0, 6), spy.read.slice(6)];
    for (const batch of ofRun) expect(Object.keys(batch).sort()).toEqual(['inputs', 'teacher']);
    expect(ofControl).toHaveLength(6);
    for (const [i, { inputs, teacher: answers, labels }] of ofControl.entries()) {
      expect(answers).toEqual({});
      expect(inputs).toEqual(ofRun[i]?.inputs);
      expect([...(labels ?? [])]).toEqual(labelsOf(inputs['input'] as typeof trainPoints));
    }
  });

  test('tells its phase and steps beside those of the run', async () => {
    const events: DistillEvent[] = [];
    const controlled = distill(working(trainer(), { data: labelled, holdout, control: true }));
    for await (const event of controlled) events.push(event);
    const phases = events.flatMap((event) => (event.type === 'phase' ? [event.phase] : []));
    expect(phases).toEqual(['check', 'train', 'control', 'done']);
    expect(events.filter(({ type }) => type === 'epoch')).toHaveLength(2);
    const own = events.flatMap((event) => (event.type === 'control' ? [event] : []));
    expect(own.at(-1)).toMatchObject({ epoch: 2, epochs: 2, step: 3, steps: 3 });
    expect(own.at(-1)?.remainingMs).toBeCloseTo(0, 6);
    expect((await controlled.done).report.control?.ms).toBeGreaterThan(0);
  });

  test('is cancelled with the run; the distilled student keeps its weights', async () => {
    const student = makeStudent();
    const controlled = distill(working(trainer(), { data: labelled, holdout, student, control: true }));
    const iterate = async () => {
      for await (const event of controlled)
        if (event.type === 'phase' && event.phase === 'control') controlled.cancel();
    };
    await expect(iterate()).rejects.toMatchObject({ name: 'AbortError' });
    expect(weightsOf(student)).toEqual(weightsOf((await run({ control: false })).student));
  });

  test('that does not stay finite is reported, and the distilled student is kept', async () => {
    const wild = { name: 'sgd', learningRate: 1e30 } as const;
    const zero: Loss = {
      name: 'nothing',
      options: {},
      reads: { student: ['logits'], teacher: ['logits'], labels: false },
      compute: (lib, { student }) => lib.mul(lib.sum(student['logits'] as tf.Tensor), 0),
    };
    const { report, student, controlStudent } = await run({ loss: zero, optimizer: wild, epochs: 4 });
    expect(report.control).toMatchObject({ isPossible: false, reason: expect.stringContaining('did not stay finite') });
    expect(weightsOf(student).every(Number.isFinite)).toBe(true);
    expect(controlStudent).toBeUndefined();
  });
});

describe('the report', () => {
  test('finds that a teacher helped: half of the labels are wrong, and it knows better', async () => {
    const wrong = fromArrays(
      trainPoints,
      labelsOf(trainPoints).map((label, i) => (i % 2 === 0 ? (label + 1) % CLASSES : label)),
    );
    const { report } = await run({ data: wrong, epochs: 60, optimizer: { learningRate: 0.02 } });
    const { accuracyGain = 0, gapClosedFraction = 0, verdict, holdout: alone } = report.control ?? {};
    expect(accuracyGain).toBeGreaterThan(0.15);
    expect(accuracyGain).toBe((report.holdout['accuracy'] ?? 0) - (alone?.['accuracy'] ?? 0));
    expect(gapClosedFraction).toBeGreaterThan(0.5);
    expect(verdict).toMatch(
      /^Distilling gave [\d.]+ %, labels alone \(48 examples\) [\d.]+ %; the teacher has 100 %\./,
    );
  });

  test('finds that a teacher of noise did harm', async () => {
    let at = 0;
    const { teacher } = makeTeacher(({ shape: [count = 0] }) => ({
      logits: {
        data: Float32Array.from({ length: count * CLASSES }, () => 5 * Math.sin((at++) ** 2)),
        shape: [count, CLASSES],
      },
    }));
    const { report } = await run({ teacher, epochs: 60, optimizer: { learningRate: 0.02 } });
    expect(report.control?.accuracyGain).toBeLessThan(-0.2);
    expect(report.control?.isBeyondChance).toBe(true);
    expect(report.control?.verdict).toContain('It did harm');
  });
});
