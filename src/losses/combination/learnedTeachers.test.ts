import { describe, expect, test } from 'vitest';
import { checkLoss, type LossInputs, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { checkMembersLoss, everybodyAlike, membersGrowth } from '../cases/memberCases.ts';
import { checkUse, onMembers } from '../cases/useContract.ts';
import { type LearnedTeachersOptions, learnedTeachers } from './learnedTeachers.ts';

type Options = LearnedTeachersOptions & { readonly temperature: number };
const teacherOutputs = ['logits@0', 'logits@1'];
const features = 'features';

checkUse(learnedTeachers, {
  ...onMembers,
  options: { ...onMembers.options, features: 'a' },
  student: { logits: [4], a: [6] },
  mismatches: [[{ a: [null] }, {}, {}, /fixed number of features/]],
  weight: { of: 'logits', options: { features: 'logits' } },
});

describe('learnedTeachers', () => {
  checkLoss<Options>(learnedTeachers, {
    golden: 'learnedTeachers',
    reference(inputs, { temperature }) {
      const mu = plainWeights(inputs);
      const classes = inputs.student['logits']?.shape.at(-1) as number;
      const members = teacherOutputs.map((name) => inputs.teacher[name] as Values);
      const mean = members[0]?.values.map((_, at) =>
        members.reduce(
          (sum, { values }, k) => sum + (mu[Math.floor(at / classes)]?.[k] as number) * (values[at] as number),
          0,
        ),
      );
      const p = plainLogProbs({ shape: members[0]?.shape ?? [], values: mean ?? [] }, temperature);
      const q = plainLogProbs(inputs.student['logits'] as Values, temperature);
      const rows = p.map((row, i) => row.reduce((sum, log, c) => sum + Math.exp(log) * (log - (q[i]?.[c] ?? 0)), 0));
      return (temperature ** 2 * rows.reduce((a, b) => a + b, 0)) / rows.length;
    },
    // Slopes reach what weighs the teachers too, as steep as their logits are far apart.
    growth(inputs, options) {
      const { value, gradient } = membersGrowth(inputs, options);
      const reach = Object.values({ ...inputs.student, ...inputs.teacher }).flatMap(({ values }) =>
        values.map(Math.abs),
      );
      return { value, gradient: gradient * (1 + Math.max(...reach)) };
    },
    best: everybodyAlike,
    // Of one feature only, the learned map would be another.
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'no teachers': () => learnedTeachers({ features } as unknown as LearnedTeachersOptions),
      'one teacher': () => learnedTeachers({ features, teacherOutputs: ['logits@0'] }),
      'no features': () => learnedTeachers({ teacherOutputs } as unknown as LearnedTeachersOptions),
      'a temperature of 0': () => learnedTeachers({ features, teacherOutputs, temperature: 0 }),
      'an option that it does not have': () =>
        learnedTeachers({ features, teacherOutputs, labels: true } as LearnedTeachersOptions),
    },
  });

  checkMembersLoss(() => learnedTeachers({ features, teacherOutputs }), { features: [2, 2, 3] });

  test('has the defaults that it documents', () => {
    const loss = learnedTeachers({ features, teacherOutputs });
    expect(loss.options).toEqual({ teacherOutputs, output: 'logits', features, temperature: 5 });
    expect(loss.reads).toEqual({ student: ['logits', 'features'], teacher: teacherOutputs, labels: false });
  });

  test('asks for a vector for each teacher and a map to one number', () => {
    const loss = learnedTeachers({ features, teacherOutputs });
    const shapes = (of: readonly (number | null)[]) => ({
      student: { logits: [4], features: of },
      teacher: { 'logits@0': [4], 'logits@1': [4] },
      batchSize: 2,
      examples: 8,
    });
    expect(loss.parameters?.(shapes([7, 7, 16]))).toMatchObject({
      factors: { shape: [2, 16] },
      kernel: { shape: [16, 1] },
    });
    expect(() => loss.check?.(shapes([7, 7, 16]))).not.toThrow();
    expect(() => loss.check?.(shapes([null]))).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });
});

/** μ for each example. */
function plainWeights({ student, parameters = {} }: LossInputs): number[][] {
  const { shape, values } = student[features] as Values;
  const [factors, kernel] = [parameters['factors'] as Values, parameters['kernel'] as Values];
  const width = shape.at(-1) as number;
  const positions = values.length / (shape[0] as number) / width;
  const scores = Array.from({ length: shape[0] as number }, (_, b) =>
    teacherOutputs.map((_, k) => {
      let score = 0;
      for (let f = 0; f < width; f++) {
        let pooled = 0;
        for (let at = 0; at < positions; at++)
          pooled += (values[(b * positions + at) * width + f] as number) / positions;
        score += pooled * (factors.values[k * width + f] as number) * (kernel.values[f] as number);
      }
      return score;
    }),
  );
  return plainLogProbs({ shape: [scores.length, teacherOutputs.length], values: scores.flat() }).map((row) =>
    row.map(Math.exp),
  );
}
