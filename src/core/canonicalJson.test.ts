import { expect, test } from 'vitest';
import { canonicalJson } from './canonicalJson.ts';

test('the order of names does not matter; that of lists does', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: undefined })).toBe('{"b":[{"c":2,"d":1}]}');
  expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
  expect(canonicalJson(/a/)).not.toBe(canonicalJson(/a/i));
});
