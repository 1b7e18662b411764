import { describe, expect, test } from 'vitest';
import type { Values } from '../cases/lossCases.ts';
import { checkLoss } from '../cases/lossContract.ts';
import { plainLabelled, plainPeers, plainTaught, withFixed } from '../cases/peerCases.ts';
import { plainRows } from '../cases/plainCases.ts';
import { describeOnCpu, expectLeast, expectPerExample, randomInputs } from '../cases/responseCases.ts';
import { checkUse, onPeers } from '../cases/useContract.ts';
import { type CollaborativeOptions, collaborative } from './collaborative.ts';

type Options = Required<Omit<CollaborativeOptions, 'output'>>;

checkUse(collaborative, { ...onPeers, replayed: [{ target: 'min-logit' }], weight: 'alone' });

describe.each(['collaborative2', 'collaborative3'])('%s', (golden) => {
  checkLoss<Options>(collaborative, {
    golden,
    reference: withFixed(golden, (inputs, { labels, target, temperature, weight }: Options, fixed) => {
      const members = plainPeers(fixed);
      const rows = members.map(plainRows);
      const combined = (row: number, c: number) => {
        const own = rows.map((of) => of[row] as number[]);
        if (target === 'mean') return own.reduce((sum, logits) => sum + (logits[c] as number), 0) / own.length;
        const label = inputs.labels?.[row] as number;
        return Math.min(...own.map((logits) => (logits[c] as number) - (logits[label] as number)));
      };
      const { shape } = members[0] as Values;
      const classes = shape.at(-1) as number;
      const all: Values = {
        shape,
        values: members[0]?.values.map((_, i) => combined(Math.floor(i / classes), i % classes)) as number[],
      };
      return plainPeers(inputs).reduce(
        (sum, own) =>
          sum + weight * plainTaught(all, own, temperature) + (labels ? plainLabelled(own, inputs.labels) : 0),
        0,
      );
    }),
    best: null,
    refused: {
      'one student': () => collaborative({ students: 1 }),
      'a temperature of 0': () => collaborative({ temperature: 0 }),
      'a negative weight': () => collaborative({ weight: -1 }),
      'a target that it does not know': () => collaborative({ target: 'max' as 'mean' }),
      'min-logit without labels': () => collaborative({ target: 'min-logit', labels: false }),
      'an option that it does not have': () => collaborative({ peers: 2 } as CollaborativeOptions),
    },
  });
});

describeOnCpu('collaborative', () => {
  const { student, labels } = randomInputs([6, 4], 1);
  const alike = {
    student: { 'logits.0': student['logits'] as Values, 'logits.1': student['logits'] as Values },
    teacher: {},
    ...(labels && { labels }),
  };

  test('has the defaults that it documents', () => {
    expect(collaborative().options).toEqual({
      students: 2,
      output: 'logits',
      target: 'mean',
      labels: true,
      temperature: 4,
      weight: 0.5,
    });
    expect(collaborative().reads).toEqual({ student: ['logits.0', 'logits.1'], teacher: [], labels: true });
  });

  test('is 0, and flat, without labels where all members say the same', () => {
    expectLeast(collaborative({ labels: false }), alike, 0);
  });

  test('gives a number for each example', () => {
    expectPerExample(collaborative(), alike);
    expectPerExample(collaborative({ target: 'min-logit' }), alike);
  });
});
