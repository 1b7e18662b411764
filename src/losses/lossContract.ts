// The tests that every loss owes. Only tests import this file.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sizeOf } from '../core/shape.ts';
import type { BackendOptions, OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import * as tf from '../runtime/tf.ts';
import type { Loss } from './loss.ts';
import { type KnownLosses, type LossSpec, reviveLoss, specOf } from './revive.ts';

/** Plain numbers, float64, with a shape. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** What a loss reads, as plain numbers; the first dimension of each is the batch. */
export interface LossInputs {
  readonly student: Readonly<Record<string, Values>>;
  readonly teacher: Readonly<Record<string, Values>>;
  readonly labels?: readonly number[];
}

export interface LossContract<Options> {
  /** The cases of `golden/<name>.json`, which scripts/golden/losses.py made with PyTorch. */
  readonly golden: string;
  /** The same loss in plain loops, from the formula and not from the tensor code. */
  reference(inputs: LossInputs, options: Options): number;
  /** The largest numbers whose rounding reaches the value, and one slope. Tolerances are `ROUNDING` times these. */
  growth(inputs: LossInputs, options: Options): { readonly value: number; readonly gradient: number };
  /** Inputs at which the loss is zero and has no slope; by default those where the student equals the teacher. */
  best?(inputs: LossInputs): LossInputs;
  /** Makes losses that must be refused as 'invalid-option'. */
  readonly refused: Readonly<Record<string, () => Loss>>;
  /** Factories that reviving needs beside limbeck's own losses. */
  readonly known?: KnownLosses;
}

interface Golden<Options> {
  readonly inputs: Readonly<Record<string, GoldenInputs>>;
  readonly cases: readonly GoldenCase<Options>[];
}

interface GoldenInputs {
  readonly student: Readonly<Record<string, Integers>>;
  readonly teacher?: Readonly<Record<string, Integers>>;
  readonly labels?: readonly number[];
}

/** Integers that stand for scale · k / 16; `at` names the places where the gradient is kept, if not everywhere. */
interface Integers {
  readonly shape: readonly number[];
  readonly k: readonly number[];
  readonly at?: readonly number[];
}

interface GoldenCase<Options> {
  readonly inputs: string;
  readonly scale: number;
  readonly options: Options;
  readonly value: number;
  readonly gradient: Readonly<Record<string, readonly number[]>>;
}

/**
 * One rounding to float32 is 2⁻²⁴ of the number at most. Eight of them follow each other on the way, and the sum over a
 * thousand classes has as much again. Largest seen over all losses, cases and backends: 0.1 of it for values, 0.45 for
 * slopes (1,000 classes on wasm).
 */
const ROUNDING = 2 ** -20;

/** Registers with vitest the same tests for every loss, on tfjs's cpu backend and on wasm with limbeck's kernels. */
export function checkLoss<Options>(make: (options: Options) => Loss, contract: LossContract<Options>): void {
  const { reference, growth } = contract;
  const cases = readCases(contract);

  test('has a reference that gives PyTorch’s values and gradients', () => {
    // Both are float64; the files keep nine digits.
    for (const { name, inputs, options, value, slopes, growth: grown } of cases) {
      expectClose(reference(inputs, options), value, 1e-8 * grown.value, name);
      for (const { golden, reference: slope } of slopes) expectSlopes(slope, golden, 1e-8 * grown.gradient, name);
    }
  });

  test.each(Object.keys(contract.refused))('refuses %s', (name) => {
    expect(contract.refused[name]).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  describe.each(['cpu', 'wasm'] as const)('on %s', (backendName) => {
    let backend: OpenBackend | undefined;
    beforeAll(async () => {
      backend = await openBackendHere(backendOptions(backendName));
    });
    afterAll(() => backend?.dispose());

    test('equals the reference and PyTorch, in value and in slope', () => {
      for (const { name, inputs, options, value, slopes, growth: grown } of cases) {
        const got = evaluate(make(options), inputs);
        expectClose(got.value, reference(inputs, options), ROUNDING * grown.value, name);
        expectClose(got.value, value, ROUNDING * grown.value, name);
        for (const { output, at, golden, reference: byReference } of slopes) {
          const picked = at.map((i) => got.student[output]?.[i] ?? Number.NaN);
          expectSlopes(picked, byReference, ROUNDING * grown.gradient, `${name}, ${output} beside the reference`);
          expectSlopes(picked, golden, ROUNDING * grown.gradient, `${name}, ${output} beside PyTorch`);
        }
      }
    });

    test('sends nothing to the teacher', () => {
      for (const { inputs, options } of cases) {
        for (const values of Object.values(evaluate(make(options), inputs).teacher)) {
          expect(values.every((slope) => slope === 0)).toBe(true);
        }
      }
    });

    test('is zero, and flat, where it is best', () => {
      const { best = ({ teacher, labels }) => ({ student: teacher, teacher, labels }) } = contract;
      for (const { name, inputs, options } of cases) {
        const got = evaluate(make(options), best(inputs));
        const grown = growth(best(inputs), options);
        expectClose(got.value, 0, ROUNDING * grown.value, name);
        for (const slopes of Object.values(got.student)) {
          expectSlopes(slopes, [...slopes].fill(0), ROUNDING * grown.gradient, name);
        }
      }
    });

    test('does not ask in which order the examples come', () => {
      for (const { name, inputs, options, growth: grown } of cases) {
        const straight = evaluate(make(options), inputs);
        const turned = evaluate(make(options), mapRows(inputs, turnRows));
        expectClose(turned.value, straight.value, ROUNDING * grown.value, name);
        for (const [output, { shape }] of Object.entries(inputs.student)) {
          const slopes = turnRows(straight.student[output] ?? [], shape[0] ?? 1);
          expectSlopes(turned.student[output], slopes, ROUNDING * grown.gradient, name);
        }
      }
    });

    test('stays finite and right for extreme inputs', () => {
      for (const { name, inputs, options } of cases) {
        for (const [kind, extreme] of Object.entries(extremesOf(inputs))) {
          const { value, student } = evaluate(make(options), extreme);
          const expected = reference(extreme, options);
          // Equal numbers are rounded the same way, so here the roundings of a sum add up: one a term.
          const tolerance =
            ROUNDING * growth(extreme, options).value + 2 ** -24 * termsOf(extreme) * Math.abs(expected);
          expectClose(value, expected, tolerance, `${name}, ${kind}`);
          expect(Object.values(student).every((slopes) => slopes.every(Number.isFinite))).toBe(true);
        }
      }
    });

    test('survives the way to a worker', () => {
      for (const { inputs, options } of cases) {
        const loss = make(options);
        const revived = reviveLoss(JSON.parse(JSON.stringify(specOf(loss))) as LossSpec, contract.known);
        expect(specOf(revived)).toEqual(specOf(loss));
        expect(revived.reads).toEqual(loss.reads);
        expect(evaluate(revived, inputs)).toEqual(evaluate(loss, inputs));
      }
    });

    test('leaves exactly one tensor, a scalar, and its inputs', () => {
      for (const { inputs, options } of cases) {
        const tensors = toTensors(inputs);
        const before = tf.memory().numTensors;
        const result = make(options).compute(tf, tensors);
        expect(tf.memory().numTensors).toBe(before + 1);
        expect(result).toMatchObject({ shape: [], dtype: 'float32' });
        tf.dispose([result, tensors.student, tensors.teacher, tensors.labels ?? []]);
        expect(tf.memory().numTensors).toBe(0);
      }
    });
  });
}

/** log softmax(logits / T) of each row, in plain float64: what references are made of. */
export function plainLogProbs({ shape, values }: Values, temperature = 1): number[][] {
  const classes = shape.at(-1) as number;
  return Array.from({ length: values.length / classes }, (_, row) => {
    const scaled = values.slice(row * classes, (row + 1) * classes).map((logit) => logit / temperature);
    const most = scaled.reduce((largest, logit) => Math.max(largest, logit), Number.NEGATIVE_INFINITY);
    const norm = most + Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
    return scaled.map((logit) => logit - norm);
  });
}

/**
 * How far rounding moves what is made of log softmax(logits / T): a log-probability by one rounding of `reach`, a
 * probability by one rounding of `probs`.
 */
export function growthOfLogProbs(sides: readonly Values[], temperature = 1): { reach: number; probs: number } {
  const logits = sides.flatMap(({ values }) => values).reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
  const classes = sides[0]?.shape.at(-1) ?? 1;
  const best = sides.flatMap((side) => plainLogProbs(side, temperature).flat()).reduce((a, b) => Math.max(a, b));
  const reach = 1 + (2 * logits) / temperature + Math.log(classes);
  return { reach, probs: reach * Math.exp(best) };
}

/** How a test opens a backend: wasm with plain SIMD, because every engine has it, from the files in dist/. */
export function backendOptions(backend: 'cpu' | 'wasm'): BackendOptions {
  return backend === 'cpu' ? { backend } : { backend, simdLevel: 'simd', assetBase: builtAssets() };
}

/** The address of dist/, in which files that were not built yet are made. */
function builtAssets(): string {
  const root = new URL('../../', import.meta.url);
  const dist = new URL('dist/', root);
  const isMissing = (name: string) => !existsSync(new URL(name, dist));
  const kernels = ['kernels-simd.wasm', 'kernels-relaxed.wasm'].filter(isMissing);
  const tfjs = ['', '-simd', '-threaded-simd'].map((kind) => `tfjs-backend-wasm${kind}.wasm`).filter(isMissing);
  if (kernels.length + tfjs.length === 0) return dist.href;
  // Other test files may look at the same moment, so each file appears whole, by a rename.
  mkdirSync(dist, { recursive: true });
  const work = mkdtempSync(fileURLToPath(new URL('test-', dist)));
  if (kernels.length > 0) execFileSync(process.execPath, ['wasm/build.mjs', work], { cwd: fileURLToPath(root) });
  const { resolve } = createRequire(import.meta.url);
  for (const name of tfjs) copyFileSync(resolve(`@tensorflow/tfjs-backend-wasm/dist/${name}`), `${work}/${name}`);
  for (const name of [...kernels, ...tfjs]) renameSync(`${work}/${name}`, new URL(name, dist));
  rmSync(work, { recursive: true });
  return dist.href;
}

interface Case<Options> {
  readonly name: string;
  readonly inputs: LossInputs;
  readonly options: Options;
  readonly value: number;
  /** For each output of the student: places in it, and there PyTorch's gradient and the slope of the reference. */
  readonly slopes: readonly {
    readonly output: string;
    readonly at: readonly number[];
    readonly golden: readonly number[];
    readonly reference: readonly number[];
  }[];
  readonly growth: ReturnType<LossContract<Options>['growth']>;
}

function readCases<Options>({ golden: file, reference, growth }: LossContract<Options>): Case<Options>[] {
  const text = readFileSync(new URL(`./golden/${file}.json`, import.meta.url), 'utf8');
  const golden = JSON.parse(text) as Golden<Options>;
  return golden.cases.map(({ inputs: inputsName, scale, options, value, gradient }) => {
    const { student, teacher = {}, labels } = golden.inputs[inputsName] as GoldenInputs;
    const scaled = (side: Readonly<Record<string, Integers>>) =>
      mapEntries(side, ({ shape, k }) => ({ shape, values: k.map((integer) => (scale * integer) / 16) }));
    const inputs = { student: scaled(student), teacher: scaled(teacher), labels };
    const byReference = (moved: LossInputs) => reference(moved, options);
    return {
      name: `${inputsName} · ${scale}, ${JSON.stringify(options)}`,
      inputs,
      options,
      value,
      slopes: Object.entries(gradient).map(([output, golden]) => {
        const at = student[output]?.at ?? golden.map((_, i) => i);
        return { output, at, golden, reference: at.map((i) => slopeAt(byReference, inputs, output, i)) };
      }),
      growth: growth(inputs, options),
    };
  });
}

interface Evaluation {
  readonly value: number;
  /** The slopes of the value, by output. */
  readonly student: Readonly<Record<string, readonly number[]>>;
  readonly teacher: Readonly<Record<string, readonly number[]>>;
}

function evaluate(loss: Loss, inputs: LossInputs): Evaluation {
  let result: Evaluation = { value: Number.NaN, student: {}, teacher: {} };
  tf.tidy(() => {
    const { student, teacher, labels } = toTensors(inputs);
    const names = [Object.keys(student), Object.keys(teacher)] as const;
    const tensors = [...Object.values(student), ...Object.values(teacher)];
    const named = (keys: readonly string[], given: readonly tf.Tensor[]) =>
      Object.fromEntries(keys.map((key, i) => [key, given[i] as tf.Tensor]));
    const { value, grads } = tf.valueAndGrads((...given: tf.Tensor[]) => {
      const sides = {
        student: named(names[0], given.slice(0, names[0].length)),
        teacher: named(names[1], given.slice(names[0].length)),
      };
      // tfjs refuses to give a gradient for what the value does not depend on, so the value depends on all, with slope 0.
      const nothing = tf.mul(tf.addN(given.map((tensor) => tf.sum(tensor))), 0);
      return tf.add(loss.compute(tf, { ...sides, labels }), nothing) as tf.Scalar;
    })(tensors);
    const slopes = grads.map((grad) => Array.from(grad.dataSync()));
    result = {
      value: value.dataSync()[0] as number,
      student: Object.fromEntries(names[0].map((name, i) => [name, slopes[i] ?? []])),
      teacher: Object.fromEntries(names[1].map((name, i) => [name, slopes[names[0].length + i] ?? []])),
    };
  });
  return result;
}

function toTensors({ student, teacher, labels }: LossInputs) {
  const toTensor = ({ values, shape }: Values) => tf.tensor([...values], [...shape], 'float32');
  return {
    student: mapEntries(student, toTensor),
    teacher: mapEntries(teacher, toTensor),
    labels: labels && tf.tensor1d([...labels], 'int32'),
  };
}

/** Five-point central difference, whose own error is some 1e-9 of the slope: far below the tolerance. */
function slopeAt(value: (inputs: LossInputs) => number, inputs: LossInputs, output: string, at: number): number {
  const step = 2 ** -6;
  const moved = (by: number) => {
    const { shape, values } = inputs.student[output] as Values;
    const changed = values.map((number, i) => (i === at ? number + by : number));
    return value({ ...inputs, student: { ...inputs.student, [output]: { shape, values: changed } } });
  };
  return (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step);
}

/** The same shapes with the largest numbers a loss must bear, with equal ones, and with one class only. */
function extremesOf(inputs: LossInputs): Record<string, LossInputs> {
  const fill = (studentAt: (i: number) => number, teacherAt: (i: number) => number): LossInputs => ({
    ...inputs,
    student: mapEntries(inputs.student, ({ shape, values }) => ({ shape, values: values.map((_, i) => studentAt(i)) })),
    teacher: mapEntries(inputs.teacher, ({ shape, values }) => ({ shape, values: values.map((_, i) => teacherAt(i)) })),
  });
  const swing = (i: number) => (i % 3 === 0 ? 1e4 : -1e4);
  const oneClass = ({ shape, values }: Values): Values => {
    const kept = [...shape.slice(0, -1), 1];
    return { shape: kept, values: values.slice(0, sizeOf(kept)) };
  };
  return {
    'both at ±1e4': fill(swing, swing),
    'opposed at ±1e4': fill(swing, (i) => -swing(i)),
    'all zero': fill(
      () => 0,
      () => 0,
    ),
    'all 1e4 and all −1e4': fill(
      () => 1e4,
      () => -1e4,
    ),
    'one class': {
      student: mapEntries(inputs.student, oneClass),
      teacher: mapEntries(inputs.teacher, oneClass),
      labels: inputs.labels?.map(() => 0),
    },
  };
}

/** The number of values of one example. */
function termsOf({ student }: LossInputs): number {
  return Math.max(...Object.values(student).map(({ shape }) => sizeOf(shape.slice(1))));
}

function mapRows(
  { student, teacher, labels }: LossInputs,
  turn: (values: readonly number[], rows: number) => number[],
): LossInputs {
  const side = ({ shape, values }: Values) => ({ shape, values: turn(values, shape[0] ?? 1) });
  return {
    student: mapEntries(student, side),
    teacher: mapEntries(teacher, side),
    labels: labels && turn(labels, labels.length),
  };
}

/** The same rows, the last one first and the first one last. */
function turnRows(values: readonly number[], rows: number): number[] {
  const length = values.length / rows;
  return Array.from({ length: rows }, (_, row) => values.slice(row * length, (row + 1) * length))
    .reverse()
    .flat();
}

function mapEntries<A, B>(
  record: Readonly<Record<string, A>>,
  change: (value: A, key: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

function expectSlopes(
  actual: readonly number[] | undefined,
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  expect(actual?.length, what).toBe(expected.length);
  expected.forEach((slope, i) => {
    expectClose(actual?.[i] ?? Number.NaN, slope, tolerance, `${what}, slope ${i}`);
  });
}

function expectClose(actual: number, expected: number, tolerance: number, what: string): void {
  // Written so that a NaN fails.
  if (Math.abs(actual - expected) <= tolerance) return;
  throw new Error(`${what}: ${actual} instead of ${expected} (tolerance ${tolerance})`);
}
