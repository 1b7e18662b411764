import { describe, expect, test } from 'vitest';
import type { NdArray } from '../../../core/shape.ts';
import { fromArrays } from '../../../data/arrays.ts';
import type { Teacher } from '../../../teacher/teacher.ts';
import { featuresName, OWN_LOGITS, poolValues, readFeatures } from './features.ts';

const wave = (...shape: number[]): NdArray => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.9 * i)),
  shape,
});

describe('pooling', () => {
  test.each<[string, NdArray, Parameters<typeof poolValues>[1], (b: number, f: number) => number[]]>([
    ['maps [B, C, H, W]', wave(2, 3, 2, 4), {}, (b, f) => Array.from({ length: 8 }, (_, p) => b * 24 + f * 8 + p)],
    ['steps [B, T, C]', wave(2, 5, 3), {}, (b, f) => Array.from({ length: 5 }, (_, p) => b * 15 + p * 3 + f)],
    [
      'steps [B, C, T]',
      wave(2, 3, 5),
      { channels: 'first' },
      (b, f) => Array.from({ length: 5 }, (_, p) => b * 15 + f * 5 + p),
    ],
    [
      'maps [B, H, W, C]',
      wave(2, 2, 4, 3),
      { channels: 'last' },
      (b, f) => Array.from({ length: 8 }, (_, p) => b * 24 + p * 3 + f),
    ],
  ])('of %s takes mean and greatest over places', (_, value, form, placesOf) => {
    const mean = poolValues(value, { ...form, pooling: 'mean' });
    const max = poolValues(value, { ...form, pooling: 'max' });
    expect(mean.shape).toEqual([2, 3]);
    for (let i = 0; i < 6; i++) {
      const values = placesOf(Math.floor(i / 3), i % 3).map((at) => value.data[at] as number);
      expect(mean.data[i]).toBeCloseTo(values.reduce((a, b) => a + b, 0) / values.length, 6);
      expect(max.data[i]).toBeCloseTo(Math.max(...values), 6);
    }
    expect(poolValues(value, form)).toEqual(mean);
  });

  test('leaves rows as they are, and lays maps out in rows', () => {
    expect(poolValues(wave(2, 4), {})).toEqual(wave(2, 4));
    expect(poolValues(wave(2, 3, 2), { pooling: 'flatten' })).toEqual({ ...wave(2, 3, 2), shape: [2, 6] });
  });

  test.each([
    ['no features', wave(4), {}],
    ['rows that are maps', wave(2, 3, 4), { pooling: 'none' as const }],
    ['places that there are not', wave(2, 3), { pooling: 'mean' as const }],
  ])('refuses %s', (_, value, form) => {
    expect(() => poolValues(value, form)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });
});

describe('asking a backbone', () => {
  const backboneOf = (answer: (input: NdArray) => NdArray): Teacher => ({
    description: {
      name: 'fake',
      bytes: 0,
      device: 'wasm',
      threads: 1,
      batchSize: 4,
      inputs: {},
      outputs: {},
      notices: [],
    },
    ask: async ({ input }) => ({ [featuresName(0)]: answer(input as NdArray) }),
    timeMs: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
  });
  const data = fromArrays(wave(10, 3), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
  const reading = { form: {}, taps: 1, signal: new AbortController().signal };

  test('keeps a row and a label for each example, in the order of the data', async () => {
    const told: number[] = [];
    const tell = (count: number) => void told.push(count);
    const features = await readFeatures(data, { ...reading, backbone: backboneOf((input) => input), tell });
    expect(features).toEqual({
      values: [{ rows: wave(10, 3), shape: [2, 3] }],
      logits: undefined,
      labels: Int32Array.of(0, 1, 0, 1, 0, 1, 0, 1, 0, 1),
    });
    expect(told).toEqual([4, 4, 2]);
  });

  test('tells which example makes it give no numbers', async () => {
    const backbone = backboneOf(({ data: given, shape }) => ({
      data: Float32Array.from(given, (one) => (one === wave(10, 3).data[16] ? Number.NaN : one)),
      shape,
    }));
    await expect(readFeatures(data, { ...reading, backbone, tell: () => undefined })).rejects.toMatchObject({
      code: 'not-finite',
      details: { example: 5 },
    });
  });

  test('of several values leaves out those that make no features, and reads the model’s own logits beside them', async () => {
    const several: Teacher = {
      ...backboneOf((input) => input),
      ask: async ({ input: { data: given, shape } = wave(0, 3) }) => ({
        [featuresName(0)]: { data: given, shape: [given.length] },
        [featuresName(1)]: { data: given, shape },
        [featuresName(2)]: { data: given, shape: [1, given.length] },
        [OWN_LOGITS]: { data: given.map((one) => 2 * one), shape },
      }),
    };
    const found = await readFeatures(data, { ...reading, taps: 3, backbone: several, tell: () => undefined });
    expect(found.values.map((value) => value?.rows.shape)).toEqual([undefined, [10, 3], undefined]);
    expect(found.logits).toEqual({ data: wave(10, 3).data.map((one) => 2 * one), shape: [10, 3] });
  });

  test('data without labels has none', async () => {
    const unlabelled = fromArrays(wave(10, 3));
    const { labels } = await readFeatures(unlabelled, {
      ...reading,
      backbone: backboneOf((input) => input),
      tell: () => undefined,
    });
    expect([...labels]).toEqual(new Array(10).fill(-1));
  });
});
