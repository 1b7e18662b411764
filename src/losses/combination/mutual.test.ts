import { describe, expect, test } from 'vitest';
import { checkLoss } from '../cases/lossContract.ts';
import { plainLabelled, plainPeers, plainTaught, withFixed } from '../cases/peerCases.ts';
import { describeOnCpu, expectLeast, expectPerExample, randomInputs, refusalOf } from '../cases/responseCases.ts';
import { checkUse, onPeers } from '../cases/useContract.ts';
import { type MutualOptions, mutual } from './mutual.ts';

checkUse(mutual, { ...onPeers, weight: 'alone' });

describe.each(['mutual2', 'mutual3'])('%s', (golden) => {
  checkLoss<Required<Omit<MutualOptions, 'output'>>>(mutual, {
    golden,
    reference: withFixed(
      golden,
      (inputs, { labels, temperature, weight }: Required<Omit<MutualOptions, 'output'>>, fixed) => {
        const said = plainPeers(fixed);
        return plainPeers(inputs).reduce((sum, own, i) => {
          const others = said.filter((_, j) => j !== i);
          const taught = others.reduce((total, peer) => total + plainTaught(peer, own, temperature), 0) / others.length;
          return sum + weight * taught + (labels ? plainLabelled(own, inputs.labels) : 0);
        }, 0);
      },
    ),
    best: null,
    refused: {
      'one student': () => mutual({ students: 1 }),
      'half a student': () => mutual({ students: 2.5 }),
      'a temperature of 0': () => mutual({ temperature: 0 }),
      'a negative weight': () => mutual({ weight: -1 }),
      'an option that it does not have': () => mutual({ peers: 2 } as MutualOptions),
    },
  });
});

/** The outputs of a cohort, and labels. */
function cohortInputs(seeds: readonly number[]) {
  const made = seeds.map((seed) => randomInputs([6, 4], seed));
  const student = Object.fromEntries(made.map((inputs, k) => [`logits.${k}`, inputs.student['logits'] as never]));
  return { ...made[0], student, teacher: {} } as ReturnType<typeof randomInputs>;
}

describeOnCpu('mutual', () => {
  test('has the defaults that it documents', () => {
    expect(mutual().options).toEqual({ students: 2, output: 'logits', labels: true, temperature: 1, weight: 1 });
    expect(mutual({ students: 3 }).reads).toEqual({
      student: ['logits.0', 'logits.1', 'logits.2'],
      teacher: [],
      labels: true,
    });
  });

  test('is 0, and flat, without labels where all members say the same', () => {
    expectLeast(mutual({ students: 3, labels: false }), cohortInputs([5, 5, 5]), 0);
  });

  test('gives a number for each example', () => {
    expectPerExample(mutual(), cohortInputs([1, 2]));
    expectPerExample(mutual({ labels: false, temperature: 2 }), cohortInputs([1, 2]));
  });

  test('refuses members of other classes, and outputs that are no rows of classes', () => {
    const given = (...shapes: number[][]) => ({
      student: Object.fromEntries(shapes.map((shape, k) => [`logits.${k}`, shape])),
      teacher: {},
      batchSize: 8,
      examples: 100,
    });
    expect(refusalOf(mutual(), given([4], [4]))).toBeUndefined();
    expect(refusalOf(mutual(), given([4], [5]))).toBe('class-mismatch');
    expect(refusalOf(mutual(), given([4]))).toBe('unknown-output');
    expect(refusalOf(mutual(), given([3, 4], [3, 4]))).toBe('shape-mismatch');
  });
});
