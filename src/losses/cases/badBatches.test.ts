import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import type { Loss, LossShapes, LossTensors } from '../loss.ts';
import { type AnyLoss, allLosses, prepare, refusal, WITHOUT_LABELS } from './allCases.ts';
import { describeOnCpu } from './responseCases.ts';

const named = Object.entries(allLosses);

describe('batches', () => {
  /** Those that relate examples, and how many they need. */
  const least = {
    ...{ classWise: 2, contrastive: 2, correlationCongruence: 2, distributionCorrelation: 2, hardDarkRank: 3 },
    ...{ informationMaximization: 2, instanceGraph: 3, localStructure: 3, multiHeadRelation: 2 },
    ...{ probabilityTransfer: 2, relationAngle: 3, relationDistance: 2, similarity: 2 },
  } satisfies Partial<Record<keyof typeof allLosses, number>>;

  test.each(Object.entries(least))('of too few examples are refused by %s, which relates them', (name, fewest) => {
    const { make, shapes } = allLosses[name as keyof typeof least];
    prepare(make(), { ...shapes, batchSize: fewest });
    for (let batchSize = 1; batchSize < fewest; batchSize++) {
      const { code, message } = refusal(() => prepare(make(), { ...shapes, batchSize }));
      expect(code).toBe('invalid-option');
      expect(message).toMatch(
        new RegExp(`^${name}.* the batches have ${batchSize}. Set batchSize to ${fewest} or more`),
      );
    }
  });

  test.each(named.filter(([name]) => !(name in least)))('of one example are taken by %s', (_, { make, shapes }) => {
    prepare(make(), { ...shapes, batchSize: 1 });
  });

  test('of one vector are refused by featureNormalized', () => {
    const { make, shapes } = allLosses.featureNormalized;
    const vectors = { ...shapes, student: { a: [4] }, teacher: { b: [4] } };
    prepare(make(), { ...vectors, batchSize: 2 });
    expect(refusal(() => prepare(make(), { ...vectors, batchSize: 1 })).code).toBe('invalid-option');
  });

  test('of too many are refused by relationAngle', () => {
    const { make, shapes } = allLosses.relationAngle;
    const { code, message } = refusal(() => prepare(make(), { ...shapes, batchSize: 161 }));
    expect(code).toBe('invalid-option');
    expect(message).toMatch(/or use relationDistance/);
  });
});

describeOnCpu('labels', () => {
  const tensorsOf = (loss: Loss, shapes: LossShapes, batch: number): LossTensors => {
    const random = (shape: readonly (number | null)[], seed: number) =>
      tf.randomNormal([batch, ...shape.map((length) => length ?? 1)], 0, 1, 'float32', seed);
    const side = (of: LossShapes['student'], from: number) =>
      Object.fromEntries(Object.entries(of).map(([name, shape], i) => [name, random(shape, from + i)]));
    const held = Object.entries(loss.parameters?.(shapes) ?? {});
    return {
      student: side(shapes.student, 1),
      teacher: side(shapes.teacher, 21),
      parameters: Object.fromEntries(held.map(([name, { shape }]) => [name, tf.randomNormal([...shape])])),
      indices: tf.range(0, batch, 1, 'int32') as tf.Tensor1D,
      ...(loss.numbers && { numbers: tf.tensor1d([...loss.numbers({ step: 1, steps: 9, epoch: 2, epochs: 3 })]) }),
    };
  };

  const lossAt = (loss: Loss, tensors: LossTensors, labels: readonly number[]) =>
    loss.compute(tf, { ...tensors, labels: tf.tensor1d([...labels], 'int32') }).dataSync()[0] as number;

  test.each(named.filter(([, { make }]) => make().reads.labels))('that %s reads must be there', (_, of) => {
    const loss = of.make();
    tf.tidy(() => {
      const { code, message } = refusal(() => loss.compute(tf, tensorsOf(loss, of.shapes, 4)));
      expect(code).toBe('labels-missing');
      expect(message).toMatch(/needs labels; give labelled data/);
    });
  });

  test.each(named)('that are there give %s a number', (_, { make, shapes }) => {
    const loss = make();
    tf.tidy(() => {
      expect(lossAt(loss, tensorsOf(loss, shapes, 4), [0, 3, 1, 3])).toSatisfy(Number.isFinite);
    });
  });

  const unlabelled: [string, AnyLoss][] = [
    ...named.filter(([name]) => WITHOUT_LABELS.includes(name)),
    ['earlyExits from labels', { ...allLosses.earlyExits, make: () => allLosses.earlyExits.make({ from: 'labels' }) }],
  ];
  test.each(unlabelled)('may be missing for some examples of %s: nothing is said of them', (name, { make, shapes }) => {
    const loss = make();
    tf.tidy(() => {
      const tensors = tensorsOf(loss, shapes, 4);
      const none = lossAt(loss, tensors, [-1, -1, -1, -1]);
      const added = (...labels: number[]) => lossAt(loss, tensors, labels) - none;
      expect(none).toSatisfy(Number.isFinite);
      // No class is what is said of an example without a label, unless the teacher names one instead.
      const silent = [0, 1, 2, 3].filter((label) => Math.abs(added(-1, label, -1, -1)) < 1e-5);
      const ofTeacher = tensors.teacher['logits']?.argMax(-1).dataSync()[1];
      expect(silent).toEqual(name === 'decoupledTargets' ? [ofTeacher] : []);
      // Nor does it change what is said of the others.
      expect(added(0, 3, -1, 1)).toBeCloseTo(added(0, -1, -1, -1) + added(-1, 3, -1, -1) + added(-1, -1, -1, 1), 4);
    });
  });

  test.each(named)('a last batch of one is no trouble to %s', (_, { make, shapes }) => {
    const loss = make();
    tf.tidy(() => {
      expect(lossAt(loss, tensorsOf(loss, shapes, 1), [3])).toSatisfy(Number.isFinite);
    });
  });
});
