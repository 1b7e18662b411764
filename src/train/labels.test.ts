import { describe, expect, test } from 'vitest';
import { UNLABELLED } from '../data/dataset.ts';
import { confidenceWeighted } from '../losses/combination/confidenceWeighted.ts';
import { earlyExits } from '../losses/combination/earlyExits.ts';
import { exampleWeighted } from '../losses/combination/exampleWeighted.ts';
import { mutual } from '../losses/combination/mutual.ts';
import { weighted } from '../losses/combination/weighted.ts';
import type { Loss } from '../losses/loss.ts';
import { classWise } from '../losses/response/classWise.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { decoupledTargets } from '../losses/response/decoupledTargets.ts';
import { labelSmoothing } from '../losses/response/labelSmoothing.ts';
import { normalizedTargets } from '../losses/response/normalizedTargets.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { checkLabelRange, classesOf, comparedOutput, measuredOutputs } from './labels.ts';

const outputs = { logits: [10], extra: [4], 'logits.0': [10], 'logits.1': [10], map: [7, 7, 3] };
const both = (...losses: Loss[]) => weighted(losses.map((loss) => ({ loss, weight: 1 })));

describe('classesOf', () => {
  test.each<[string, Loss, number]>([
    ['the output that is compared with labels', crossEntropy({ output: 'extra' }), 4],
    ['the smallest of several', both(crossEntropy(), crossEntropy({ output: 'extra' })), 4],
    ['only those of terms that read labels', both(crossEntropy(), softTargets({ output: 'extra' })), 10],
    ['logits, if nothing reads labels', softTargets({ output: 'extra' }), 10],
    [
      'all outputs of a loss that reads labels itself, whatever its terms read',
      exampleWeighted(softTargets({ output: 'extra' }), { kind: 'label-agreement', teacherOutput: 'extra' }),
      4,
    ],
    [
      'such a loss inside another',
      both(exampleWeighted(softTargets({ output: 'extra' }), { kind: 'label-agreement' }), softTargets()),
      4,
    ],
  ])('counts %s', (_, loss, classes) => {
    expect(classesOf(loss, outputs)).toBe(classes);
  });
});

describe('what metrics compare', () => {
  test('is the first output that the loss reads, and its peers', () => {
    expect(comparedOutput(softTargets({ output: 'extra' }), outputs)).toBe('extra');
    expect(measuredOutputs(mutual(), outputs)).toEqual(['logits.0', 'logits.1']);
    expect(measuredOutputs(softTargets({ output: 'nowhere' }), outputs)).toEqual([]);
  });
});

describe('checkLabelRange', () => {
  const codeOf = (labels: readonly number[], loss: Loss) => {
    try {
      checkLabelRange(Int32Array.from(labels), 10, loss);
      return undefined;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  test.each<[string, Loss, readonly number[], string | undefined]>([
    ['classes', crossEntropy(), [0, 9], undefined],
    ['a class beyond the last', crossEntropy(), [0, 10], 'class-mismatch'],
    ['another number below 0', crossEntropy(), [-2], 'class-mismatch'],
    ['no label, if that adds nothing', crossEntropy(), [3, -1], undefined],
    ["no label, if the teacher's answer takes its place", decoupledTargets(), [3, -1], undefined],
    ['no label, if neither needs one', both(crossEntropy(), decoupledTargets()), [-1], undefined],
    ['no label, if one term needs it', both(crossEntropy(), normalizedTargets()), [-1], 'labels-missing'],
    ['no label, if it only weighs', exampleWeighted(softTargets(), { kind: 'label-agreement' }), [-1], undefined],
  ])('of %s', (_, loss, labels, code) => {
    expect(codeOf(labels, loss)).toBe(code);
  });

  test.each<[string, Loss]>([
    ['one output', classWise()],
    ['a cohort', mutual()],
    ['exits', earlyExits({ exits: 2 })],
    ['several teachers', confidenceWeighted({ teacherOutputs: ['teacher@0', 'teacher@1'] })],
    ['terms', both(softTargets({ output: 'extra' }), labelSmoothing())],
  ])('compares labels with the classes of a student, if the loss reads %s', (_, loss) => {
    const classes = classesOf(loss, { ...outputs, 'exit.0': [10], 'exit.1': [10] });
    expect(classes).toBe(10);
    const check = (label: number) => () => checkLabelRange(Int32Array.of(0, label), classes, loss);
    expect(check(9)).not.toThrow();
    for (const label of [10, -2]) expect(check(label)).toThrow(expect.objectContaining({ code: 'class-mismatch' }));
    const missing = check(UNLABELLED);
    if (loss.allowsUnlabelled) expect(missing).not.toThrow();
    else expect(missing).toThrow(expect.objectContaining({ code: 'labels-missing' }));
  });

  test('says what to do', () => {
    const check = (labels: readonly number[]) => () =>
      checkLabelRange(Int32Array.from(labels), 10, normalizedTargets());
    expect(check([-1])).toThrow(/"normalizedTargets" needs one for each.*crossEntropy and decoupledTargets.*pick/);
    expect(check([12])).toThrow(/label 12 lies outside the student's 10 classes \(0…9\)/);
  });
});
