import { expect, test } from 'vitest';
import { checkTaps, type Tap, tapText } from './taps.ts';

const good: Tap[] = [
  'a',
  'block.*',
  /relu$/i,
  { tensor: 'a' },
  { tensor: 'a', name: 'features' },
  { outputOf: 'Conv' },
  { outputOf: 'Conv', at: 'every', index: 0 },
  { inputOf: 'MatMul', at: 3, index: 1, name: 'logits' },
];

test('taps of every kind pass, and cross to a worker', () => {
  checkTaps(good);
  checkTaps(good, true);
  checkTaps(structuredClone(good));
  checkTaps(undefined, false);
});

test.each<[string, unknown, RegExp]>([
  ['no list', 'a', /"taps" was "a"; it must be a list/],
  ['an empty list', [], /empty list/],
  ['an empty name', ['a', ''], /taps\[1\] was ""/],
  ['nothing', [null], /taps\[0\] was null/],
  ['a number', [3], /taps\[0\] was 3/],
  ['no kind', [{ name: 'a' }], /taps\[0\] has none of tensor, outputOf and inputOf/],
  ['two kinds', [{ tensor: 'a', outputOf: 'Conv' }], /tensor and outputOf of/],
  ['an option of another kind', [{ tensor: 'a', at: 'last' }], /no option "at"/],
  ['a tensor that is no name', [{ tensor: /a/ }], /taps\[0\]\.tensor was \/a\//],
  ['a name that is none', [{ tensor: 'a', name: '' }], /taps\[0\]\.name was ""/],
  ['a place that is none', [{ outputOf: 'Conv', at: 'second' }], /"first", "last", "every"/],
  ['a place below zero', [{ outputOf: 'Conv', at: -1 }], /at was -1/],
  ['half an index', [{ inputOf: 'Conv', index: 0.5 }], /index was 0\.5/],
  ['one name for many', [{ outputOf: 'Conv', at: 'every', name: 'a' }], /one name "a" to every tensor/],
])('refused: %s', (_name, taps, message) => {
  const check = () => checkTaps(taps as Tap[]);
  expect(check).toThrow(message);
  expect(check).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});

test('"untilTaps" needs taps, and is true or false', () => {
  expect(() => checkTaps(undefined, true)).toThrow(/"taps" is missing/);
  expect(() => checkTaps(['a'], 'yes' as never)).toThrow(/true or false/);
});

test('a tap reads as it was written', () => {
  expect(good.map(tapText)).toEqual([
    '"a"',
    '"block.*"',
    '/relu$/i',
    '{ tensor: "a" }',
    '{ tensor: "a", name: "features" }',
    '{ outputOf: "Conv" }',
    '{ outputOf: "Conv", at: "every", index: 0 }',
    '{ inputOf: "MatMul", at: 3, index: 1, name: "logits" }',
  ]);
});
