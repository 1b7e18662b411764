// Plain arithmetic for the references of losses on features. Only tests import this file.
import { expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import type { Loss, LossShapes } from '../loss.ts';
import { type LossInputs, testIf, type Values } from './lossContract.ts';
import { mean } from './plainCases.ts';

/** All but 'one class'. */
export const FEATURE_EXTREMES = ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'] as const;

/** [example][position][feature]. */
export type PlainFeature = readonly (readonly (readonly number[])[])[];

export interface PairNames {
  readonly output: string;
  readonly teacherOutput?: string;
}

/** Both features at the same positions, the student's mapped where it is said to. */
export function plainPair(
  inputs: LossInputs,
  { output, teacherOutput = output }: PairNames,
  isProjected = false,
): [PlainFeature, PlainFeature] {
  const student = inputs.student[output] as Values;
  const teacher = inputs.teacher[teacherOutput] as Values;
  const [own, other] = plainAligned(student, teacher);
  return [isProjected ? plainProjected(own, inputs) : own, other];
}

/** Averages the longer side along each axis, window by window. */
export function plainAligned(a: Values, b: Values): [PlainFeature, PlainFeature] {
  const to = a.shape.slice(1, -1).map((length, i) => Math.min(length, b.shape[i + 1] as number));
  return [plainPooled(a, to), plainPooled(b, to)];
}

function plainPooled({ shape, values }: Values, to: readonly number[]): PlainFeature {
  const features = shape.at(-1) as number;
  const [height = 1, width = 1] = shape.slice(1, -1);
  const [toHeight = 1, toWidth = 1] = to;
  const window = (i: number, from: number, count: number) => {
    const start = Math.floor((i * from) / count);
    return range(Math.ceil(((i + 1) * from) / count) - start).map((offset) => start + offset);
  };
  return range(shape[0] as number).map((b) =>
    range(toHeight * toWidth).map((position) => {
      const rows = window(Math.floor(position / toWidth), height, toHeight);
      const columns = window(position % toWidth, width, toWidth);
      return range(features).map((f) =>
        mean(rows.flatMap((y) => columns.map((x) => values[((b * height + y) * width + x) * features + f] as number))),
      );
    }),
  );
}

/** values · kernel + bias; the parameters of the projector `name`. */
export function plainProjected(feature: PlainFeature, { parameters = {} }: LossInputs, name = ''): PlainFeature {
  const kernel = parameters[name === '' ? 'kernel' : `${name}Kernel`] as Values;
  const bias = parameters[name === '' ? 'bias' : `${name}Bias`] as Values;
  const to = kernel.shape[1] as number;
  return mapPositions(feature, (values) =>
    range(to).map((g) =>
      values.reduce((sum, value, f) => sum + value * (kernel.values[f * to + g] as number), bias.values[g] as number),
    ),
  );
}

export function mapPositions(feature: PlainFeature, change: (values: readonly number[]) => number[]): PlainFeature {
  return feature.map((positions) => positions.map(change));
}

/** [position][feature] of one example → [feature][position]. */
export function turned(positions: readonly (readonly number[])[]): number[][] {
  return range(positions[0]?.length ?? 0).map((f) => positions.map((values) => values[f] as number));
}

export function flat(feature: PlainFeature): number[] {
  return feature.flat(2);
}

export function meanSquare(a: readonly number[], b: readonly number[]): number {
  return mean(a.map((value, i) => (value - (b[i] as number)) ** 2));
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The student sees what the teacher sees, through a projector (or several) that changes nothing. */
export function unchanged(
  { teacher, parameters = {} }: LossInputs,
  { output, teacherOutput = output }: PairNames,
): LossInputs {
  const same = teacher[teacherOutput] as Values;
  const features = same.shape.at(-1) as number;
  const square = {
    shape: [features, features],
    values: range(features ** 2).map((i) => (i % (features + 1) === 0 ? 1 : 0)),
  };
  const zero = { shape: [features], values: range(features).map(() => 0) };
  const changed = Object.keys(parameters).map((name) => [name, /kernel$/i.test(name) ? square : zero]);
  return { student: { [output]: same }, teacher, parameters: Object.fromEntries(changed) };
}

/** Shapes for `check` and `parameters`, without the batch. */
export function shapesFor(
  student: readonly (number | null)[],
  teacher: readonly (number | null)[],
  batchSize = 4,
): LossShapes {
  return { student: { a: student }, teacher: { b: teacher }, batchSize, examples: 100 };
}

/** Registers the tests that every loss on a pair of features owes beside the contract. */
export function checkFeatureLoss(
  make: (options: { output: string; teacherOutput: string }) => Loss,
  { needsPositions, isPerExample = true }: { needsPositions: boolean; isPerExample?: boolean },
): void {
  const loss = make({ output: 'a', teacherOutput: 'b' });

  test('reads what it is told to', () => {
    expect(loss.reads).toEqual({ student: ['a'], teacher: ['b'], labels: false });
    expect(loss.isStatic).toBe(true);
  });

  test('takes maps, sequences and, where it can, vectors, and refuses one beside another', () => {
    const shapes = [[8, 8, 6], [7, 6], ...(needsPositions ? [] : [[6]])];
    for (const a of shapes) {
      for (const b of shapes) {
        const check = () => loss.check?.(shapesFor(a, b));
        if (a.length === b.length) expect(check).not.toThrow();
        else expect(check).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
      }
    }
    if (!needsPositions) return;
    expect(() => loss.check?.(shapesFor([6], [6]))).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });

  testIf(isPerExample)('is the mean of its value for each example', async () => {
    await tf.setBackend('cpu');
    tf.tidy(() => {
      const tensors = randomTensors(loss);
      const each = loss.perExample?.(tf, tensors) as tf.Tensor1D;
      expect(each.shape).toEqual([4]);
      expect(mean([...each.dataSync()])).toBeCloseTo(loss.compute(tf, tensors).dataSync()[0] as number, 5);
      const [student, teacher] = [tensors.student, tensors.teacher].map((side) => sliced(side, 2, 2));
      const last = loss.perExample?.(tf, { ...tensors, student: student as Named, teacher: teacher as Named });
      expect(last?.dataSync()[1]).toBeCloseTo(each.dataSync()[3] as number, 5);
    });
  });
}

type Named = Readonly<Record<string, tf.Tensor>>;

function randomTensors(loss: Loss) {
  const lengths = { student: { a: [6, 4, 6] }, teacher: { b: [3, 4, 6] }, batchSize: 4, examples: 100 };
  const normal = (shape: readonly number[]) => tf.randomNormal([...shape]);
  const parameters = Object.entries(loss.parameters?.(lengths) ?? {}).map(([name, { shape }]) => [name, normal(shape)]);
  return {
    student: { a: normal([4, 6, 4, 6]) } as Named,
    teacher: { b: normal([4, 3, 4, 6]) } as Named,
    parameters: Object.fromEntries(parameters) as Named,
  };
}

function sliced(side: Named, from: number, count: number): Named {
  return Object.fromEntries(Object.entries(side).map(([name, tensor]) => [name, tf.slice(tensor, from, count)]));
}
