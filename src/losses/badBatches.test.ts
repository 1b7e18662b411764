import { describe, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { allLosses, prepare, refusal } from './allCases.ts';
import type { Loss, LossShapes, LossTensors } from './loss.ts';
import { describeOnCpu } from './responseCases.ts';

const named = Object.entries(allLosses);

describe('batches', () => {
  const least: Readonly<Record<string, number>> = {
    ...{ classWise: 2, contrastive: 2, correlationCongruence: 2, distributionCorrelation: 2, hardDarkRank: 3 },
    ...{ informationMaximization: 2, instanceGraph: 3, localStructure: 3, multiHeadRelation: 2 },
    ...{ probabilityTransfer: 2, relationAngle: 3, relationDistance: 2, similarity: 2 },
  };
  test.each(named)('of one are refused by %s if it relates examples', (name, { make, shapes }) => {
    const fewest = least[name] ?? 1;
    prepare(make(), { ...shapes, batchSize: fewest });
    for (let batchSize = 1; batchSize < fewest; batchSize++) {
      const { code, message } = refusal(() => prepare(make(), { ...shapes, batchSize }));
      expect(code).toBe('invalid-option');
      expect(message).toMatch(
        new RegExp(`^${name}.* the batches have ${batchSize}. Set batchSize to ${fewest} or more`),
      );
    }
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

  test.each(named)('that %s reads must be there', (name, { make, shapes }) => {
    const loss = make();
    tf.tidy(() => {
      const tensors = tensorsOf(loss, shapes, 4);
      if (loss.reads.labels) {
        const { code, message } = refusal(() => loss.compute(tf, tensors));
        expect(code).toBe('labels-missing');
        expect(message).toMatch(/needs labels; give labelled data/);
      }
      const labels = tf.tensor1d([0, 3, 1, 3], 'int32');
      expect(loss.compute(tf, { ...tensors, labels }).dataSync()[0], name).toSatisfy(Number.isFinite);
    });
  });

  test.each(named)('may be missing for some examples of %s only where it says so', (_, { make, shapes }) => {
    const loss = make();
    if (!loss.reads.labels || loss.allowsUnlabelled !== true) return;
    tf.tidy(() => {
      const labels = tf.tensor1d([-1, 3, -1, -1], 'int32');
      expect(loss.compute(tf, { ...tensorsOf(loss, shapes, 4), labels }).dataSync()[0]).toSatisfy(Number.isFinite);
    });
  });

  test.each(named)('a last batch of one is no trouble to %s', (_, { make, shapes }) => {
    const loss = make();
    tf.tidy(() => {
      const labels = tf.tensor1d([3], 'int32');
      expect(loss.compute(tf, { ...tensorsOf(loss, shapes, 1), labels }).dataSync()[0]).toSatisfy(Number.isFinite);
    });
  });
});
