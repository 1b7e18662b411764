import { expect, test } from 'vitest';
import { fitShape } from '../../model/inputs.ts';
import type { ModelValue } from '../../model/model.ts';
import { isByName } from '../input/byName.ts';
import { fixedBatchOf, toFeeds } from './sessionFeeds.ts';

const value = (name: string, shape: (number | null)[]): ModelValue => ({ name, type: 'float32', shape });
const array = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape });
const walk = { sequence: 'input', frame: 4, state: { h: 'hn' } };
const nothing = {};

test('arrays are found by name, and an only one for an only input', () => {
  const [a, b] = [array(2, 1), array(2, 2)];
  expect(toFeeds({ b, a }, [value('a', [null, 1]), value('b', [null, 2])], nothing)).toEqual({ a, b });
  expect(toFeeds({ images: a }, [value('x', [null, 1])], nothing)).toEqual({ x: a });
  expect(() => toFeeds({ a }, [value('a', [null]), value('b', [null])], nothing)).toThrow(/"b"; the data offers "a"/);
});

test('a model that carries state is given what there is', () => {
  const inputs = [value('input', [null, null]), value('h', [2, null, 64]), value('sr', [])];
  const given = { input: array(2, 8) };
  expect(toFeeds(given, inputs, { ...nothing, recurrent: walk })).toEqual(given);
  expect(Object.keys(toFeeds({ sound: array(2, 8) }, inputs, { ...nothing, recurrent: walk }))).toEqual(['input']);
});

test('NaN is refused with its place', () => {
  const bad = { data: Float32Array.of(0, Number.NaN), shape: [1, 2] };
  expect(() => toFeeds({ x: bad }, [value('x', [null, 2])], nothing)).toThrow(/"x" holds NaN at value 1/);
});

test('each input is brought into form by its own description', () => {
  const images = { data: Uint8Array.of(255, 0, 0, 255), shape: [1, 2, 2, 1] };
  const inputs = [value('left', [null, 1, 2, 2]), value('right', [null, 2, 2, 1])];
  const input = { left: { channels: 1, inverted: 'yes' } } as const;
  const feeds = toFeeds({ left: images, right: images }, inputs, { ...nothing, input });
  expect(feeds['left']).toEqual({ data: Float32Array.of(0, 1, 1, 0), shape: [1, 1, 2, 2] });
  expect(feeds['right']).toBe(images);
});

test('one description is told from one for each input', () => {
  expect(isByName({ size: [2, 2] })).toBe(false);
  expect(isByName({ kind: 'audio', logMel: {} } as never)).toBe(false);
  expect(isByName({ x: { size: [2, 2] } })).toBe(true);
  expect(isByName(undefined)).toBe(false);
});

test('a single number is taken from one for each example, if all are alike', () => {
  const rate = { data: Int32Array.of(16000, 16000), shape: [2] };
  expect(fitShape(rate, value('sr', []), 'teacher')).toEqual({ data: Int32Array.of(16000), shape: [] });
  const mixed = { data: Int32Array.of(8000, 16000), shape: [2] };
  expect(() => fitShape(mixed, value('sr', []), 'teacher')).toThrow(/"sr" takes \[\]; it was given \[2\]/);
});

test('an input whose dimensions the model leaves open takes any shape', () => {
  const open = { ...value('x', []), isAnyShape: true };
  for (const given of [array(2, 3), array(4), array()]) expect(fitShape(given, open, 'student')).toBe(given);
});

test('names that every object seems to have are names like others', () => {
  const inputs = [value('constructor', [null]), value('toString', [null])];
  const given = { constructor: array(2), toString: array(2) };
  expect(toFeeds(given, inputs, { ...nothing, input: { x: { channels: 1 } } })).toEqual(given);
  expect(() => toFeeds({ constructor: array(2) }, inputs, nothing)).toThrow(/"toString"; the data offers/);
});

test('the fixed batch is what all inputs begin with', () => {
  expect(fixedBatchOf([value('a', [8, 3]), value('b', [8])], undefined)).toBe(8);
  expect(fixedBatchOf([value('b', []), value('a', [8, 3])], undefined)).toBe(8);
  expect(fixedBatchOf([value('a', [8, 3]), value('b', [7, 3])], undefined)).toBeUndefined();
  expect(
    fixedBatchOf([value('image', [1, 3, 8, 8]), value('points', [1, null, 2]), value('size', [2])], undefined),
  ).toBe(1);
  expect(fixedBatchOf([value('weights', [8]), value('a', [null, 8])], undefined)).toBeUndefined();
  expect(fixedBatchOf([value('a', [null, 3])], undefined)).toBeUndefined();
  expect(fixedBatchOf([value('h', [2, 1, 64]), value('input', [1, 512])], walk)).toBe(1);
});
