import { describe, expect, test } from 'vitest';
import * as all from './operators/all.ts';
import { onnxNameOf, operatorOf, smallName } from './operators.ts';

const { microsoft: _, ...families } = all;
const names = Object.values(families).flatMap((table) => Object.keys(table));

test.each([
  ['ReduceMean', 'reduceMean'],
  ['LSTM', 'lstm'],
  ['RMSNormalization', 'rmsNormalization'],
  ['PRelu', 'pRelu'],
  ['ReduceL2', 'reduceL2'],
])('a layer calls %s %s', (name, small) => {
  expect(smallName(name)).toBe(small);
  expect(onnxNameOf(small)).toBe(name);
});

describe('the records', () => {
  test('stand in one family each, and their small names differ', () => {
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(names.map(smallName)).size).toBe(names.length);
  });

  test('that say how their tensors lie are computed', () => {
    const idle = names.filter((name) => {
      const operator = operatorOf('', name);
      return operator?.operands !== undefined && operator.compute === undefined && operator.computeAll === undefined;
    });
    expect(idle).toEqual([]);
  });
});
