import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { abortError, isAbortError, messageOf } from './errors.ts';
import { pickRows } from './rows.ts';
import { dtypeOf, firstNonFinite, type NumericArray, ndArray } from './shape.ts';
import { isTagged, ofThisRealm, tagOf } from './tags.ts';

const foreign = <T>(code: string): T => runInNewContext(code) as T;

test.each([
  ['Float32Array.of(0.25, -3)', 'float32', [0.25, -3]],
  ['Int32Array.of(7, -300)', 'int32', [7, -300]],
  ['Uint8Array.of(7, 255)', 'uint8', [7, 255]],
] as const)('%s of another realm is what it is', (code, dtype, values) => {
  const array = foreign<NumericArray>(code);
  expect(array instanceof Float32Array || array instanceof Int32Array || array instanceof Uint8Array).toBe(false);
  expect(dtypeOf(array)).toBe(dtype);
  expect(Array.from(pickRows({ data: array, shape: [2] }, Int32Array.of(0, 1)).data)).toEqual(values);
  const own = ofThisRealm(array);
  expect(Array.from(own)).toEqual(values);
  expect(Object.getPrototypeOf(own)).toBe(Object.getPrototypeOf(ndArray(array, [2]).data));
  expect([Float32Array, Int32Array, Uint8Array].some((of) => own instanceof of)).toBe(true);
  expect(own.buffer).toBe(array.buffer);
});

test('what is not finite is found in an array of another realm', () => {
  expect(firstNonFinite(foreign('Float32Array.of(1, 2, NaN)'))).toBe(2);
});

test.each([
  ['Float64Array.of(1)', 'Float64Array', 'Float32Array.from(values)'],
  ['BigInt64Array.of(1n)', 'BigInt64Array', 'Int32Array.from(values, Number)'],
  ['Uint8ClampedArray.of(1)', 'Uint8ClampedArray', 'new Uint8Array(values)'],
  ['[1]', 'Array', 'Float32Array.from(values)'],
  ['({ [Symbol.toStringTag]: "Uint16Array" })', 'Uint16Array', 'Float32Array.from(values)'],
])('%s is refused, and not read as bytes', (code, tag, conversion) => {
  const read = () => dtypeOf(foreign(code));
  expect(read).toThrow(expect.objectContaining({ code: 'invalid-option', details: { given: tag } }));
  expect(read).toThrow(conversion);
});

describe('isTagged', () => {
  test.each([
    ['Error', 'new TypeError("no")'],
    ['RegExp', '/a/'],
    ['ArrayBuffer', 'new ArrayBuffer(2)'],
    ['Promise', 'Promise.resolve()'],
  ] as const)('knows the %s of another realm', (tag, code) => {
    expect(isTagged(foreign(code), tag)).toBe(true);
    expect(isTagged(foreign(`(${JSON.stringify(code)})`), tag)).toBe(false);
  });

  test('knows kinds of a class', () => {
    expect(isTagged(new File([], 'a'), 'Blob')).toBe(true);
    expect(isTagged(new Blob([]), 'File')).toBe(false);
    expect(isTagged(abortError(), 'Error')).toBe(true);
    expect([isTagged(null, 'Blob'), isTagged(undefined, 'Error'), isTagged('Blob', 'Blob')]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('an error of another realm keeps its sentence, and an abort is one', () => {
    expect(messageOf(foreign('new RangeError("too far")'))).toBe('too far');
    expect(isAbortError(foreign('Object.assign(new Error("stop"), { name: "AbortError" })'))).toBe(true);
  });
});

test('a typed array is told by what it is, not by what it says', () => {
  expect(tagOf(Object.defineProperty(new Float32Array(1), Symbol.toStringTag, { value: 'Uint8Array' }))).toBe(
    'Float32Array',
  );
});
