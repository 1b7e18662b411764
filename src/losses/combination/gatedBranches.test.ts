import { describe, expect, test } from 'vitest';
import type { LossInputs, Values } from '../cases/lossCases.ts';
import { checkLoss } from '../cases/lossContract.ts';
import { plainLabelled, plainPeers, plainTaught, withFixed } from '../cases/peerCases.ts';
import { checkUse, onPeers } from '../cases/useContract.ts';
import { linear } from '../schedule.ts';
import { type GatedBranchesOptions, gatedBranches } from './gatedBranches.ts';

type Options = Required<Omit<GatedBranchesOptions, 'output'>>;

checkUse(gatedBranches, {
  ...onPeers,
  options: { branches: 2 },
  student: { logits: [4], ...onPeers.student },
  weight: 'alone',
});

describe.each(['gatedBranches', 'gatedBranchesRamp'])('%s', (golden) => {
  checkLoss<Options>(gatedBranches, {
    golden,
    reference: withFixed(golden, (inputs: LossInputs, { temperature, weight }: Options, fixed: LossInputs) => {
      const now = typeof weight === 'number' ? weight : (inputs.numbers?.[0] as number);
      const said = fixed.student['logits'] as Values;
      return plainPeers(inputs).reduce(
        (sum, branch) => sum + plainLabelled(branch, inputs.labels) + now * plainTaught(said, branch, temperature),
        plainLabelled(inputs.student['logits'] as Values, inputs.labels),
      );
    }),
    best: null,
    refused: {
      'one branch': () => gatedBranches({ branches: 1 }),
      'a temperature of 0': () => gatedBranches({ temperature: 0 }),
      'a negative weight': () => gatedBranches({ weight: -1 }),
      'what is no schedule': () => gatedBranches({ weight: {} as never }),
      'an option that it does not have': () => gatedBranches({ students: 2 } as GatedBranchesOptions),
    },
  });
});

test('ramps up as it documents', () => {
  const loss = gatedBranches();
  expect(loss.reads).toEqual({ student: ['logits', 'logits.0', 'logits.1', 'logits.2'], teacher: [], labels: true });
  expect(loss.options).toMatchObject({ branches: 3, output: 'logits', temperature: 3 });
  const at = (step: number) => loss.numbers?.({ step, steps: 101, epoch: 1, epochs: 1 })[0];
  expect(at(0)).toBeCloseTo(Math.exp(-5), 12);
  expect(at(25)).toBe(1);
  expect(at(100)).toBe(1);
  expect(gatedBranches({ weight: 2 }).numbers).toBeUndefined();
  expect(gatedBranches({ weight: linear(0, 2) }).numbers?.({ step: 1, steps: 3, epoch: 1, epochs: 1 })).toEqual([1]);
});
