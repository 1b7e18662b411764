import { describe, expect, test } from 'vitest';
import { checkFeatureLoss, flat, plainPair, plainProjected, shapesFor, unchanged } from '../cases/featureCases.ts';
import { evaluate, readCases } from '../cases/lossCases.ts';
import { checkLoss, type LossInputs } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type FeatureAlignOptions, featureAlign } from './featureAlign.ts';

const output = 'trunk';
const teacherOutputs = ['block@0', 'block@1'];
type Options = FeatureAlignOptions & Required<Pick<FeatureAlignOptions, 'weights'>>;

checkUse(featureAlign, {
  options: { output: 'a', teacherOutputs: ['b', 'c'], projector: 'none' },
  student: { a: [6, 6, 4] },
  teacher: { b: [3, 3, 4], c: [6, 6, 4] },
  mismatches: [[{ a: [6, 6, 5] }, {}, {}, /Use projector: 'linear'/]],
  replayed: [{ projector: 'linear' }],
  weight: { of: 'maps', options: { teacherOutputs: ['b'], projector: 'linear' } },
});

describe('featureAlign', () => {
  checkLoss<Options>(featureAlign, {
    golden: 'featureAlign',
    reference,
    // With an adaptor for each of two teachers there is no one best student; one teacher is tried below.
    best: null,
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'no output': () => featureAlign({ teacherOutputs } as unknown as FeatureAlignOptions),
      'no teachers': () => featureAlign({ output } as FeatureAlignOptions),
      'an empty list of teachers': () => featureAlign({ output, teacherOutputs: [] }),
      'a weight too few': () => featureAlign({ output, teacherOutputs, weights: [1] }),
      'a negative weight': () => featureAlign({ output, teacherOutputs, weights: [1, -1] }),
      'weights of 0 only': () => featureAlign({ output, teacherOutputs, weights: [0, 0] }),
      'another projector': () => featureAlign({ output, teacherOutputs, projector: 'mlp' as 'none' }),
      'an option that it does not have': () =>
        featureAlign({ output, teacherOutputs, lambdas: [1, 1] } as FeatureAlignOptions),
    },
  });

  checkFeatureLoss(({ output: own, teacherOutput }) => featureAlign({ output: own, teacherOutputs: [teacherOutput] }), {
    needsPositions: false,
  });

  test('is zero, and flat, where the student gives what its only teacher gives', () => {
    for (const { inputs } of readCases<Options>({ golden: 'featureAlign', reference })) {
      const teacherOutput = 'block@0';
      const { parameters: _, ...rest } = unchanged(inputs, { output, teacherOutput });
      const at = { ...rest, teacher: { [teacherOutput]: rest.teacher[teacherOutput] ?? { shape: [], values: [] } } };
      const got = evaluate(featureAlign({ output, teacherOutputs: [teacherOutput], projector: 'none' }), at);
      expect(Math.max(got.value, ...(got.student[output] ?? []).map(Math.abs))).toBeLessThan(1e-6);
      const doubled = {
        shape: at.student[output]?.shape ?? [],
        values: at.student[output]?.values.map((v) => 2 * v) ?? [],
      };
      const direction = featureAlign({ output, teacherOutputs: [teacherOutput], projector: 'none' });
      // Only the direction counts.
      expect(evaluate(direction, { ...at, student: { [output]: doubled } }).value).toBeLessThan(1e-6);
    }
  });

  test('has the defaults that it documents, and an adaptor for each teacher', () => {
    const loss = featureAlign({ output, teacherOutputs });
    expect(loss.options).toEqual({ output, teacherOutputs, weights: [1, 1], projector: 'linear' });
    expect(loss.reads).toEqual({ student: [output], teacher: teacherOutputs, labels: false });
    const shapes = { student: { trunk: [4, 4, 3] }, teacher: { 'block@0': [4, 4, 2], 'block@1': [2, 2, 5] } };
    expect(loss.parameters?.({ ...shapes, batchSize: 2, examples: 4 })).toMatchObject({
      adaptor0Kernel: { shape: [3, 2] },
      adaptor0Bias: { shape: [2] },
      adaptor1Kernel: { shape: [3, 5] },
      adaptor1Bias: { shape: [5] },
    });
    const direct = featureAlign({ output: 'a', teacherOutputs: ['b'], projector: 'none' });
    const check = () => direct.check?.(shapesFor([4, 4, 2], [4, 4, 3]));
    expect(check).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });
});

function reference(inputs: LossInputs, options: Options): number {
  return options.teacherOutputs.reduce((total, teacherOutput, k) => {
    const [trunk, teacher] = plainPair(inputs, { output, teacherOutput });
    const norm = (values: readonly number[]) => {
      const length = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 1e-6));
      return values.map((value) => value / length);
    };
    const positions = teacher.flat().map(norm);
    const apart = plainProjected(trunk, inputs, `adaptor${k}`)
      .flat()
      .map((values, i) =>
        norm(values).reduce((sum, value, c) => sum + (value - (positions[i]?.[c] as number)) ** 2, 0),
      );
    return total + (options.weights[k] as number) * mean(flat([apart.map((value) => [value])]));
  }, 0);
}
