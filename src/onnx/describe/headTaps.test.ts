import { expect, test } from 'vitest';
import { readModelFile } from '../cases/ortCases.ts';
import { floats, modelOf, node, tinyClassifier, value } from '../cases/tinyCases.ts';
import { readModel } from '../model.ts';
import { headTaps } from './headTaps.ts';

test('are the default, and what 1, 2, 4 and 8 layers before it read', () => {
  expect(headTaps(tinyClassifier(), { source: 'r' })).toEqual(['r', 'x']);
  const layers = 10;
  const deep = modelOf({
    input: [value('v0', ['B', 2])],
    output: [value(`v${layers}`, ['B', 2])],
    initializer: [floats('w', [2, 2], [1, 2, 3, 4])],
    node: Array.from({ length: layers }, (_, i) => node('Gemm', [`v${i}`, 'w'], [`v${i + 1}`])),
  });
  expect(headTaps(deep, { source: 'v9' })).toEqual(['v9', 'v8', 'v7', 'v5', 'v1']);
});

test('leave out what another branch reads, what is too large, and what has no known shape', () => {
  const model = modelOf({
    input: [value('x', ['B', 2]), value('big', ['B', 300, 300]), value('free', ['B', 'T', 2])],
    initializer: [floats('w', [2, 2], [1, 2, 3, 4]), floats('wide', [300, 2], new Array(600).fill(1))],
    node: [
      node('MatMul', ['free', 'w'], ['a']),
      node('MatMul', ['big', 'wide'], ['b']),
      node('ReduceSum', ['a'], ['a1']),
      node('ReduceSum', ['b'], ['b1']),
      node('Add', ['a1', 'b1'], ['c']),
      node('Add', ['x', 'c'], ['d']),
      node('Gemm', ['d', 'w'], ['y']),
      node('Gemm', ['x', 'w'], ['other']),
    ],
  });
  expect(headTaps(model, { source: 'd' })).toEqual(['d']);
  // With lengths for what is free it is told.
  const inputShapes = { x: [1, 2], big: [1, 300, 300], free: [1, 4, 2] };
  expect(headTaps(model, { source: 'd', inputShapes })).toEqual(['d', 'free']);
});

test('of a real reader are maps and steps of moderate size', () => {
  const reader = readModel(readModelFile('reader'));
  const taps = headTaps(reader, { source: 'p2o.AveragePool.1', inputShapes: { x: [1, 3, 48, 48] } });
  expect(taps[0]).toBe('p2o.AveragePool.1');
  expect(taps.length).toBeGreaterThan(1);
  expect(taps.length).toBeLessThanOrEqual(5);
});
