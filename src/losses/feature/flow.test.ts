import { describe, expect, test } from 'vitest';
import { FEATURE_EXTREMES, meanSquare, plainAligned, range } from '../cases/featureCases.ts';
import { checkLoss, type LossInputs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { checkUse } from '../cases/useContract.ts';
import type { LossShapes } from '../loss.ts';
import { type FlowOptions, flow } from './flow.ts';

type TwoNames = readonly [string, string];

checkUse(flow, {
  options: { outputs: ['a', 'b'], teacherOutputs: ['c', 'd'] },
  student: { a: [6, 6, 4], b: [3, 3, 5] },
  teacher: { c: [6, 6, 4], d: [6, 6, 5] },
  mismatches: [[{ a: [6, 6, 5] }, {}, {}, /neuronSelectivity, which takes any, or featureHint/]],
  weight: { of: 'maps', options: { outputs: ['a', 'a'], teacherOutputs: ['b', 'b'] } },
});

describe('flow', () => {
  checkLoss<FlowOptions>(flow, {
    golden: 'flow',
    // (G_s − G_t)², mean over everything; G = mean over the positions of first ⊗ last.
    reference({ student, teacher }, { outputs, teacherOutputs = outputs }) {
      return meanSquare(plainFlow(student, outputs), plainFlow(teacher, teacherOutputs));
    },
    best: ({ teacher }) => ({
      student: { first: teacher['early'] as Values, last: teacher['late'] as Values },
      teacher,
    }),
    extremes: FEATURE_EXTREMES,
    refused: {
      'no outputs': () => flow({} as FlowOptions),
      'one output': () => flow({ outputs: ['a'] as unknown as TwoNames }),
      'names that are none': () => flow({ outputs: ['a', ''] }),
      'three outputs of the teacher': () =>
        flow({ outputs: ['a', 'b'], teacherOutputs: ['a', 'b', 'c'] as unknown as TwoNames }),
      'an option that it does not have': () => flow({ outputs: ['a', 'b'], output: 'a' } as FlowOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(flow({ outputs: ['a', 'b'] }).options).toEqual({ outputs: ['a', 'b'] });
    expect(flow({ outputs: ['a', 'b'] }).reads).toEqual({ student: ['a', 'b'], teacher: ['a', 'b'], labels: false });
    expect(flow({ outputs: ['a', 'a'], teacherOutputs: ['c', 'd'] }).reads.student).toEqual(['a']);
  });

  test('needs equal channel counts, layer by layer, and positions', () => {
    const loss = flow({ outputs: ['a', 'b'], teacherOutputs: ['c', 'd'] });
    const check = (...lengths: number[][]) => {
      const [a, b, c, d] = lengths as [number[], number[], number[], number[]];
      const shapes: LossShapes = { student: { a, b }, teacher: { c, d }, batchSize: 4, examples: 100 };
      return () => loss.check?.(shapes);
    };
    const mismatch = expect.objectContaining({ code: 'shape-mismatch' });
    expect(check([8, 8, 4], [4, 4, 6], [9, 9, 4], [3, 3, 6])).not.toThrow();
    expect(check([8, 8, 4], [4, 4, 6], [8, 8, 4], [4, 4, 5])).toThrow(mismatch);
    expect(check([8, 8, 3], [4, 4, 6], [8, 8, 4], [4, 4, 6])).toThrow(mismatch);
    expect(check([4], [6], [4], [6])).toThrow(mismatch);
    expect(check([8, 8, 4], [16, 6], [8, 8, 4], [16, 6])).toThrow(mismatch);
  });
});

function plainFlow(side: LossInputs['student'], [first, last]: TwoNames): number[] {
  const [a, b] = plainAligned(side[first] as Values, side[last] as Values);
  return a.flatMap((positions, example) => {
    const others = b[example] as readonly (readonly number[])[];
    return range(positions[0]?.length ?? 0).flatMap((f) =>
      range(others[0]?.length ?? 0).map((g) =>
        mean(positions.map((values, p) => (values[f] as number) * (others[p]?.[g] as number))),
      ),
    );
  });
}
