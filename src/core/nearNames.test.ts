import { expect, test } from 'vitest';
import { didYouMean, nearNames } from './nearNames.ts';

const COMMANDS = [
  'inspect',
  'export',
  'quantize',
  'run',
  'doctor',
  'bench',
  'assets',
  'demo',
  'distill',
  'personalize',
];

test.each<[string, string[]]>([
  ['instpect', ['inspect']],
  ['INSPECT', ['inspect']],
  ['rn', ['run']],
  ['person', ['personalize']],
  ['distills', ['distill']],
  ['asset', ['assets']],
  // A third of the letters differ, and no more.
  ['banchs', ['bench']],
  ['nosuch', []],
  ['nosuchthingasrun', []],
  ['o', []],
  ['', []],
  ['x'.repeat(1000), []],
])('of the commands, "%s" is near %j', (wanted, near) => expect(nearNames(wanted, COMMANDS)).toEqual(near));

test('the closest come first, a part of a name before another of its length, and not more than are asked for', () => {
  const names = ['layer.11.output', 'layer.2.output', 'layer.2.input', 'x', 'layer.1.output', 'encoder.layer.1.output'];
  expect(nearNames('layer.1.output', names, 3)).toEqual([
    'layer.1.output',
    'encoder.layer.1.output',
    'layer.11.output',
  ]);
});

test('a question follows only where a name is near', () => {
  expect(didYouMean('exprt', COMMANDS)).toBe(' Did you mean "export"?');
  expect(didYouMean('nosuch', COMMANDS)).toBe('');
});
