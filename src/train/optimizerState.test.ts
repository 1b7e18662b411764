import { describe, expect, test } from 'vitest';
import { beginOnWasm, readBinaries } from '../runtime/kernels/cases/binaryCases.ts';
import { installKernels } from '../runtime/kernels/install.ts';
import * as tf from '../runtime/tf.ts';
import { makeOptimizer } from './optimizer.ts';
import { follow, valuesOf, variablesOf } from './optimizerCases.ts';

const names = ['sgd', 'momentum', 'nesterov', 'adam', 'adamw', 'lamb', 'lion'] as const;

const binaryOf = readBinaries();
beginOnWasm();

describe.each(['cpu', 'kernels'] as const)('on %s', (where) => {
  const begin = async () => {
    if (where === 'cpu') await tf.setBackend('cpu');
    else await installKernels(binaryOf('relaxed'));
    return tf.memory().numTensors;
  };

  test.each(names)('%s continues from a state bit for bit', async (name) => {
    const before = await begin();
    const make = () => makeOptimizer(tf, { name, learningRate: 0.01, weightDecay: 0.1 });
    const optimizers = [make(), make(), make()] as const;
    const [whole, halved, handed] = optimizers;
    const variables = variablesOf();
    follow(whole, variables, [1, 2, 3]);
    const middle = variables.map((variable) => variable.clone());
    const state = structuredClone(whole.state());
    const weights = await whole.getWeights();
    follow(whole, variables, [4, 5]);
    const wanted = valuesOf(variables);

    halved.restore(state);
    expect(halved.state()).toEqual(state);
    // A rebuilt model has other names.
    const renamed = middle.map((values) => tf.variable(values));
    follow(halved, renamed, [4, 5]);
    expect(valuesOf(renamed)).toEqual(wanted);

    await handed.setWeights(weights);
    expect((await handed.getWeights()).map((weight) => weight.name)).toEqual(weights.map((weight) => weight.name));
    variables.forEach((variable, i) => {
      variable.assign(middle[i] as tf.Tensor);
    });
    follow(handed, variables, [4, 5]);
    expect(valuesOf(variables)).toEqual(wanted);
    expect(handed.iterations).toBe(5);
    expect(handed.state().variables.map(({ slots }) => slots)).toEqual(
      whole.state().variables.map(({ slots }) => slots),
    );
    tf.dispose([...variables, ...renamed, ...middle, ...weights.map(({ tensor }) => tensor)]);
    for (const optimizer of optimizers) optimizer.dispose();
    // The names were requested twice; nobody else frees these copies.
    expect(tf.memory().numTensors).toBe(before + weights.length);
  });
});

test('continues after a change of backend', async () => {
  const optimizers = [makeOptimizer(tf, {}), makeOptimizer(tf, {})] as const;
  await tf.setBackend('cpu');
  const [stays, moves] = [variablesOf(), variablesOf()];
  follow(optimizers[0], stays, [1, 2, 3]);
  const wanted = valuesOf(stays);
  follow(optimizers[1], moves, [1, 2]);
  await tf.setBackend('wasm');
  await installKernels(binaryOf('relaxed'));
  follow(optimizers[1], moves, [3]);
  expect(valuesOf(moves)).toEqual(wanted);
  for (const optimizer of optimizers) optimizer.dispose();
  tf.dispose([...stays, ...moves]);
});

test('refuses the state of another optimizer or model, and use after dispose', () => {
  const [adam, sgd, other] = [makeOptimizer(tf, {}), makeOptimizer(tf, { name: 'sgd' }), makeOptimizer(tf, {})];
  const variables = variablesOf();
  follow(adam, variables, [1]);
  const state = adam.state();
  expect(() => sgd.restore(state)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  other.restore(state);
  expect(() => follow(other, variables.slice(1), [1])).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  expect(other.state()).toEqual(state);
  for (const optimizer of [adam, sgd, other]) {
    optimizer.dispose();
    optimizer.dispose();
  }
  expect(() => follow(adam, variables, [2] as const)).toThrow(expect.objectContaining({ code: 'disposed' }));
  tf.dispose(variables);
});
