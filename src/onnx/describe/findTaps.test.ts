import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { floats, modelOf, node, tinyBranches, tinyClassifier, value } from '../cases/tinyCases.ts';
import { onnx } from '../model.ts';
import { findTaps } from './findTaps.ts';
import type { Tap } from './taps.ts';

const found = (...taps: Tap[]) => Object.fromEntries(findTaps(tinyClassifier(), taps, 'm.onnx'));

describe('found', () => {
  test.each<[string, Tap, Record<string, string>]>([
    ['by name', 'r', { r: 'r' }],
    ['by a name of their own', { tensor: 'r', name: 'features' }, { r: 'features' }],
    ['an input', 'x', { x: 'x' }],
    ['a weight', 'w1', { w1: 'w1' }],
    ['an output', 'y', { y: 'y' }],
    ['by pattern, and no weights', '*', { h: 'h', r: 'r', m: 'm', a: 'a', y: 'y' }],
    ['by regular expression', /^[hm]$/, { h: 'h', m: 'm' }],
    ['by one that remembers', /[hm]/g, { h: 'h', m: 'm' }],
    ['by operator', { outputOf: 'Relu' }, { r: 'r' }],
    ['by node', { outputOf: 'second' }, { m: 'm' }],
    [
      'the input of the last of an operator, which is no weight',
      { inputOf: 'MatMul', at: 'last', index: 0 },
      { r: 'r' },
    ],
    ['an input by its index', { inputOf: 'Gemm', index: 2, name: 'bias' }, { b1: 'bias' }],
  ])('%s', (_name, tap, names) => expect(found(tap)).toEqual(names));

  test('one after the other, each once', () => {
    expect(Object.entries(found({ outputOf: 'end' }, 'r', '*', { tensor: 'r', name: 'features' }))).toEqual([
      ['y', 'y'],
      ['r', 'features'],
      ['h', 'h'],
      ['m', 'm'],
      ['a', 'a'],
    ]);
  });

  const three = modelOf({
    initializer: [floats('w', [2, 2], [1, 2, 3, 4])],
    node: [
      node('Transpose', ['w'], ['wt']),
      node('MatMul', ['wt', 'x'], ['a']),
      node('MatMul', ['wt', 'a'], ['b*c']),
      node('MatMul', ['wt', 'b*c'], ['bc']),
      node('Split', ['bc'], ['', 'y'], { name: 'Relu' }),
      node('Relu', ['bc'], ['unused']),
    ],
  });
  test.each<[string, Tap, string[]]>([
    ['the first', { outputOf: 'MatMul', at: 'first' }, ['a']],
    ['the last, which is the default', { outputOf: 'MatMul' }, ['bc']],
    ['by position', { outputOf: 'MatMul', at: 1 }, ['b*c']],
    ['every one', { outputOf: 'MatMul', at: 'every' }, ['a', 'b*c', 'bc']],
    ['what is read past a weight that is computed', { inputOf: 'MatMul', at: 'every' }, ['x', 'a', 'b*c']],
    ['a name with a star before a pattern', 'b*c', ['b*c']],
    ['by pattern where no tensor has this name', 'b*', ['b*c', 'bc']],
    ['a node’s name before an operator’s', { outputOf: 'Relu' }, ['y']],
  ])('%s', (_name, tap, names) => expect([...findTaps(three, [tap], 'm').keys()]).toEqual(names));
});

const errorOf = (model: Parameters<typeof findTaps>[0], ...taps: Tap[]) => {
  try {
    findTaps(model, taps, 'm.onnx');
  } catch (error) {
    expect(error).toBeInstanceOf(LimbeckError);
    return error as LimbeckError;
  }
  return expect.unreachable('it was found');
};

const long = modelOf({
  output: [value('encoder.layer.2.output', [])],
  node: [
    node('Conv', ['x'], ['encoder.layer.1.output'], { name: 'one' }),
    node('Conv', ['encoder.layer.1.output'], ['encoder.layer.2.output'], { name: 'two' }),
  ],
});

test.each<[string, Parameters<typeof findTaps>[0], Tap, RegExp]>([
  [
    'a misspelt name',
    long,
    'encoder.layer.2.ouput',
    /no tensor "encoder\.layer\.2\.ouput"\. Close to it are "encoder\.layer\.2\.output"/,
  ],
  ['a name that is like none', long, 'logits', /no tensor "logits"\. It computes "encoder\.layer\.1\.output", /],
  ['an operator that is like none', long, { outputOf: 'Gather' }, /no node "Gather"\. Its operators are "Conv"/],
  ['part of a name', long, 'layer.2', /Close to it are "encoder\.layer\.2\.output"/],
  ['a pattern that fits nothing', long, 'decoder.*', /fits "decoder\.\*"\. It computes "encoder/],
  ['a regular expression that fits nothing', long, /^q/, /fits \/\^q\//],
  [
    'an operator that is not there',
    long,
    { outputOf: 'conv' },
    /no operator and no node "conv"\. Close to it are "Conv"\. Its operators are "Conv"/,
  ],
  [
    'a position that is not there',
    long,
    { outputOf: 'Conv', at: 2 },
    /has 2 "Conv", and the tap wants number 2.*"encoder\.layer\.1\.output"/,
  ],
  [
    'an output that is not there',
    long,
    { outputOf: 'one', index: 1 },
    /wants number 1 of its outputs. It has 0: encoder\.layer\.1\.output/,
  ],
  [
    'an input that is left out',
    tinyBranches(),
    { inputOf: 'Clip', index: 1 },
    /number 1 of its inputs. It has 0: chosen, 1: left out, 2: zero/,
  ],
  [
    'an input of a node that reads constants only',
    tinyBranches(),
    { inputOf: 'Constant' },
    /wants one that is computed/,
  ],
  [
    'a tensor inside of a node',
    tinyBranches(),
    'inner',
    /only inside of a node, If "choice".*Tap what that node gives: "chosen"/,
  ],
  [
    'an operator inside of a node',
    tinyBranches(),
    { outputOf: 'Add' },
    /"Add" only inside of a node, If "choice".*"chosen"/,
  ],
])('not found: %s', (_name, model, tap, message) => {
  const error = errorOf(model, tap);
  expect(error.code).toBe('unknown-tensor');
  expect(error.message).toMatch(/^The model "m\.onnx" /);
  expect(error.message).toMatch(message);
});

test('one name for several tensors, and several for one, are refused', () => {
  const many = { inputOf: 'Add', at: 'every' } as const;
  const model = modelOf({
    initializer: [onnx.tensor({ name: 'w', dims: [1n], dataType: 1, floatData: [1] })],
    node: [node('Add', ['x', 'w'], ['a']), node('Add', ['a', 'w'], ['y'])],
  });
  expect(errorOf(model, { ...many, name: 'features' })).toMatchObject({
    code: 'invalid-option',
    details: { tensors: ['x', 'a'] },
  });
  const twice = errorOf(model, { tensor: 'a', name: 'one' }, { outputOf: 'Add', at: 0, name: 'two' });
  expect(twice).toMatchObject({ code: 'invalid-option', details: { tensor: 'a', names: ['one', 'two'] } });
});
