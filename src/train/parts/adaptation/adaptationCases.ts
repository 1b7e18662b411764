// What adaptations are held against, in plain tfjs. Only tests import this file.
import { expect } from 'vitest';
import { pickRows } from '../../../core/rows.ts';
import type { NamedArrays, NdArray } from '../../../core/shape.ts';
import { softTargets } from '../../../losses/response/softTargets.ts';
import * as tf from '../../../runtime/tf.ts';
import { buildStudent } from '../../../student/build.ts';
import type { StudentArtifacts } from '../../../student/student.ts';
import { splitWeights } from '../../../student/weightBytes.ts';
import { problem } from '../../engineCases.ts';

export const RATE = 0.5;

/** Of each example's loss, by weight name, in plain tfjs. */
export async function gradientsByExample(artifacts: StudentArtifacts, size: number) {
  const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
  const loss = softTargets();
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const all = Array.from({ length: size }, (_, i) => {
    const [x, logits] = [problem.inputs, problem.teacher].map((array) => pickRows(array, Int32Array.of(i)));
    return tf.tidy(() => {
      const cost = () =>
        loss.compute(tf, {
          student: { logits: model.apply(tensorOf(x as NdArray), { training: true }) as tf.Tensor },
          teacher: { logits: tensorOf(logits as NdArray) },
          labels: undefined,
        });
      const { grads } = tf.variableGrads(cost, variables);
      return Object.fromEntries(
        model.trainableWeights.map((weight, k) => [
          weight.originalName,
          grads[(variables[k] as tf.Variable).name]?.dataSync().slice() as Float32Array,
        ]),
      );
    });
  });
  model.dispose();
  return all;
}

type Products = Readonly<Record<string, { readonly left: Float32Array; readonly rank: number }>>;

/** The right factors, scale included, after some steps in which tfjs derives both from W₀ + s·A·B. */
export async function factorsByAutograd(artifacts: StudentArtifacts, products: Products, scale: number, steps: number) {
  const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
  const loss = softTargets();
  const result = tf.tidy(() => {
    const weights = Object.values(valuesOf(artifacts)).map(tensorOf) as tf.Tensor2D[];
    const names = Object.keys(valuesOf(artifacts));
    const factors = names.map((name, i) => {
      const product = products[name];
      const [rows = 0, columns = 0] = (weights[i] as tf.Tensor).shape;
      return product === undefined
        ? undefined
        : {
            left: tf.variable(tf.tensor2d(product.left.slice(), [rows, product.rank])),
            right: tf.variable(tf.zeros<tf.Rank.R2>([product.rank, columns])),
          };
    });
    const variables = factors.flatMap((both) => (both === undefined ? [] : [both.left, both.right]));
    for (let step = 0; step < steps; step++) {
      const cost = () => {
        const all = weights.map((weight, i) => {
          const both = factors[i];
          return both === undefined ? weight : tf.add(weight, tf.mul(tf.matMul(both.left, both.right), scale));
        }) as [tf.Tensor2D, tf.Tensor, tf.Tensor2D, tf.Tensor];
        const hidden = tf.relu(
          tf.add(tf.matMul(tensorOf(problem.inputs) as tf.Tensor2D, all[0]), all[1]),
        ) as tf.Tensor2D;
        const logits = tf.add(tf.matMul(hidden, all[2]), all[3]);
        return loss.compute(tf, {
          student: { logits },
          teacher: { logits: tensorOf(problem.teacher) },
          labels: undefined,
        });
      };
      const { grads } = tf.variableGrads(cost, variables);
      for (const variable of variables) {
        variable.assign(tf.sub(variable, tf.mul(grads[variable.name] as tf.Tensor, RATE)) as never);
      }
    }
    const found = Object.fromEntries(
      names.flatMap((name, i) => {
        const right = factors[i]?.right;
        return right === undefined
          ? []
          : [[name, { data: right.dataSync().map((value) => value * scale), shape: [] } as NdArray]];
      }),
    );
    tf.dispose(variables);
    return found as unknown as tf.TensorContainerObject;
  }) as unknown as NamedArrays;
  model.dispose();
  return result;
}

function tensorOf({ data, shape }: NdArray): tf.Tensor {
  return tf.tensor(Float32Array.from(data), [...shape]);
}

export function valuesOf(artifacts: StudentArtifacts): NamedArrays {
  return Object.fromEntries(
    splitWeights(artifacts).map(({ name, shape, bytes }) => [
      name,
      { data: new Float32Array(bytes.slice().buffer), shape: [...shape] },
    ]),
  );
}

export function plus(
  base: NdArray,
  { left, right, rank }: { left: Float32Array; right: Float32Array; rank: number },
): NdArray {
  const columns = base.shape.at(-1) ?? 1;
  const data = Float32Array.from(base.data, (value, at) => {
    let sum = 0;
    for (let k = 0; k < rank; k++) {
      sum += (left[Math.floor(at / columns) * rank + k] as number) * (right[k * columns + (at % columns)] as number);
    }
    return value + sum;
  });
  return { data, shape: base.shape };
}

export function expectNear(found: NdArray, expected: NdArray, tolerance: number): void {
  expect(found.data.length).toBe(expected.data.length);
  const worst = Array.from(found.data).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (expected.data[i] as number))),
    0,
  );
  expect(worst).toBeLessThan(tolerance);
}
