// Random cases of connectionist temporal classification, held against plain arithmetic: no other backend has the kernel.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';
import { joined } from './softmaxCases.ts';

interface CtcAttrs {
  readonly shape: readonly [number, number, number];
  readonly scale: number;
  readonly length: number;
  readonly isLastBlank: boolean;
  readonly byLength: boolean;
}

/** Few steps beside long labels, so that some have no path; rows of classes around a vector. */
const ctcAttrs: fc.Arbitrary<CtcAttrs> = fc.record({
  shape: fc.tuple(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 12 }),
    fc.constantFrom(2, 3, 4, 5, 8, 9, 17),
  ),
  scale: fc.constantFrom(0.25, 1, 4),
  length: fc.integer({ min: 1, max: 6 }),
  isLastBlank: fc.boolean(),
  byLength: fc.boolean(),
});

/** Labels of random lengths, also none, of the classes that are not blank. */
function sequencesOf(given: tf.Tensor, classes: number, blank: number): tf.Tensor2D {
  const [rows, length] = given.shape as [number, number];
  const values = given.dataSync();
  const labels = new Int32Array(rows * length).fill(-1);
  for (let row = 0; row < rows; row++) {
    const whole = (i: number) => Math.abs(Math.round(7 * (values[row * length + i] as number)));
    const count = whole(0) % (length + 1);
    for (let i = 0; i < count; i++) labels[row * length + i] = ((whole(i) + i) % (classes - 1)) + (blank === 0 ? 1 : 0);
  }
  return tf.tensor2d(labels, [rows, length], 'int32');
}

/** ln Σ e^x of some numbers, −∞ for none that is above it. */
function logSum(values: readonly number[]): number {
  const most = Math.max(...values);
  return most === Number.NEGATIVE_INFINITY
    ? most
    : most + Math.log(values.reduce((sum, x) => sum + Math.exp(x - most), 0));
}

const NEVER = Number.NEGATIVE_INFINITY;

/** Loss and gradient of one example: forward and backward variables, state by state, from their definitions. */
function plainExample(rows: readonly (readonly number[])[], label: readonly number[], blank: number) {
  const logProbs = rows.map((row) => row.map((x) => x - logSum(row)));
  const states = [blank, ...label.flatMap((one) => [one, blank])];
  const own = (step: number, s: number) => logProbs[step]?.[states[s] as number] as number;
  const mayPass = (s: number) => states[s] !== blank && states[s] !== states[s - 2];
  const forward: number[][] = [];
  for (const step of rows.keys()) {
    const before = (s: number) => forward[step - 1]?.[s] ?? NEVER;
    const reached = (s: number) => logSum([before(s), before(s - 1), mayPass(s) ? before(s - 2) : NEVER]);
    forward.push(states.map((_, s) => (step > 0 ? reached(s) : s < 2 ? 0 : NEVER) + own(step, s)));
  }
  const backward: number[][] = [];
  for (const step of [...rows.keys()].reverse()) {
    const next = backward[0];
    const behind = (s: number) => (next === undefined || next[s] === undefined ? NEVER : next[s] + own(step + 1, s));
    const follows = (s: number) => logSum([behind(s), behind(s + 1), mayPass(s + 2) ? behind(s + 2) : NEVER]);
    backward.unshift(states.map((_, s) => (next !== undefined ? follows(s) : s >= states.length - 2 ? 0 : NEVER)));
  }
  const total = logSum(states.map((_, s) => (forward[0]?.[s] as number) + (backward[0]?.[s] as number)));
  const gradient = logProbs.map((row, step) =>
    row.map((logProb, one) => {
      const paths = states.map((of, s) =>
        of === one ? (forward[step]?.[s] as number) + (backward[step]?.[s] as number) : NEVER,
      );
      return Math.exp(logProb) - Math.exp(logSum(paths) - total);
    }),
  );
  return total === NEVER ? { loss: 0, gradient: rows.map((row) => row.map(() => 0)) } : { loss: -total, gradient };
}

const blankOf = ({ shape, isLastBlank }: CtcAttrs) => (isLastBlank ? shape[2] - 1 : 0);

export const ctcCases: readonly KernelCases[] = [
  casesOf<CtcAttrs>({
    kernelName: 'CtcLoss',
    attrs: ctcAttrs,
    inputShapes: ({ shape, length }) => [shape, [shape[0], length]],
    // Logarithms reach 8 · scale + ln C at each step.
    depth: ({ shape, scale }) => (32 * scale + 16) * shape[1],
    isFallback: () => true,
    run(attrs, [x, given]) {
      const blank = blankOf(attrs);
      const sequences = sequencesOf(given, attrs.shape[2], blank);
      const loss = (logits: tf.Tensor) => {
        const settings = { blank, byLength: attrs.byLength, zeroInfinity: true };
        const [losses] = tf.engine().runKernel('CtcLoss', { logits, sequences }, settings) as tf.Tensor[];
        return tf.sum(losses as tf.Tensor) as tf.Scalar;
      };
      const { value, grad } = tf.valueAndGrad(loss)(tf.mul(x, attrs.scale));
      return joined(value, grad);
    },
    reference(attrs, [x, given]) {
      const [batch, time, classes] = attrs.shape;
      const blank = blankOf(attrs);
      const labels = sequencesOf(given, classes, blank).arraySync();
      const logits = tf.mul(x, attrs.scale).arraySync() as number[][][];
      const all = Array.from({ length: batch }, (_, i) => {
        const label = (labels[i] as number[]).filter((one) => one >= 0);
        const { loss, gradient } = plainExample(logits[i] as number[][], label, blank);
        const share = attrs.byLength ? 1 / Math.max(1, label.length) : 1;
        return { loss: share * loss, gradient: gradient.flat().map((slope) => share * slope) };
      });
      const value = all.reduce((sum, { loss }) => sum + loss, 0);
      return joined(
        tf.scalar(value),
        tf.tensor(
          all.flatMap(({ gradient }) => gradient),
          [batch, time, classes],
        ),
      );
    },
  }),
];
