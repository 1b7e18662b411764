import { describe, expect, test } from 'vitest';
import { checkFeatureLoss, flat, plainPair, shapesFor, unchanged } from '../cases/featureCases.ts';
import { checkLoss, type LossInputs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import { type ActivationBoundaryOptions, activationBoundary } from './activationBoundary.ts';

const output = 'block';

checkUse(activationBoundary, {
  ...onMaps,
  options: { ...onMaps.options, projector: 'none' },
  mismatches: [[{ a: [6, 6, 5] }, {}, {}, /Use projector: 'linear'/]],
  weight: { of: 'maps', options: { projector: 'linear' } },
});

describe('activationBoundary', () => {
  checkLoss<ActivationBoundaryOptions & { margin: number }>(activationBoundary, {
    golden: 'activationBoundary',
    reference(inputs, { margin }) {
      const [student, teacher] = plainPair(inputs, { output }, true).map(flat) as [number[], number[]];
      return mean(student.map((s, i) => Math.max(0, margin - ((teacher[i] as number) > 0 ? s : -s)) ** 2));
    },
    best: decided,
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'no output': () => activationBoundary({} as ActivationBoundaryOptions),
      'a margin of 0': () => activationBoundary({ output, margin: 0 }),
      'a margin that is no number': () => activationBoundary({ output, margin: Number.NaN }),
      'another projector': () => activationBoundary({ output, projector: 'mlp' as 'none' }),
      'an option that it does not have': () => activationBoundary({ output, power: 2 } as ActivationBoundaryOptions),
    },
  });

  checkFeatureLoss(activationBoundary, { needsPositions: false });

  test('has the defaults that it documents', () => {
    expect(activationBoundary({ output }).options).toEqual({ output, margin: 1, projector: 'linear' });
  });

  test('asks for a connector, or for as many channels', () => {
    const pair = { output: 'a', teacherOutput: 'b' };
    const asked = activationBoundary(pair).parameters?.(shapesFor([4, 4, 2], [4, 4, 3]));
    expect(asked).toMatchObject({ kernel: { shape: [2, 3] }, bias: { shape: [3] } });
    const direct = activationBoundary({ ...pair, projector: 'none' });
    expect(direct.parameters?.(shapesFor([4, 4, 2], [4, 4, 2]))).toEqual({});
    const check = () => direct.check?.(shapesFor([4, 4, 2], [4, 4, 3]));
    expect(check).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });
});

/** On the teacher's side of zero, far beyond the margin. */
function decided(inputs: LossInputs): LossInputs {
  const same = unchanged(inputs, { output });
  const { shape, values } = same.student[output] as Values;
  return { ...same, student: { [output]: { shape, values: values.map((value) => (value > 0 ? 3 : -3)) } } };
}
