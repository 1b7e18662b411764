import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meanOf } from './combine.ts';
import { checkValues, type Expected, type Update, updateFromBytes, updateToBytes } from './update.ts';

const HASH = 'ab'.repeat(32);
const update: Update = {
  ...{ federation: 'digits', round: 3, client: 'alice', base: HASH, kind: 'weights', encoding: 'plain', examples: 40 },
  values: {
    'dense/kernel': { data: Float32Array.of(1, -2, 0.5, 3), shape: [2, 2] },
    'dense/bias': { data: Float32Array.of(0, 1e-30), shape: [2] },
  },
};
const { values: _, examples: __, ...named } = update;
const expected: Expected = { ...named, mostBytes: 10_000, mostExamples: 1000 };
const shapes = { 'dense/kernel': [2, 2], 'dense/bias': [2] };
const refusal = (why: string) => expect.objectContaining({ code: 'update-invalid', details: { why, client: 'alice' } });

test('an update comes back as it was sent, and the same one gives the same bytes', async () => {
  const bytes = await updateToBytes(update);
  const read = await updateFromBytes(bytes, expected);
  expect({ ...read, values: { ...read.values } }).toEqual(update);
  expect(await updateToBytes(read)).toEqual(bytes);
  expect(checkValues(read.values, shapes, 'alice')).toBe(read.values);
});

test('whole numbers and bytes travel too, for encodings', async () => {
  const values = {
    a: { data: Int32Array.of(-1, 2 ** 31 - 1), shape: [2] },
    b: { data: Uint8Array.of(0, 255, 7), shape: [3] },
  };
  const small = { ...update, encoding: 'int8', values };
  const read = await updateFromBytes(await updateToBytes(small), { ...expected, encoding: 'int8' });
  expect({ ...read.values }).toEqual(values);
});

describe('an update does not count', () => {
  test.each<[string, string, Partial<Update>]>([
    ['of another federation', 'foreign', { federation: 'other' }],
    ['that another client made', 'foreign', { client: 'mallory' }],
    ['of an earlier round', 'replayed', { round: 2 }],
    ['made from another model', 'replayed', { base: 'cd'.repeat(32) }],
    ['of another kind', 'malformed', { kind: 'answers' }],
    ['in another encoding', 'malformed', { encoding: 'top-k' }],
    ['that claims too many examples', 'oversized', { examples: 1001 }],
    ['with NaN', 'not-finite', { values: { a: { data: Float32Array.of(Number.NaN), shape: [1] } } }],
    ['with infinity', 'not-finite', { values: { a: { data: Float32Array.of(-1 / 0), shape: [1] } } }],
    ['that claims no examples', 'malformed', { examples: 0 }],
    ['that claims half an example', 'malformed', { examples: 0.5 }],
    ['of an unknown kind', 'malformed', { kind: 'gradient' as 'weights' }],
    ['from nothing', 'malformed', { base: 'x' }],
  ])('%s', async (_what, why, change) => {
    const bytes = await updateToBytes({ ...update, ...change });
    await expect(updateFromBytes(bytes, expected)).rejects.toEqual(refusal(why));
  });

  test('with more bytes than are read', async () => {
    const bytes = await updateToBytes(update);
    const tight = { ...expected, mostBytes: bytes.length - 1 };
    await expect(updateFromBytes(bytes, tight)).rejects.toEqual(refusal('oversized'));
    await expect(updateFromBytes(bytes, { ...expected, mostBytes: bytes.length })).resolves.toMatchObject({ round: 3 });
  });

  test('with any changed, missing or added byte', async () => {
    const bytes = await updateToBytes(update);
    const changes = fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ mask;
      await expect(updateFromBytes(changed, expected)).rejects.toMatchObject({ code: 'update-invalid' });
    });
    await fc.assert(changes, { seed: 20261, numRuns: 200 });
    for (const other of [bytes.slice(1), bytes.slice(0, -1), Uint8Array.of(...bytes, 0), new Uint8Array()]) {
      await expect(updateFromBytes(other, expected)).rejects.toEqual(refusal('malformed'));
    }
    await expect(updateFromBytes('text' as never, expected)).rejects.toEqual(refusal('malformed'));
  });
});

test('values with other names, shapes or types are refused', () => {
  const kernel = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
  const bias = { data: Float32Array.of(1, 2), shape: [2] };
  const good = { 'dense/kernel': kernel, 'dense/bias': bias };
  expect(() => checkValues({ 'dense/kernel': kernel }, shapes, 'alice')).toThrow(refusal('malformed'));
  expect(() => checkValues({ ...good, more: bias }, shapes, 'alice')).toThrow(refusal('malformed'));
  expect(() => checkValues({ ...good, ['__proto__x']: bias }, shapes, 'alice')).toThrow(refusal('malformed'));
  const turned = { ...kernel, shape: [4, 1] };
  expect(() => checkValues({ ...good, 'dense/kernel': turned }, shapes, 'alice')).toThrow(refusal('malformed'));
  const whole = { data: Int32Array.of(1, 2), shape: [2] };
  expect(() => checkValues({ ...good, 'dense/bias': whole }, shapes, 'alice')).toThrow(refusal('malformed'));
  const broken = { data: Float32Array.of(1, Number.NaN), shape: [2] };
  expect(() => checkValues({ ...good, 'dense/bias': broken }, shapes, 'alice')).toThrow(refusal('not-finite'));
});

test('names that could not be keys are refused before anything is written', () => {
  for (const change of [{ client: 'a/b' }, { federation: '' }, { encoding: 'top k' }]) {
    expect(() => updateToBytes({ ...update, ...change })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  }
});

test('the mean weighs each part by its examples', () => {
  const part = (weight: number, ...data: number[]) => ({
    weight,
    values: { a: { data: Float32Array.from(data), shape: [2] } },
  });
  expect(meanOf([part(1, 0, 4), part(3, 8, 0)])).toEqual({ a: { data: Float32Array.of(6, 1), shape: [2] } });
  expect(meanOf([part(7, 1, 2)])).toEqual({ a: { data: Float32Array.of(1, 2), shape: [2] } });
});
