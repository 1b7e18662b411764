import { describe, expect, test } from 'vitest';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { checkPairLoss, checkTellsNoise, distance } from '../cases/pairCases.ts';
import { mean, plainExamples } from '../cases/plainCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type InstanceGraphOptions, instanceGraph } from './instanceGraph.ts';

checkUse(instanceGraph, {
  options: { outputs: ['a'], teacherOutputs: ['b'] },
  student: { a: [6] },
  teacher: { b: [3, 3, 2] },
  takesAnySizes: true,
  least: 3,
  weight: { of: 'rows' },
});

describe('instanceGraph', () => {
  checkLoss<InstanceGraphOptions>(instanceGraph, {
    golden: 'instanceGraph',
    reference({ student, teacher }, { outputs = ['logits'], teacherOutputs = outputs }) {
      const layers = outputs.map((output, layer) => {
        const theirs = edges(teacher[teacherOutputs[layer] as string] as Values);
        return mean(edges(student[output] as Values).map((edge, i) => (edge - (theirs[i] as number)) ** 2));
      });
      return mean(layers);
    },
    best: ({ teacher }) => ({
      student: 'early' in teacher ? { first: teacher['early'] as Values, last: teacher['late'] as Values } : teacher,
      teacher,
    }),
    refused: {
      'no output': () => instanceGraph({ outputs: [] }),
      'more outputs of the student': () => instanceGraph({ outputs: ['a', 'b'], teacherOutputs: ['a'] }),
      'a name that is none': () => instanceGraph({ outputs: [''] }),
      'a single name': () => instanceGraph({ outputs: 'logits' as unknown as string[] }),
      'an option that it does not have': () => instanceGraph({ output: 'logits' } as InstanceGraphOptions),
    },
  });
  checkPairLoss(instanceGraph);
  checkTellsNoise(instanceGraph);

  test('has the defaults that it documents', () => {
    expect(instanceGraph().options).toEqual({ outputs: ['logits'] });
    expect(instanceGraph({ outputs: ['a', 'b'], teacherOutputs: ['c', 'd'] }).reads).toEqual({
      student: ['a', 'b'],
      teacher: ['c', 'd'],
      labels: false,
    });
  });
});

function edges(values: Values): number[] {
  const rows = plainExamples(values);
  const squares = rows.flatMap((a) => rows.map((b) => distance(a, b) ** 2));
  const largest = Math.max(...squares);
  return squares.map((square) => (largest === 0 ? 0 : square / largest));
}
