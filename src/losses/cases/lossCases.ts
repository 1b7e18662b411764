// The golden cases of a loss, and how a loss is evaluated. Only tests import this file.
import { readFileSync } from 'node:fs';
import * as tf from '../../runtime/tf.ts';
import type { Loss } from '../loss.ts';

/** Plain numbers, float64, with a shape. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** What a loss reads, as plain numbers; the first dimension of each is the batch, but for `parameters` and `numbers`. */
export interface LossInputs {
  readonly student: Readonly<Record<string, Values>>;
  readonly teacher: Readonly<Record<string, Values>>;
  readonly labels?: readonly number[];
  readonly sequences?: Values;
  readonly indices?: readonly number[];
  readonly parameters?: Readonly<Record<string, Values>>;
  readonly numbers?: readonly number[];
}

export interface Growth {
  readonly value: number;
  readonly gradient: number;
}

export interface LossReference<Options> {
  /** The cases of `golden/<name>.json`, which a script of scripts/golden made with PyTorch. */
  readonly golden: string;
  /** The same loss in plain loops, from the formula and not from the tensor code. */
  reference(inputs: LossInputs, options: Options): number;
  /**
   * The largest numbers whose rounding reaches the value, and one slope. Tolerances are `ROUNDING` times these.
   * Default: twenty times the value and the largest slope of the case, which is enough where little cancels out.
   */
  growth?(inputs: LossInputs, options: Options): Growth;
}

interface Golden<Options> {
  readonly inputs: Readonly<Record<string, GoldenInputs>>;
  readonly cases: readonly GoldenCase<Options>[];
}

interface GoldenInputs {
  readonly student: Readonly<Record<string, Integers>>;
  readonly teacher?: Readonly<Record<string, Integers>>;
  readonly labels?: readonly number[];
  readonly sequences?: Values;
  readonly indices?: readonly number[];
  readonly parameters?: Readonly<Record<string, Integers>>;
  readonly numbers?: readonly number[];
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
  /** By the student's output, or `parameters/<name>`. */
  readonly gradient: Readonly<Record<string, readonly number[]>>;
}

export interface LossCase<Options> {
  readonly name: string;
  readonly inputs: LossInputs;
  readonly options: Options;
  readonly value: number;
  /** For each output of the student, and each trained parameter: places in it, and there PyTorch's gradient and the slope of the reference. */
  readonly slopes: readonly {
    readonly output: string;
    readonly at: readonly number[];
    readonly golden: readonly number[];
    readonly reference: readonly number[];
  }[];
  /** Of the case's own inputs, and of others of the same shapes. */
  readonly growth: Growth;
  growthOf(inputs: LossInputs): Growth;
}

export function readCases<Options>({ golden: file, reference, growth }: LossReference<Options>): LossCase<Options>[] {
  const text = readFileSync(new URL(`../golden/${file}.json`, import.meta.url), 'utf8');
  const golden = JSON.parse(text) as Golden<Options>;
  if (golden.cases.length === 0) throw new Error(`golden/${file}.json holds no case, so nothing would be compared.`);
  return golden.cases.map(({ inputs: inputsName, scale, options, value, gradient }) => {
    const { teacher = {}, parameters, ...given } = golden.inputs[inputsName] as GoldenInputs;
    const scaled = (side: Readonly<Record<string, Integers>>, by = scale) =>
      mapEntries(side, ({ shape, k }) => ({ shape, values: k.map((integer) => (by * integer) / 16) }));
    const inputs: LossInputs = {
      ...given,
      student: scaled(given.student),
      teacher: scaled(teacher),
      ...(parameters && { parameters: scaled(parameters, 1) }),
    };
    const byReference = (moved: LossInputs) => reference(moved, options);
    const steepest = Math.max(...Object.values(gradient).flatMap((slopes) => slopes.map(Math.abs)));
    const growthOf = (of: LossInputs): Growth =>
      growth?.(of, options) ?? {
        value: 20 * Math.max(Math.abs(value), Math.abs(byReference(of))),
        gradient: 20 * steepest,
      };
    return {
      name: `${inputsName} · ${scale}, ${JSON.stringify(options)}`,
      inputs,
      options,
      value,
      slopes: Object.entries(gradient).map(([output, slopes]) => {
        const at = integersOf(golden.inputs[inputsName] as GoldenInputs, output)?.at ?? slopes.map((_, i) => i);
        return { output, at, golden: slopes, reference: at.map((i) => slopeAt(byReference, inputs, output, i)) };
      }),
      growth: growthOf(inputs),
      growthOf,
    };
  });
}

export interface Evaluation {
  readonly value: number;
  /** The slopes of the value, by output; those of parameters as `parameters/<name>`. */
  readonly student: Readonly<Record<string, readonly number[]>>;
  readonly teacher: Readonly<Record<string, readonly number[]>>;
}

export function evaluate(loss: Loss, inputs: LossInputs): Evaluation {
  let result: Evaluation = { value: Number.NaN, student: {}, teacher: {} };
  tf.tidy(() => {
    const { student, teacher, parameters = {}, ...rest } = toTensors(inputs);
    const sides = { student, teacher, parameters };
    const places = Object.entries(sides).flatMap(([side, named]) => Object.keys(named).map((name) => ({ side, name })));
    const { value, grads } = tf.valueAndGrads((...given: tf.Tensor[]) => {
      const side = (of: string) =>
        Object.fromEntries(
          places.flatMap((place, i) => (place.side === of ? [[place.name, given[i] as tf.Tensor]] : [])),
        );
      const tensors = { student: side('student'), teacher: side('teacher'), parameters: side('parameters') };
      // tfjs refuses to give a gradient for what the value does not depend on, so the value depends on all, with slope 0.
      const nothing = tf.mul(tf.addN(given.map((tensor) => tf.sum(tensor))), 0);
      return tf.add(loss.compute(tf, { ...rest, ...tensors }), nothing) as tf.Scalar;
    })([...Object.values(student), ...Object.values(teacher), ...Object.values(parameters)]);
    const slopes = grads.map((grad) => Array.from(grad.dataSync()));
    const slopesOf = (of: string, prefix = '') =>
      places.flatMap(({ side, name }, i) => (side === of ? [[prefix + name, slopes[i] ?? []] as const] : []));
    result = {
      value: value.dataSync()[0] as number,
      student: Object.fromEntries([...slopesOf('student'), ...slopesOf('parameters', PARAMETER)]),
      teacher: Object.fromEntries(slopesOf('teacher')),
    };
  });
  return result;
}

/** What stands before a parameter's name among the slopes. */
const PARAMETER = 'parameters/';

function integersOf({ student, parameters = {} }: GoldenInputs, output: string): Integers | undefined {
  return output.startsWith(PARAMETER) ? parameters[output.slice(PARAMETER.length)] : student[output];
}

export function toTensors({ student, teacher, labels, sequences, indices, parameters, numbers }: LossInputs) {
  const toTensor = ({ values, shape }: Values) => tf.tensor([...values], [...shape], 'float32');
  return {
    student: mapEntries(student, toTensor),
    teacher: mapEntries(teacher, toTensor),
    labels: labels && tf.tensor1d([...labels], 'int32'),
    ...(sequences && {
      sequences: tf.tensor2d([...sequences.values], [...sequences.shape] as [number, number], 'int32'),
    }),
    ...(indices && { indices: tf.tensor1d([...indices], 'int32') }),
    ...(parameters && { parameters: mapEntries(parameters, toTensor) }),
    ...(numbers && { numbers: tf.tensor1d([...numbers], 'float32') }),
  };
}

/** Five-point central difference, whose own error is some 1e-9 of the slope: far below the tolerance. */
function slopeAt(value: (inputs: LossInputs) => number, inputs: LossInputs, output: string, at: number): number {
  const step = 2 ** -6;
  const side = output.startsWith(PARAMETER) ? 'parameters' : 'student';
  const name = side === 'parameters' ? output.slice(PARAMETER.length) : output;
  const moved = (by: number) => {
    const { shape, values } = (inputs[side] as Readonly<Record<string, Values>>)[name] as Values;
    const changed = values.map((number, i) => (i === at ? number + by : number));
    return value({ ...inputs, [side]: { ...inputs[side], [name]: { shape, values: changed } } });
  };
  return (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step);
}

export function mapEntries<A, B>(
  record: Readonly<Record<string, A>>,
  change: (value: A, key: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
