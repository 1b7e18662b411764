// The golden cases of a loss, and how a loss is evaluated. Only tests import this file.
import { readFileSync } from 'node:fs';
import { sizeOf } from '../core/shape.ts';
import * as tf from '../runtime/tf.ts';
import type { Loss } from './loss.ts';

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

export interface LossReference<Options> {
  /** The cases of `golden/<name>.json`, which scripts/golden/losses.py made with PyTorch. */
  readonly golden: string;
  /** The same loss in plain loops, from the formula and not from the tensor code. */
  reference(inputs: LossInputs, options: Options): number;
  /** The largest numbers whose rounding reaches the value, and one slope. Tolerances are `ROUNDING` times these. */
  growth(inputs: LossInputs, options: Options): { readonly value: number; readonly gradient: number };
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

export interface LossCase<Options> {
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
  readonly growth: ReturnType<LossReference<Options>['growth']>;
}

export function readCases<Options>({ golden: file, reference, growth }: LossReference<Options>): LossCase<Options>[] {
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

export interface Evaluation {
  readonly value: number;
  /** The slopes of the value, by output. */
  readonly student: Readonly<Record<string, readonly number[]>>;
  readonly teacher: Readonly<Record<string, readonly number[]>>;
}

export function evaluate(loss: Loss, inputs: LossInputs): Evaluation {
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

export function toTensors({ student, teacher, labels }: LossInputs) {
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
export function extremesOf(inputs: LossInputs): Record<string, LossInputs> {
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
export function termsOf({ student }: LossInputs): number {
  return Math.max(...Object.values(student).map(({ shape }) => sizeOf(shape.slice(1))));
}

export function mapRows(
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
export function turnRows(values: readonly number[], rows: number): number[] {
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
