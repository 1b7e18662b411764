import { expect, test } from 'vitest';
import { givenNames, innerPath } from './innerPath.ts';

test.each([
  ['w.bin', 'w.bin'],
  ['./././w.bin', 'w.bin'],
  ['sub/v 1.bin', 'sub/v 1.bin'],
  ['..w', '..w'],
  ['w..', 'w..'],
  ['...', '...'],
  ['%2e%2e', '%2e%2e'],
  ['a#b?c', 'a#b?c'],
])('%j stays in its folder', (path, expected) => {
  expect(innerPath(path)).toBe(expected);
});

test.each([
  '',
  '.',
  '..',
  './',
  '../w.bin',
  'a/../w.bin',
  'a/./w.bin',
  './../w.bin',
  'a/..',
  'a//b',
  'a/',
  '/w.bin',
  './/w.bin',
  '//host/w.bin',
  '\\\\host\\w.bin',
  'a\\..\\w.bin',
  'C:/w.bin',
  'C:w.bin',
  'http://host/w.bin',
  'https:w.bin',
  'data:,x',
  'blob:http://host/1',
  'file:///etc/passwd',
  'javascript:x',
  'w\0.bin',
  'w\n.bin',
  '\t../w.bin',
  '\ud800',
  3,
  null,
  undefined,
  ['w.bin'],
])('%j does not', (path) => {
  expect(innerPath(path)).toBeUndefined();
});

test('a given file is found by its path, and by the last part of it where that is one file only', () => {
  const nameOf = (path: string, all: readonly string[], given: readonly string[]) => givenNames(all, given)(path);
  expect(nameOf('a/w.bin', ['a/w.bin', 'b/w.bin'], ['b/w.bin', 'a/w.bin'])).toBe('a/w.bin');
  expect(nameOf('a/w.bin', ['a/w.bin', 'b/v.bin'], ['v.bin', 'w.bin'])).toBe('w.bin');
  expect(nameOf('a/w.bin', ['a/w.bin', 'a/w.bin'], ['w.bin'])).toBe('w.bin');
  expect(nameOf('a/w.bin', ['a/w.bin', 'w.bin'], ['w.bin'])).toBeUndefined();
  expect(nameOf('b/w.bin', ['a/w.bin', 'b/w.bin'], ['w.bin', 'a/w.bin'])).toBeUndefined();
  expect(nameOf('w.bin', ['w.bin'], ['a/w.bin'])).toBeUndefined();
  const many = Array.from({ length: 50_000 }, (_, i) => `${i}/w.bin`);
  const find = givenNames(many, many);
  expect(many.map(find)).toEqual(many);
});
