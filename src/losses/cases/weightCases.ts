// Whether the row Weight of a loss's docstring is right. Only tests import this file.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sizeOf } from '../../core/shape.ts';
import * as tf from '../../runtime/tf.ts';
import type { Loss, LossShapes } from '../loss.ts';
import { crossEntropy } from '../response/crossEntropy.ts';
import { describeOnCpu } from './responseCases.ts';

/**
 * The weights of the docstrings are those with which a loss's gradient with respect to what it reads is as long as that of
 * crossEntropy, at random inputs. That depends on the inputs, and papers choose others for their reasons; it shall be
 * right within this factor.
 */
const WITHIN = 8;
const CLASSES = 10;

/** Normal numbers: of deviation 1 for the student, and of `spread` for the teacher; cut at 0 where they are activated. */
interface Setting {
  readonly examples: number;
  readonly shape: readonly number[];
  readonly spread: number;
  readonly isActivated?: boolean;
}

const settings = {
  logits: { examples: 64, shape: [CLASSES], spread: 3 },
  /** Numbers whose deviation is 1 on both sides. */
  numbers: { examples: 64, shape: [CLASSES], spread: 1 },
  maps: { examples: 8, shape: [7, 7, 16], spread: 1, isActivated: true },
  rows: { examples: 64, shape: [128], spread: 1 },
  sequences: { examples: 8, shape: [8, 64], spread: 1 },
} satisfies Record<string, Setting>;

export interface WeightSetting<Options> {
  readonly of: keyof typeof settings;
  /** What is changed of the options, where the documented weight is for others. */
  readonly options?: Partial<Options>;
  /** Further options, and the weight that the row names for them. */
  readonly others?: readonly { readonly options: Partial<Options>; readonly weight: number }[];
}

/** The row says a weight, and the example of the docstring has no other. */
export function checkDocumented(name: string): void {
  test('says which weight suits it', () => {
    const { weight, examples } = documented(name);
    expect(weight).toBeGreaterThan(0);
    expect(examples.filter((given) => given !== weight)).toEqual([]);
  });
}

export function checkWeight<Options>(
  name: string,
  make: (options?: Partial<Options>) => Loss,
  { of, options, others = [] }: WeightSetting<Options>,
): void {
  checkDocumented(name);
  describeOnCpu('beside crossEntropy', () => {
    const all = [{ options, weight: documented(name).weight }, ...others];
    test.each(all)('has a gradient as long, with the weight that is documented: %o', ({ options: chosen, weight }) => {
      let factor = 0;
      tf.tidy(() => {
        factor = factorOf(make(chosen), settings[of]);
      });
      const share = factor / weight;
      expect(share, `${factor}`).toBeGreaterThan(1 / WITHIN);
      expect(share, `${factor}`).toBeLessThan(WITHIN);
    });
  });
}

/** The first number of the row Weight, and the weights of this loss in the examples of its file. */
function documented(name: string): { weight: number; examples: number[] } {
  const all = readFileSync(new URL('../all.ts', import.meta.url), 'utf8');
  const file = new RegExp(`'\\./(\\w+/${name}\\.ts)'`).exec(all)?.[1];
  const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  const examples = text.matchAll(new RegExp(`^ \\*.*loss: ${name}\\(.*?\\), weight: ([\\d.]+)`, 'gm'));
  return {
    weight: Number(/^ \* Weight {4}([\d.]+)/m.exec(text)?.[1]),
    examples: [...examples].map(([, weight]) => Number(weight)),
  };
}

/** How much longer the gradient of crossEntropy is; what is no logits goes through a mean over positions and a layer. */
function factorOf(loss: Loss, { examples, shape, spread, isActivated = false }: Setting): number {
  const normal = (of: readonly number[], seed: number, deviation = 1) =>
    tf.randomNormal([...of], 0, deviation, 'float32', seed);
  const lengthOf = (slopes: tf.Tensor) => Math.sqrt(tf.sum(tf.square(slopes)).dataSync()[0] as number);
  const slopesOf = (of: (student: tf.Tensor) => tf.Tensor, at: tf.Tensor) => lengthOf(tf.grad(of)(at));
  const activated = (values: tf.Tensor) => (isActivated ? tf.relu(values) : values);
  const student = activated(normal([examples, ...shape], 1));
  const teacher = activated(normal([examples, ...shape], 2, spread));
  const other = normal([examples, ...shape], 3, spread);
  const names = loss.reads.teacher;
  const shapes: LossShapes = {
    student: Object.fromEntries(loss.reads.student.map((name) => [name, shape])),
    teacher: Object.fromEntries(names.map((name) => [name, shape])),
    batchSize: examples,
    examples,
  };
  const features = shape.at(-1) as number;
  const layer = normal([features, CLASSES], 4, Math.sqrt(2 / (features + CLASSES))) as tf.Tensor2D;
  const isLogits = features === CLASSES;
  const logitsOf = (values: tf.Tensor) =>
    isLogits ? values : tf.matMul(tf.mean(tf.reshape(values, [examples, -1, features]), 1) as tf.Tensor2D, layer);
  const labels = tf.cast(tf.argMax(isLogits ? teacher : normal([examples, CLASSES], 5), 1), 'int32') as tf.Tensor1D;
  const made = Object.entries(loss.parameters?.(shapes) ?? {}).map(([name, { shape: of, initial }], i) => {
    const outgoing = of.at(-1) as number;
    const deviation = initial === 'standard-normal' ? 1 : Math.sqrt(2 / (sizeOf(of) / outgoing + outgoing));
    return [name, typeof initial === 'number' ? tf.fill([...of], initial) : normal(of, 6 + i, deviation)] as const;
  });
  const tensors = {
    teacher: Object.fromEntries(names.map((name, i) => [name, i === 1 && names.length === 2 ? other : teacher])),
    parameters: Object.fromEntries(made),
    labels,
    indices: tf.range(0, examples, 1, 'int32') as tf.Tensor1D,
    ...(loss.numbers && { numbers: tf.tensor1d([...loss.numbers({ step: 5, steps: 9, epoch: 5, epochs: 9 })]) }),
  };
  const read = (values: tf.Tensor) => Object.fromEntries(loss.reads.student.map((name) => [name, values]));
  const byLoss = slopesOf((values) => loss.compute(tf, { ...tensors, student: read(values) }), student);
  const byLabels = (values: tf.Tensor) =>
    crossEntropy().compute(tf, { student: { logits: logitsOf(values) }, teacher: {}, labels });
  return slopesOf(byLabels, student) / byLoss;
}
