import { describe, expect, test } from 'vitest';
import {
  checkFeatureLoss,
  flat,
  meanSquare,
  plainPair,
  plainProjected,
  shapesFor,
  unchanged,
} from '../cases/featureCases.ts';
import { evaluate, readCases } from '../cases/lossCases.ts';
import { checkLoss, type LossInputs } from '../cases/lossContract.ts';
import { mean, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import { type FactorTransferOptions, factorTransfer } from './factorTransfer.ts';

const output = 'block';

checkUse(factorTransfer, {
  ...onMaps,
  mismatches: [[{ a: [6, 6, null] }, {}, {}, /fixed number of features/]],
  weight: { of: 'maps' },
});

describe('factorTransfer', () => {
  checkLoss<FactorTransferOptions>(factorTransfer, {
    golden: 'factorTransfer',
    reference,
    best: (inputs) => unchanged(inputs, { output }),
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'no output': () => factorTransfer({} as FactorTransferOptions),
      'no factors': () => factorTransfer({ output, factorFraction: 0 }),
      'more factors than channels': () => factorTransfer({ output, factorFraction: 1.1 }),
      'a fraction that is no number': () => factorTransfer({ output, factorFraction: Number.NaN }),
      'an option that it does not have': () => factorTransfer({ output, power: 2 } as FactorTransferOptions),
    },
  });

  checkFeatureLoss(factorTransfer, { needsPositions: false });

  test('has the defaults that it documents', () => {
    expect(factorTransfer({ output }).options).toEqual({ output, factorFraction: 0.5 });
  });

  test('asks for a translator, a paraphraser and what restores', () => {
    const loss = factorTransfer({ output: 'a', teacherOutput: 'b' });
    const shapes = Object.entries(loss.parameters?.(shapesFor([4, 4, 3], [4, 4, 8])) ?? {});
    expect(Object.fromEntries(shapes.map(([name, { shape }]) => [name, shape]))).toEqual({
      translatorKernel: [3, 4],
      translatorBias: [4],
      paraphraserKernel: [8, 4],
      paraphraserBias: [4],
      restorerKernel: [4, 8],
      restorerBias: [8],
    });
  });

  test('trains the paraphraser by what it restores alone', () => {
    for (const { inputs, options } of readCases<FactorTransferOptions>({ golden: 'factorTransfer', reference })) {
      const { student } = evaluate(factorTransfer(options), inputs);
      for (const name of ['paraphraserKernel', 'paraphraserBias', 'restorerKernel', 'restorerBias']) {
        const slopes = student[`parameters/${name}`] ?? [];
        const expected = slopes.map((_, i) => slopeAt(restoring, inputs, name, i));
        const steepest = Math.max(...expected.map(Math.abs));
        expect(steepest).toBeGreaterThan(0.01);
        slopes.forEach((slope, i) => {
          expect(Math.abs(slope - (expected[i] as number))).toBeLessThan(1e-5 * steepest);
        });
      }
    }
  });
});

function reference(inputs: LossInputs): number {
  const [student, teacher] = plainPair(inputs, { output });
  const translated = plainProjected(student, inputs, 'translator');
  const factors = plainProjected(teacher, inputs, 'paraphraser');
  const rows = translated.map((example, i) => {
    const [s, t] = [plainUnit(example.flat()), plainUnit((factors[i] ?? []).flat())];
    return mean(s.map((value, k) => Math.abs(value - (t[k] as number))));
  });
  return mean(rows) + restoring(inputs);
}

function restoring(inputs: LossInputs): number {
  const [, teacher] = plainPair(inputs, { output });
  const restored = plainProjected(plainProjected(teacher, inputs, 'paraphraser'), inputs, 'restorer');
  return meanSquare(flat(restored), flat(teacher));
}

/** A square's central difference has no error beside rounding. */
function slopeAt(value: (inputs: LossInputs) => number, inputs: LossInputs, name: string, at: number): number {
  const moved = (by: number) => {
    const { shape = [], values = [] } = inputs.parameters?.[name] ?? {};
    const changed = values.map((number, i) => (i === at ? number + by : number));
    return value({ ...inputs, parameters: { ...inputs.parameters, [name]: { shape, values: changed } } });
  };
  return (moved(2 ** -6) - moved(-(2 ** -6))) / 2 ** -5;
}
