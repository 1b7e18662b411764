import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import {
  checkFeatureLoss,
  FEATURE_EXTREMES,
  mapPositions,
  type PlainFeature,
  plainPair,
  plainProjected,
  range,
  shapesFor,
} from '../cases/featureCases.ts';
import { checkLoss, type LossContract, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import {
  type VariationalInformationOptions,
  variationalInformation,
  variationalInformationLoss,
} from './variationalInformation.ts';

const contract: Omit<LossContract<VariationalInformationOptions>, 'golden'> = {
  // ½ [(μ(s) − t)² / σ² + log σ²], mean over everything; μ is as many layers as there are, with ReLU between them.
  reference(inputs, options) {
    const { parameters = {} } = inputs;
    const [student, teacher] = plainPair(inputs, options);
    const means = range(options.layers as number).reduce<PlainFeature>((values, i) => {
      const before = i === 0 ? values : mapPositions(values, (of) => of.map((value) => Math.max(value, 0)));
      return plainProjected(before, inputs, `layer${i + 1}`);
    }, student);
    const variances = (parameters['variance'] as Values).values.map((a) => Math.log1p(Math.exp(a)) + 1e-5);
    const terms = means.flatMap((positions, b) =>
      positions.flatMap((values, p) =>
        values.map((value, c) => {
          const variance = variances[c] as number;
          return ((value - (teacher[b]?.[p]?.[c] as number)) ** 2 / variance + Math.log(variance)) / 2;
        }),
      ),
    );
    return mean(terms);
  },
  best: null,
  extremes: FEATURE_EXTREMES,
  refused: {
    'no output': () => variationalInformation({} as VariationalInformationOptions),
    'no layer': () => variationalInformation({ output: 'a', layers: 0 }),
    'half a layer': () => variationalInformation({ output: 'a', layers: 1.5 }),
    'a variance of 0': () => variationalInformation({ output: 'a', initialVariance: 0 }),
    'an option that it does not have': () =>
      variationalInformation({ output: 'a', mid: 2 } as VariationalInformationOptions),
  },
};

checkUse(variationalInformation, {
  ...onMaps,
  mismatches: [[{}, { b: [3, 3, null] }, {}, /fixed number of features/]],
  weight: { of: 'maps' },
});

describe.each([1, 3])('variationalInformation with a regressor of %d layers', (layers) => {
  checkLoss<VariationalInformationOptions>(variationalInformation, {
    ...contract,
    golden: `variationalInformation${layers}`,
  });
});

describe('variationalInformation', () => {
  checkFeatureLoss(variationalInformation, { needsPositions: false });

  test('has the defaults that it documents', () => {
    const { options } = variationalInformation({ output: 'block' });
    expect(options).toEqual({ output: 'block', layers: 3, initialVariance: 5 });
  });

  test('asks for its regressor and for a variance for each of the teacher’s channels', () => {
    const loss = variationalInformation({ output: 'a', teacherOutput: 'b', layers: 2, initialVariance: 3 });
    const { variance, ...regressor } = loss.parameters?.(shapesFor([8, 8, 4], [4, 4, 6])) ?? {};
    expect(variance?.shape).toEqual([6]);
    expect(Math.log1p(Math.exp(variance?.initial as number)) + 1e-5).toBeCloseTo(3, 9);
    expect(Object.entries(regressor).map(([name, { shape }]) => [name, shape])).toEqual([
      ['layer1Kernel', [4, 6]],
      ['layer1Bias', [6]],
      ['layer2Kernel', [6, 6]],
      ['layer2Bias', [6]],
    ]);
  });

  test.each([1e-9, 1e-5, 1e-3, 100, 1e4])('starts from a variance of %d as near as it can', (initialVariance) => {
    const loss = variationalInformation({ output: 'a', teacherOutput: 'b', initialVariance });
    const a = loss.parameters?.(shapesFor([4], [6]))['variance']?.initial as number;
    const softplus = a > 30 ? a : Math.log1p(Math.exp(a));
    expect(Math.abs(softplus + 1e-5 - Math.max(initialVariance, 2e-5))).toBeLessThan(1e-9 * initialVariance + 1e-12);
  });

  test('is least where the means are right and the variances are the squares of what is missed', () => {
    tf.tidy(() => {
      const misses = tf.tensor2d([[2], [-2], [2], [-2]]);
      const valueAt = (variance: number) =>
        variationalInformationLoss(
          tf,
          tf.zeros([4, 1]),
          misses,
          tf.tensor1d([Math.log(Math.expm1(variance))]),
        ).dataSync()[0];
      expect(valueAt(4)).toBeCloseTo((1 + Math.log(4)) / 2, 4);
      for (const variance of [1, 3, 5, 9]) expect(valueAt(variance)).toBeGreaterThan(valueAt(4) as number);
    });
  });
});
