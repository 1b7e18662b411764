// Students of several inputs or outputs beside PyTorch: golden/towers.json, which scripts/golden/towers.py made. Only tests
// import this file.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { applyStudent, buildStudent } from '../build.ts';
import type { Student } from '../student.ts';

interface Integers {
  readonly shape: number[];
  readonly k: readonly number[];
}

interface Values {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

interface Golden {
  readonly unit: number;
  readonly cases: readonly {
    readonly student: string;
    readonly options: object;
    /** Names of the inputs that hold tokens. */
    readonly tokens: readonly string[];
    readonly inputs: Readonly<Record<string, Integers>>;
    readonly weights: Readonly<Record<string, Integers>>;
    readonly outputs: Readonly<Record<string, Values>>;
    readonly factors: Readonly<Record<string, Integers>>;
    readonly gradient: Readonly<Record<string, Values>>;
  }[];
}

/** The largest difference seen is 4e-6, of cosines times 20. */
const TOLERANCE = 2e-5;

/** Registers the tests of one student: outputs and gradients for PyTorch's weights. */
export function checkTowers(name: string, make: (options: object) => Student): void {
  const { unit, cases } = JSON.parse(readFileSync(new URL('../golden/towers.json', import.meta.url), 'utf8')) as Golden;
  const own = cases.filter(({ student }) => student === name);

  test('has cases to be compared with', () => expect(own.length).toBeGreaterThan(1));

  test.each(own)('has PyTorch’s outputs and gradients, $options', async (golden) => {
    const model = await buildStudent(await make(golden.options).portable(), 0);
    const numbers = ({ shape, k }: Integers) =>
      tf.tensor(
        Float32Array.from(k, (whole) => whole / unit),
        shape,
      );
    expect(model.weights.map((weight) => weight.originalName).sort()).toEqual(Object.keys(golden.weights).sort());
    tf.tidy(() => {
      model.setWeights(model.weights.map((weight) => numbers(golden.weights[weight.originalName] as Integers)));
      const inputs = model.inputNames.map((input) => {
        const given = golden.inputs[input] as Integers;
        return golden.tokens.includes(input)
          ? tf.tensor(Int32Array.from(given.k), given.shape, 'int32')
          : numbers(given);
      });
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const { grads } = tf.variableGrads(() => {
        const outputs = applyStudent(model, inputs, 'training');
        for (const [output, needed] of Object.entries(golden.outputs)) {
          expectClose(outputs[output] as tf.Tensor, needed, output);
        }
        const sums = Object.entries(golden.factors).map(([output, factors]) =>
          tf.sum(tf.mul(outputs[output] as tf.Tensor, numbers(factors))),
        );
        return tf.addN(sums) as tf.Scalar;
      }, variables);
      for (const [i, weight] of model.trainableWeights.entries()) {
        const slopes = grads[(variables[i] as tf.Variable).name] as tf.Tensor;
        expectClose(slopes, golden.gradient[weight.originalName] as Values, `gradient of ${weight.originalName}`);
      }
    });
    model.dispose();
  });
}

function expectClose(given: tf.Tensor, { shape, values }: Values, what: string): void {
  expect(given.shape, what).toEqual(shape);
  const size = Math.max(1, ...values.map(Math.abs));
  const numbers = given.dataSync();
  for (const [i, value] of values.entries()) {
    const difference = Math.abs((numbers[i] as number) - value);
    if (!(difference <= TOLERANCE * size)) throw new Error(`${what}[${i}]: ${numbers[i]} instead of ${value}`);
  }
}
