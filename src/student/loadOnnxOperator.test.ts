import { expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { loadOnnxOperator } from './loadOnnxOperator.ts';

test('a saved model with an ONNX operator loads again and gives the same', async () => {
  await tf.setBackend('cpu');
  const onnxOperator = await loadOnnxOperator(tf);
  const layer = onnxOperator(tf, {
    name: 'sum',
    operator: 'reduceSum',
    attributes: { axes: [1], keepdims: 1 },
    operands: ['tensor'],
    numbers: [],
    weightPlans: [],
    shape: [null, 1],
  });
  const input = tf.input({ shape: [3] });
  const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
  const modelTopology = model.toJSON(null, false) as object;
  const again = await tf.loadLayersModel({
    load: async () => ({ modelTopology, weightSpecs: [], weightData: new ArrayBuffer(0) }),
  });
  const sums = again.predict(tf.tensor2d([[1, 2, 4]])) as tf.Tensor;
  expect([...sums.dataSync()]).toEqual([7]);
});

test('an operator that nothing computes is refused', async () => {
  const onnxOperator = await loadOnnxOperator(tf);
  const config = { operator: 'nonsense', attributes: {}, operands: [], numbers: [], weightPlans: [], shape: [] };
  expect(() => onnxOperator(tf, config)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});
