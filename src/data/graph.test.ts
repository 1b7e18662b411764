import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NdArray } from '../core/shape.ts';
import { type NeighbourGraph, nearestNeighbours } from './graph.ts';
import { type LabelPropagationOptions, labelPropagation } from './graphPropagation.ts';

const SIZE = 37;
const FEATURES = 5;
const random = seededRandom(3);
const features: NdArray = {
  data: Float32Array.from({ length: SIZE * FEATURES }, () => 2 * random() - 1),
  shape: [SIZE, FEATURES],
};
const row = (i: number) => Array.from(features.data.subarray(i * FEATURES, (i + 1) * FEATURES));
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, f) => sum + x * (b[f] as number), 0);
const plain = {
  euclidean: (a: number[], b: number[]) => Math.sqrt(a.reduce((sum, x, f) => sum + (x - (b[f] as number)) ** 2, 0)),
  cosine: (a: number[], b: number[]) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
};

describe('nearestNeighbours', () => {
  test.each(['euclidean', 'cosine'] as const)('finds the nearest of all, %s', async (metric) => {
    const graph = await nearestNeighbours(features, { k: 6, metric });
    for (let i = 0; i < SIZE; i++) {
      const others = Array.from({ length: SIZE }, (_, j) => ({ j, distance: plain[metric](row(i), row(j)) }))
        .filter(({ j }) => j !== i)
        .sort((a, b) => a.distance - b.distance)
        .slice(0, 6);
      expect(Array.from(graph.neighbours.subarray(i * 6, i * 6 + 6))).toEqual(others.map(({ j }) => j));
      others.forEach(({ distance }, n) => {
        expect(graph.distances[i * 6 + n]).toBeCloseTo(distance, 6);
      });
    }
  });

  test('takes the lower index of equally near examples, and no example as its own neighbour', async () => {
    const same = { data: new Float32Array(6 * 2).fill(1), shape: [6, 2] };
    const graph = await nearestNeighbours(same, { k: 2 });
    expect(Array.from(graph.neighbours)).toEqual([1, 2, 0, 2, 0, 1, 0, 1, 0, 1, 0, 1]);
    expect(Array.from(graph.distances)).toEqual(new Array(12).fill(0));
  });

  test('stops when its signal aborts', async () => {
    const signal = AbortSignal.abort();
    await expect(nearestNeighbours(features, { signal })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
  });

  test.each([
    ['k of all', features, { k: SIZE }, 'invalid-option'],
    ['k of 0', features, { k: 0 }, 'invalid-option'],
    ['another metric', features, { metric: 'manhattan' }, 'invalid-option'],
    ['a misspelt option', features, { neighbours: 3 }, 'invalid-option'],
    ['no example', { data: new Float32Array(0), shape: [0, 3] }, {}, 'empty-dataset'],
    ['values that do not fill the shape', { data: new Float32Array(5), shape: [2, 3] }, { k: 1 }, 'shape-mismatch'],
    ['NaN', { data: Float32Array.of(1, Number.NaN, 2), shape: [3, 1] }, { k: 1 }, 'not-finite'],
  ] as const)('refuses %s', async (_, given, options, code) => {
    await expect(nearestNeighbours(given as NdArray, options as never)).rejects.toThrow(
      expect.objectContaining({ code }),
    );
  });
});

describe('labelPropagation', () => {
  /** Two rings, one inside the other: no straight line separates them, but neighbours do. */
  const ringSize = 120;
  const noise = seededRandom(9);
  const rings: NdArray = {
    data: Float32Array.from({ length: 2 * ringSize }, (_, at) => {
      const i = at >> 1;
      const radius = (i % 2 === 0 ? 1 : 2) + 0.1 * (noise() - 0.5);
      const angle = (2 * Math.PI * i) / ringSize;
      return radius * (at % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
    }),
    shape: [ringSize, 2],
  };
  const few = Int32Array.from({ length: ringSize }, (_, i) => (i < 4 ? i % 2 : -1));

  test.each(['spreading', 'clamped'] as const)('carries four labels around two rings, %s', async (method) => {
    const graph = await nearestNeighbours(rings, { k: 4 });
    const probs = await labelPropagation(graph, few, { method });
    const right = Array.from({ length: ringSize }, (_, i) => (probs.data[2 * i + (i % 2)] as number) > 0.5);
    expect(right.filter(Boolean).length).toBe(ringSize);
  });

  test.each([{ method: 'spreading' }, { method: 'spreading', alpha: 0.5, sigma: 0.7 }, { method: 'clamped' }] as const)(
    'converges to the solution in closed form, %o',
    async (options: LabelPropagationOptions) => {
      const graph = await nearestNeighbours(features, { k: 4 });
      const labels = Int32Array.from({ length: SIZE }, (_, i) => (i % 5 === 0 ? (i / 5) % 3 : -1));
      const got = await labelPropagation(graph, labels, { ...options, tolerance: 1e-12, rounds: 100_000 });
      const expected = inClosedForm(graph, labels, options);
      got.data.forEach((probability, at) => {
        expect(Math.abs(probability - (expected[at] as number))).toBeLessThan(1e-5);
      });
    },
  );

  test('gives no label to an example that none reaches', async () => {
    const apart = { data: Float32Array.of(0, 0.1, 0.2, 90, 90.1, 90.2), shape: [6, 1] };
    const graph = await nearestNeighbours(apart, { k: 2 });
    const { data } = await labelPropagation(graph, [0, -1, 1, -1, -1, -1]);
    expect(Array.from(data.subarray(6))).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  });

  test.each([
    ['no label', Array(SIZE).fill(-1), {}, 'labels-missing'],
    ['a label below −1', [-2, ...Array(SIZE - 1).fill(0)], {}, 'class-mismatch'],
    ['a label beyond the classes', Array(SIZE).fill(3), { classes: 3 }, 'class-mismatch'],
    ['the wrong number of labels', [0, 1], {}, 'shape-mismatch'],
    ['alpha of 1', Array(SIZE).fill(0), { alpha: 1 }, 'invalid-option'],
    ['another method', Array(SIZE).fill(0), { method: 'random' }, 'invalid-option'],
    ['sigma of 0', Array(SIZE).fill(0), { sigma: 0 }, 'invalid-option'],
  ] as const)('refuses %s', async (_, labels, options, code) => {
    const graph = await nearestNeighbours(features, { k: 4 });
    await expect(labelPropagation(graph, labels, options as never)).rejects.toThrow(expect.objectContaining({ code }));
  });
});

/** (I − αS)⁻¹ Y, or the harmonic function: unlabelled rows of (I − D⁻¹W) F = 0. Dense, by Gauss. */
function inClosedForm(
  { size, k, neighbours, distances }: NeighbourGraph,
  labels: Int32Array,
  { method, alpha = 0.99, sigma }: LabelPropagationOptions,
): number[] {
  const farthest = Array.from({ length: size }, (_, i) => distances[i * k + k - 1] as number);
  const width = sigma ?? farthest.reduce((a, b) => a + b, 0) / size;
  const w = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  neighbours.forEach((j, at) => {
    const i = Math.floor(at / k);
    const weight = Math.exp(-((distances[at] as number) ** 2) / (2 * width ** 2));
    (w[i] as number[])[j] = weight;
    (w[j] as number[])[i] = weight;
  });
  const degree = w.map((ties) => ties.reduce((a, b) => a + b, 0));
  const isClamped = method === 'clamped';
  const matrix = w.map((ties, i) =>
    ties.map((weight, j) => {
      const own = i === j ? 1 : 0;
      if (isClamped) return (labels[i] as number) >= 0 ? own : own - weight / (degree[i] as number);
      return own - (alpha * weight) / Math.sqrt((degree[i] as number) * (degree[j] as number));
    }),
  );
  const sides = Array.from({ length: size }, (_, i) => [0, 1, 2].map((c) => (labels[i] === c ? 1 : 0)));
  return solved(matrix, sides).flatMap((values) => {
    const sum = values.reduce((a, b) => a + b, 0);
    return values.map((value) => value / sum);
  });
}

function solved(matrix: number[][], sides: number[][]): number[][] {
  const rows = matrix.map((values, i) => [...values, ...(sides[i] as number[])]);
  const size = rows.length;
  for (let p = 0; p < size; p++) {
    const best = rows
      .slice(p)
      .reduce(
        (most, values, i) => (Math.abs(values[p] as number) > Math.abs(rows[most]?.[p] as number) ? p + i : most),
        p,
      );
    [rows[p], rows[best]] = [rows[best] as number[], rows[p] as number[]];
    const pivot = rows[p] as number[];
    for (let i = 0; i < size; i++) {
      const factor = i === p ? 0 : (rows[i]?.[p] as number) / (pivot[p] as number);
      if (factor !== 0) rows[i] = (rows[i] as number[]).map((value, c) => value - factor * (pivot[c] as number));
    }
  }
  return rows.map((values, p) => values.slice(size).map((value) => value / (values[p] as number)));
}
