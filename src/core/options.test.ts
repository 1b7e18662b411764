import { describe, expect, test } from 'vitest';
import { LimbeckError } from './errors.ts';
import {
  checkCount,
  checkFinite,
  checkFraction,
  checkKnownOptions,
  checkNotNegative,
  checkOneOf,
  checkPositive,
} from './options.ts';

const text = '3' as unknown as number;
const nothing = undefined as unknown as number;

describe.each([
  {
    check: checkPositive,
    takes: [1e-9, 1, 1e9],
    refuses: [0, -1, Number.NaN, Number.POSITIVE_INFINITY, text, nothing],
  },
  {
    check: checkNotNegative,
    takes: [0, 0.5, 7],
    refuses: [-1e-9, Number.NaN, Number.POSITIVE_INFINITY, text, nothing],
  },
  { check: checkCount, takes: [1, 2, 1e9], refuses: [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, text, nothing] },
  { check: checkFraction, takes: [0, 0.5, 1], refuses: [-0.01, 1.01, Number.NaN, text, nothing] },
  { check: checkFinite, takes: [-1, 0, 1e9], refuses: [Number.NaN, Number.NEGATIVE_INFINITY, text, nothing] },
])('$check.name', ({ check, takes, refuses }) => {
  test.each(takes)('takes %s', (value) => expect(check(value, 'rate')).toBe(value));

  test.each(refuses)('refuses %s and says so', (value) => {
    const refuse = () => check(value, 'rate');
    expect(refuse).toThrow(LimbeckError);
    expect(refuse).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    expect(refuse).toThrow(`"rate" was ${value}; it must be a`);
  });
});

test('checkCount takes another least value', () => {
  expect(checkCount(0, 'seed', 0)).toBe(0);
  expect(() => checkCount(4, 'width', 5)).toThrow('"width" was 4; it must be a whole number of at least 5.');
});

test('checkOneOf names what there is', () => {
  expect(checkOneOf('nchw', 'layout', ['nchw', 'nhwc'])).toBe('nchw');
  expect(() => checkOneOf('NCHW', 'layout', ['nchw', 'nhwc'])).toThrow(
    expect.objectContaining({
      code: 'invalid-option',
      message: '"layout" was NCHW; it must be one of nchw, nhwc.',
      details: { name: 'layout', value: 'NCHW' },
    }),
  );
});

test('checkKnownOptions names what is misspelt and what there is', () => {
  expect(() => checkKnownOptions({}, ['epochs'], 'distill')).not.toThrow();
  expect(() => checkKnownOptions({ epochs: 1 }, ['epochs', 'seed'], 'distill')).not.toThrow();
  expect(() => checkKnownOptions({ epoch: 1, sed: 2 }, ['epochs', 'seed'], 'distill')).toThrow(
    expect.objectContaining({
      code: 'invalid-option',
      message: 'distill has no option "epoch", "sed". It takes: epochs, seed.',
      details: { unknown: ['epoch', 'sed'], known: ['epochs', 'seed'] },
    }),
  );
});
