import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type HeadChange, type HeadProblem, solveHead } from './solveHead.ts';

interface GoldenHead {
  readonly size: number;
  readonly width: number;
  readonly classes: number;
  readonly l2: number;
  readonly hasBias: boolean;
  /** Integers k for k / 64, as all that is given. */
  readonly features: readonly number[];
  readonly logits: readonly number[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
  readonly kernel: readonly number[];
  readonly bias: readonly number[];
  readonly minimum: number;
}

/** adaptation.json, whose heads scripts/golden/adaptation.py brought to a gradient of 1e-15 with PyTorch. */
const { heads } = JSON.parse(readFileSync(new URL('../../train/golden/adaptation.json', import.meta.url), 'utf8')) as {
  readonly heads: readonly GoldenHead[];
};

const never = new AbortController().signal;
const enough = { iterations: 200, signal: never };

/** It ends where the gradient is this part of what it was; what follows is how near to the least that is. */
const END = 1e-3;
/** Of the cost. Largest seen: 3.4e-7. */
const ABOVE = 1e-6;
/** Kernel and bias, of values up to 1. A flat direction is drawn by λ alone. Largest seen: 1.3e-3. */
const BESIDE = 2e-3;
/** Both are of float64 and 12 digits. Largest seen: 4.3e-11. */
const SAME = 1e-9;

const named = heads.map((head) => ({ title: `l2 ${head.l2}, ${head.hasBias ? 'with' : 'without'} bias`, head }));

describe.each(named)('a head, $title', ({ head }) => {
  const problem = problemOf(head);
  const golden = head as unknown as HeadChange;

  test('is brought to the least that PyTorch finds', async () => {
    expect(Math.abs(costOf(problem, golden) - head.minimum)).toBeLessThan(SAME);
    const found = await solveHead(problem, enough);
    expect(costOf(problem, found) / head.minimum - 1).toBeLessThan(ABOVE);
    expect(slopeOf(problem, found)).toBeLessThan(END * slopeOf(problem, nothing(head)));
    expectNear(found.kernel, head.kernel);
    expectNear(found.bias, head.bias);
  });

  test('comes nearer with each iteration, and ends where it is told to', async () => {
    let asked = 0;
    const found = await solveHead(problem, { ...enough, isOver: () => ++asked > 0 });
    expect(asked).toBe(1);
    expect(found).toEqual(await solveHead(problem, { ...enough, iterations: 1 }));
    const costs = [costOf(problem, nothing(head)), costOf(problem, found)];
    for (const iterations of [2, 4, 8])
      costs.push(costOf(problem, await solveHead(problem, { ...enough, iterations })));
    expect(costs).toEqual(costs.toSorted((a, b) => b - a));
    expect(costs.at(-1)).toBeLessThan(costs[1] as number);
    expect(await solveHead(problem, { ...enough, iterations: 0 })).toEqual(nothing(head));
  });

  test('is not found where the signal says stop', async () => {
    const stopped = { name: 'AbortError' };
    await expect(solveHead(problem, { ...enough, signal: AbortSignal.abort() })).rejects.toMatchObject(stopped);
    const controller = new AbortController();
    const isOver = () => {
      controller.abort();
      return false;
    };
    await expect(solveHead(problem, { ...enough, isOver, signal: controller.signal })).rejects.toMatchObject(stopped);
  });

  test('does not depend on the unit of the features', async () => {
    const data = Float32Array.from(problem.features.data, (x) => 1024 * x);
    const found = await solveHead({ ...problem, features: { ...problem.features, data } }, enough);
    const { kernel, bias } = await solveHead(problem, enough);
    expect(found).toEqual({ kernel: kernel.map((value) => value / 1024), bias });
  });

  test('changes nothing but the bias where all features are zero', async () => {
    const features = { ...problem.features, data: new Float32Array(problem.features.data.length) };
    const { kernel, bias } = await solveHead({ ...problem, features }, enough);
    expect(kernel).toEqual(nothing(head).kernel);
    expect(bias.length).toBe(head.bias.length);
    expect(bias.every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
  });

  test.each([20, 100, 170, 300, 1000])('stays where examples are right already, by %d', async (margin) => {
    const { size, classes } = head;
    const targets = Float64Array.from({ length: size * classes }, (_, at) =>
      at % classes === Math.floor(at / classes) % classes ? 1 : 0,
    );
    const logits = { ...problem.logits, data: Float32Array.from(targets, (target) => margin * target) };
    const { kernel, bias } = await solveHead({ ...problem, targets, logits }, enough);
    // e⁻²⁰ of each example at most, and λ holds it.
    for (const value of [...kernel, ...bias]) expect(Math.abs(value)).toBeLessThan(1e-5);
  });
});

function expectNear(found: Float32Array, expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries()) expect(Math.abs(value - (expected[i] as number))).toBeLessThan(BESIDE);
}

function problemOf(head: GoldenHead): HeadProblem {
  const { size, width, classes, l2, hasBias } = head;
  const [features, logits, targets, weights] = [head.features, head.logits, head.targets, head.weights].map((all) =>
    Float64Array.from(all, (k) => k / 64),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array];
  return {
    features: { data: Float32Array.from(features), shape: [size, width] },
    logits: { data: Float32Array.from(logits), shape: [size, classes] },
    targets,
    weights,
    l2,
    hasBias,
  };
}

function nothing({ width, classes, hasBias }: GoldenHead): HeadChange {
  return { kernel: new Float32Array(width * classes), bias: new Float32Array(hasBias ? classes : 0) };
}

/** Root mean square length of the rows, in which the kernel's square is measured. */
function lengthOf({ features }: HeadProblem): number {
  const squares = Array.from(features.data).reduce((sum, x) => sum + x * x, 0);
  return Math.sqrt(squares / (features.shape[0] as number));
}

/** Σ weight · cross-entropy + λ/2 ‖Δ‖², term by term. */
function costOf(problem: HeadProblem, change: HeadChange): number {
  const { weights, targets, l2 } = problem;
  const length = lengthOf(problem);
  const classes = problem.logits.shape[1] as number;
  const costs = Array.from(weights, (weight, i) => {
    const logits = logitsOf(problem, change, i);
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    return weight * logits.reduce((sum, logit, c) => sum + (targets[i * classes + c] as number) * (total - logit), 0);
  });
  const squares = [
    ...Array.from(change.kernel, (value) => (value * length) ** 2),
    ...Array.from(change.bias, (value) => value ** 2),
  ];
  return sumOf(costs) + (l2 / 2) * sumOf(squares);
}

/** Length of the gradient by scaled kernel and bias. */
function slopeOf(problem: HeadProblem, change: HeadChange): number {
  const { features, weights, targets, l2 } = problem;
  const [width, classes] = [features.shape[1] as number, problem.logits.shape[1] as number];
  const length = lengthOf(problem);
  const errors = Array.from(weights, (weight, i) => {
    const shares = logitsOf(problem, change, i).map(Math.exp);
    return shares.map((share, c) => weight * (share / sumOf(shares) - (targets[i * classes + c] as number)));
  });
  const kernel = Array.from(change.kernel, (value, at) => {
    const [f, c] = [Math.floor(at / classes), at % classes];
    const own = errors.map((row, i) => ((row[c] as number) * (features.data[i * width + f] as number)) / length);
    return sumOf(own) + l2 * length * value;
  });
  const bias = Array.from(change.bias, (value, c) => sumOf(errors.map((row) => row[c] as number)) + l2 * value);
  return Math.hypot(...kernel, ...bias);
}

function logitsOf({ features, logits }: HeadProblem, { kernel, bias }: HeadChange, i: number): number[] {
  const [width, classes] = [features.shape[1] as number, logits.shape[1] as number];
  return Array.from({ length: classes }, (_, c) => {
    let logit = (logits.data[i * classes + c] as number) + (bias[c] ?? 0);
    for (let f = 0; f < width; f++) {
      logit += (features.data[i * width + f] as number) * (kernel[f * classes + c] as number);
    }
    return logit;
  });
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
