import { describe, expect, test } from 'vitest';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { checkMembersLoss, everybodyAlike, membersGrowth, plainDivergences } from '../cases/memberCases.ts';
import { checkUse, onMembers } from '../cases/useContract.ts';
import { type EntropyWeightedOptions, entropyWeighted } from './entropyWeighted.ts';

type Options = EntropyWeightedOptions & { readonly temperature: number };
const teacherOutputs = ['logits@0', 'logits@1'];

checkUse(entropyWeighted, { ...onMembers, weight: { of: 'logits' } });

describe('entropyWeighted', () => {
  checkLoss<Options>(entropyWeighted, {
    golden: 'entropyWeighted',
    reference(inputs, options) {
      const entropies = options.teacherOutputs.map((name) =>
        plainLogProbs(inputs.teacher[name] as Values).map((row) =>
          row.reduce((sum, log) => sum - Math.exp(log) * log, 1e-7),
        ),
      );
      const rows = plainDivergences(inputs, options).map((divergences, i) => {
        const all = entropies.reduce((sum, of) => sum + (of[i] as number), 0);
        const weights = entropies.map((of) => 1 - (of[i] as number) / all);
        const whole = weights.reduce((a, b) => a + b, 0);
        return divergences.reduce((sum, one, k) => sum + ((weights[k] as number) / whole) * one, 0);
      });
      return rows.reduce((a, b) => a + b, 0) / rows.length;
    },
    growth: membersGrowth,
    best: everybodyAlike,
    refused: {
      'no teachers': () => entropyWeighted({} as EntropyWeightedOptions),
      'one teacher': () => entropyWeighted({ teacherOutputs: ['logits@0'] }),
      'the same teacher twice': () => entropyWeighted({ teacherOutputs: ['logits@0', 'logits@0'] }),
      'a teacher without a name': () => entropyWeighted({ teacherOutputs: ['logits@0', ''] }),
      'a temperature of 0': () => entropyWeighted({ teacherOutputs, temperature: 0 }),
      'an option that it does not have': () =>
        entropyWeighted({ teacherOutputs, features: 'a' } as EntropyWeightedOptions),
    },
  });

  checkMembersLoss(() => entropyWeighted({ teacherOutputs }));

  test('has the defaults that it documents', () => {
    const loss = entropyWeighted({ teacherOutputs });
    expect(loss.options).toEqual({ teacherOutputs, output: 'logits', temperature: 4 });
    expect(loss.reads).toEqual({ student: ['logits'], teacher: teacherOutputs, labels: false });
  });
});
