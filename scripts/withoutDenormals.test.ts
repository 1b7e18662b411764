import { expect, test } from 'vitest';
import { withoutDenormals } from '../benchmarks/pages/withoutDenormals.ts';
import { readModelFile } from '../src/onnx/cases/ortCases.ts';
import { floats, modelOf, node } from '../src/onnx/cases/tinyCases.ts';
import { onnx, readModel, writeModel } from '../src/onnx/model.ts';
import { dataOf, int64Tensor } from '../src/onnx/tensorData.ts';

/** The smallest normal number, and the largest below it. */
const [NORMAL, DENORMAL] = [2 ** -126, 2 ** -126 - 2 ** -149];
const values = [1, NORMAL, -NORMAL, DENORMAL, -DENORMAL, 0, 2 ** -149];

test('weights below the smallest normal number become zeros, in constants too, and nothing else changes', () => {
  const constant = onnx.attribute({ name: 'value', type: 4, t: floats('', [7], values) });
  const model = modelOf({
    initializer: [floats('w', [7], values), int64Tensor('i', [2], [0, 1])],
    node: [node('Constant', [], ['c'], { attribute: [constant] }), node('Add', ['x', 'w'], ['y'])],
  });
  const { bytes, zeroed, weights } = withoutDenormals(writeModel(model));
  expect([zeroed, weights]).toEqual([6, 14]);
  const { graph } = readModel(bytes);
  const wanted = Float32Array.of(1, NORMAL, -NORMAL, 0, 0, 0, 0);
  expect(dataOf(graph.initializer[0] as never).data).toEqual(wanted);
  expect(dataOf(graph.node[0]?.attribute[0]?.t as never).data).toEqual(wanted);
  expect(graph.initializer[1]).toEqual(readModel(writeModel(model)).graph.initializer[1]);
  expect(withoutDenormals(bytes)).toMatchObject({ bytes, zeroed: 0 });
});

test('the text reader has such weights', () => {
  const { zeroed, weights } = withoutDenormals(readModelFile('reader'));
  expect([zeroed, weights]).toEqual([31_350, 2_690_296]);
});
