import { describe, expect, test } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import { fromArrays } from './arrays.ts';
import { augmented } from './augmented.ts';
import { joined } from './joined.ts';
import { mixedUp } from './mixedUp.ts';

const counted = (count: number, first = 0): NdArray => ({
  data: Float32Array.from({ length: count * 2 }, (_, i) => first + i),
  shape: [count, 2],
});
const valuesOf = async (
  dataset: { read(indices: Int32Array): Promise<{ inputs: Record<string, NdArray> }> },
  ...indices: number[]
) => Array.from((await dataset.read(Int32Array.from(indices))).inputs['input']?.data ?? []);

describe('joined', () => {
  test('holds the examples of both, the second after the first, in any order', async () => {
    const both = joined(fromArrays(counted(3)), fromArrays(counted(2, 100), [0, 1]));
    expect(both.size).toBe(5);
    expect(both.hasLabels).toBe(false);
    expect(await valuesOf(both, 4, 0, 3, 2)).toEqual([102, 103, 0, 1, 100, 101, 4, 5]);
    expect(await valuesOf(both, 1)).toEqual([2, 3]);
    expect(await valuesOf(both, 3)).toEqual([100, 101]);
  });

  test('refuses inputs that differ', () => {
    const bytes = fromArrays({ data: new Uint8Array(4), shape: [2, 2] });
    for (const other of [bytes, fromArrays({ input: counted(2), more: counted(2) })]) {
      expect(() => joined(fromArrays(counted(3)), other)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
    }
  });
});

describe('mixedUp', () => {
  test('mixes pairs by their share', async () => {
    const mixed = mixedUp(fromArrays(counted(3)), [
      { first: 0, second: 2, share: 0.75 },
      { first: 1, second: 2, share: 1 },
    ]);
    expect(mixed.size).toBe(2);
    expect(await valuesOf(mixed, 1, 0)).toEqual([2, 3, 1, 2]);
  });

  test('gives floats for bytes, and refuses integers', async () => {
    const bytes = fromArrays({ data: Uint8Array.of(0, 255), shape: [2, 1] });
    const mixed = mixedUp(bytes, [{ first: 0, second: 1, share: 0.5 }]);
    expect(mixed.inputs['input']?.dtype).toBe('float32');
    expect(await valuesOf(mixed, 0)).toEqual([0.5]);
    const ids = fromArrays({ data: Int32Array.of(1, 2), shape: [2, 1] });
    expect(() => mixedUp(ids, [])).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

describe('augmented', () => {
  test('holds copies that are the same at every read, with their labels', async () => {
    const dataset = augmented(fromArrays(counted(3), [5, 6, 7]), { noise: 1 }, { copies: 2, seed: 3 });
    expect(dataset.size).toBe(6);
    const { labels } = await dataset.read(Int32Array.of(0, 1, 4, 5));
    expect(Array.from(labels)).toEqual([5, 6, 6, 7]);
    expect(await valuesOf(dataset, 4)).toEqual(await valuesOf(dataset, 4));
    expect(await valuesOf(dataset, 4)).not.toEqual(await valuesOf(dataset, 1));
    expect((await valuesOf(dataset, 4)).every((value, i) => Math.abs(value - 2 - i) < 5)).toBe(true);
  });

  test('refuses bad options', () => {
    expect(() => augmented(fromArrays(counted(3)), { noise: 1 }, { copies: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
    expect(() => augmented(fromArrays(counted(3)), { shift: 1 })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch' }),
    );
  });
});
