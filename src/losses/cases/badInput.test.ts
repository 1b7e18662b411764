import { describe, expect, test } from 'vitest';
import * as losses from '../all.ts';
import type { Loss, LossShapes } from '../loss.ts';
import { type AnyLoss, allLosses, prepare, refusal } from './allCases.ts';

type Shapes = LossShapes['student'];
const named = Object.entries(allLosses);
const those = (isOne: (loss: Loss, of: AnyLoss) => boolean) => named.filter(([, of]) => isOne(of.make(), of));
const without = (shapes: Shapes, name: string): Shapes =>
  Object.fromEntries(Object.entries(shapes).filter(([key]) => key !== name));

test('every loss is here', () => {
  expect(Object.keys(allLosses).sort()).toEqual(Object.keys(losses).sort());
  for (const [name, { make }] of named) expect(make().name).toBe(name);
});

describe('options', () => {
  test.each(those((_, { hasOptions }) => hasOptions))('of %s are known ones', (name, { make }) => {
    const { code, message } = refusal(() => make({ colour: 1 }));
    expect(code).toBe('invalid-option');
    expect(message).toMatch(new RegExp(`${name} has no option "colour". It takes: `));
  });

  const softened = named.flatMap(([name, { make }]) =>
    Object.keys(make().options)
      .filter((option) => option.startsWith('temperature'))
      .map((option) => [name, option, make] as const),
  );
  test.each(softened)('%s takes a %s above 0 only', (_, option, make) => {
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '4']) {
      const { code, message } = refusal(() => make({ [option]: option.endsWith('s') ? [bad] : bad }));
      expect(code).toBe('invalid-option');
      expect(message).toBe(`"${option}" was ${bad}; it must be a number above 0.`);
    }
  });

  test('softening is called the same everywhere', () => {
    expect(softened.length).toBeGreaterThan(15);
    const others = named.flatMap(([, { make }]) => Object.keys(make().options).filter((o) => /^(tau|T|temp)$/.test(o)));
    expect(others).toEqual([]);
  });
});

describe('outputs', () => {
  test.each(named)('that suit %s are taken', (_, { make, shapes }) => {
    prepare(make(), shapes);
  });

  test.each(named)('that %s reads must be there', (_, { make, shapes }) => {
    const loss = make();
    for (const side of ['student', 'teacher'] as const) {
      for (const output of loss.reads[side]) {
        const { code, message } = refusal(() =>
          prepare(loss, { ...shapes, [side]: { ...without(shapes[side], output), other: [1] } }),
        );
        expect(code).toBe('unknown-output');
        expect(message).toContain(`${loss.name} reads the ${side}'s output "${output}"; it has `);
        expect(message).toContain('"other"');
        expect(message).toContain(side === 'student' ? 'a layer of the student' : '"taps"');
      }
    }
  });
});

describe('sizes that cannot be related', () => {
  const given = (name: keyof typeof losses, student: Shapes, teacher: Shapes, options: object = {}) => {
    const { make, shapes } = allLosses[name];
    return refusal(() =>
      prepare(make(options), {
        ...shapes,
        student: { ...shapes.student, ...student },
        teacher: { ...shapes.teacher, ...teacher },
      }),
    );
  };
  const ofTeacher = (name: keyof typeof losses, shape: readonly (number | null)[]): Shapes =>
    Object.fromEntries(allLosses[name].make().reads.teacher.map((output) => [output, shape]));

  const classes = [
    ...['confidenceWeighted', 'consistency', 'decoupledTargets', 'distributionCorrelation', 'earlyExits'],
    ...['entropyWeighted', 'exampleWeighted', 'formerOutputs', 'generalizedDivergence', 'learnedTeachers'],
    ...['logitRegression', 'multiLevelTargets', 'normalizedTargets', 'progressiveTargets', 'softCrossEntropy'],
    ...['softTargets', 'standardizedTargets', 'uncertaintyWeighted', 'weighted', 'weightedSoftLabels'],
  ] as (keyof typeof losses)[];
  test.each(classes)('%s: other classes', (name) => {
    const { code, message } = given(name, {}, ofTeacher(name, [5]));
    expect(code).toBe('class-mismatch');
    expect(message).toMatch(/\[\?, 5\].*\[\?, 4\]|\[\?, 4\].*\[\?, 5\]/);
    expect(message).toMatch(/classes: 5|"classes"/);
  });

  test.each(['collaborative', 'gatedBranches', 'mutual'] as const)('%s: peers of other classes', (name) => {
    const { code, message } = given(name, { 'logits.1': [5] }, {});
    expect(code).toBe('class-mismatch');
    expect(message).toContain('"logits.1" has 5');
  });

  const labelled = those(({ reads }) => reads.labels).map(([name]) => name as keyof typeof losses);
  test.each(labelled)('%s: labels, and several rows an example', (name) => {
    const { shapes } = allLosses[name];
    const rows = (side: Shapes) => Object.fromEntries(Object.entries(side).map(([output]) => [output, [3, 4]]));
    const { code, message } = given(name, rows(shapes.student), rows(shapes.teacher));
    expect(code).toBe('shape-mismatch');
    expect(message).toMatch(/\[\?, 3, 4\].*\[B, C\]|\[B, C\].*\[\?, 3, 4\]/);
  });

  test.each<[keyof typeof losses, Shapes, Shapes, object, RegExp]>([
    ['boundedRegression', { values: [4] }, {}, {}, /"read" bring its output/],
    ['listNet', {}, { scores: [6] }, {}, /"read" bring its output/],
    ['marginMse', {}, { scores: [6] }, {}, /"read" bring its output/],
    ['rankNet', { scores: [1] }, { scores: [1] }, {}, /N of 2 or more/],
    ['regression', {}, { values: [3, 1] }, {}, /"read" bring its output/],
    ['activationBoundary', { a: [6, 6, 5] }, {}, {}, /Use projector: 'linear'/],
    ['channelSimilarity', { a: [6, 6, 5] }, {}, {}, /Use projector: 'linear', or neuronSelectivity/],
    ['channelWise', { a: [6, 6, 5] }, {}, {}, /Use projector: 'linear', or attentionMap/],
    ['embeddingMatch', { a: [6, 6, 5] }, {}, {}, /Use projector: 'auto'/],
    ['featureAlign', { a: [6, 6, 5] }, {}, {}, /Use projector: 'linear'/],
    ['featureHint', { a: [6, 6, 5] }, {}, {}, /Use projector: 'linear'/],
    ['featureNormalized', { a: [6, 6, 5] }, {}, {}, /Use projector: 'linear'/],
    ['flow', { a: [6, 6, 5] }, {}, {}, /neuronSelectivity, which takes any, or featureHint/],
    ['overhaul', { a: [6, 6, 5] }, {}, {}, /Use projector: 'linear'/],
    ['attentionMap', { a: [4] }, { b: [4] }, {}, /before the pooling, or use embeddingMatch/],
    ['channelSimilarity', { a: [4] }, { b: [4] }, {}, /before the pooling, or use embeddingMatch/],
    ['channelWise', { a: [4] }, { b: [4] }, {}, /before the pooling, or use embeddingMatch/],
    ['maskedGeneration', { a: [6, 4] }, { b: [6, 4] }, {}, /maps \[H, W, C\]/],
    ['neuronSelectivity', { a: [4] }, { b: [4] }, {}, /before the pooling, or use embeddingMatch/],
    ['review', { b: [5, 5] }, {}, {}, /a map \[H, W, C\] or a vector \[F\]/],
    ['attentionRelations', { 'attention/keys': [6, 16] }, {}, {}, /Tap the teacher/],
    ['contrastive', {}, { b: [null, 3] }, {}, /output of a fixed size/],
    ['featureHint', {}, { b: [3, 3, null] }, { projector: 'linear' }, /fixed number of features/],
    ['factorTransfer', { a: [6, 6, null] }, {}, {}, /fixed number of features/],
    ['learnedTeachers', { a: [null] }, {}, {}, /fixed number of features/],
    ['multiHeadRelation', { a: [null, 3] }, {}, {}, /output of a fixed size/],
    ['variationalInformation', {}, { b: [3, 3, null] }, {}, /fixed number of features/],
  ])('%s: %o beside %o, %o', (name, student, teacher, options, remedy) => {
    const { code, message } = given(name, student, teacher, options);
    expect(code).toBe('shape-mismatch');
    expect(message).toMatch(remedy);
  });

  const pairs = those(({ options }) => options['output'] === 'a' && options['teacherOutput'] === 'b');
  const related = ['contrastive', 'correlationCongruence', 'hardDarkRank', 'localStructure', 'multiHeadRelation'];
  related.push('probabilityTransfer', 'relationAngle', 'relationDistance', 'similarity');
  const unlikeOf = ({ shapes }: AnyLoss) => ({ ...shapes, student: { a: [4] }, teacher: { b: [3, 3, 4] } });
  test.each(pairs.filter(([name]) => related.includes(name)))('%s relates examples of any sizes', (_, of) => {
    prepare(of.make(), unlikeOf(of));
  });
  test.each(pairs.filter(([name]) => !related.includes(name)))('%s: a map beside a vector', (_, of) => {
    const [make, unlike] = [of.make, unlikeOf(of)];
    const { code, message } = refusal(() => prepare(make(), unlike));
    expect(code).toBe('shape-mismatch');
    expect(message).toMatch(/Read a layer of the other model that has the same axes/);
  });

  test('attentionRelations: heads that do not divide a width', () => {
    const { code, message } = given('attentionRelations', {}, {}, { relationHeads: 5 });
    expect(code).toBe('invalid-option');
    expect(message).toMatch(/Choose a common divisor/);
  });
});
