import { expect, test } from 'vitest';
import { runModel } from '../cases/ortCases.ts';
import { floats, modelOf, node, value } from '../cases/tinyCases.ts';
import { type OnnxNode, type OnnxTensor, onnx, writeModel } from '../model.ts';
import { simplify } from '../simplify.ts';
import { dataOf, int64Tensor, packedTensor, storedData } from '../tensorData.ts';
import { floatAttribute, intAttribute, intsAttribute } from './nodes.ts';

const m = floats(
  'm',
  [2, 3, 4],
  Array.from({ length: 24 }, (_, i) => ((7 * i) % 11) - 4.5),
);
const v = floats('v', [4], [1, -2, 3, 0.5]);
const ints = (name: string, values: number[]) => int64Tensor(name, [values.length], values);
const to = (type: number) => [intAttribute('to', type)];

/** Nodes that give "c" from stored values. What onnxruntime makes of them is what must be stored. */
const CASES: Record<string, [OnnxNode[], OnnxTensor[]]> = {
  Add: [[node('Add', ['m', 'v'], ['c'])], []],
  Sub: [[node('Sub', ['v', 'm'], ['c'])], []],
  Div: [[node('Div', ['m', 'v'], ['c'])], []],
  'Div of whole numbers': [
    [node('Div', ['i', 'j'], ['d']), node('Cast', ['d'], ['c'], { attribute: to(1) })],
    [ints('i', [7, -7, 8]), ints('j', [2, 2, -3])],
  ],
  'Mod of whole numbers': [
    [node('Mod', ['i', 'j'], ['d']), node('Cast', ['d'], ['c'], { attribute: to(1) })],
    [ints('i', [7, -7, 8]), ints('j', [2, 2, -3])],
  ],
  'Cast to whole numbers': [
    [node('Cast', ['m'], ['d'], { attribute: to(7) }), node('Cast', ['d'], ['c'], { attribute: to(1) })],
    [],
  ],
  'Cast from half': [
    [node('Cast', ['h'], ['c'], { attribute: to(1) })],
    [storedData('h', 'float16', [5], Uint16Array.of(0x3c00, 0xc100, 0x0001, 0x7bff, 0x8400))],
  ],
  Sqrt: [[node('Abs', ['m'], ['a']), node('Sqrt', ['a'], ['c'])], []],
  Reciprocal: [[node('Reciprocal', ['m'], ['c'])], []],
  'Neg, Floor and Ceil': [
    [
      node('Neg', ['m'], ['n']),
      node('Floor', ['n'], ['f']),
      node('Ceil', ['m'], ['g']),
      node('Mul', ['f', 'g'], ['c']),
    ],
    [],
  ],
  Round: [[node('Round', ['m'], ['c'])], []],
  'Min and Max': [[node('Min', ['m', 'v'], ['n']), node('Max', ['n', 'v', 'm'], ['c'])], []],
  Where: [[node('Greater', ['m', 'v'], ['g']), node('Where', ['g', 'v', 'm'], ['c'])], []],
  Transpose: [[node('Transpose', ['m'], ['c'], { attribute: [intsAttribute('perm', [2, 0, 1])] })], []],
  'Transpose without an order': [[node('Transpose', ['m'], ['c'])], []],
  Reshape: [[node('Reshape', ['m', 'i'], ['c'])], [ints('i', [0, -1, 2])]],
  'Squeeze and Unsqueeze': [
    [node('Unsqueeze', ['m', 'i'], ['u']), node('Squeeze', ['u', 'j'], ['c'])],
    [ints('i', [0, -1]), ints('j', [0])],
  ],
  Gather: [
    [node('Gather', ['m', 'i'], ['c'], { attribute: [intAttribute('axis', 1)] })],
    [int64Tensor('i', [2, 2], [2, 0, -1, 1])],
  ],
  Concat: [[node('Concat', ['m', 'm', 'm'], ['c'], { attribute: [intAttribute('axis', -2)] })], []],
  Slice: [
    [node('Slice', ['m', 'i', 'j', 'k', 'l'], ['c'])],
    [ints('i', [-1, 1]), ints('j', [Number.MIN_SAFE_INTEGER, 9]), ints('k', [2, 1]), ints('l', [-2, 1])],
  ],
  Expand: [[node('Expand', ['v', 'i'], ['c'])], [ints('i', [2, 1, 4])]],
  Tile: [[node('Tile', ['m', 'i'], ['c'])], [ints('i', [1, 2, 3])]],
  Pad: [[node('Pad', ['m', 'i', 'f'], ['c'])], [ints('i', [1, 0, 2, 0, 1, 0]), floats('f', [], [0.25])]],
  Split: [
    [
      node('Split', ['m', 'i'], ['p', 'q'], { attribute: [intAttribute('axis', 2)] }),
      node('Concat', ['q', 'p'], ['c'], { attribute: [intAttribute('axis', 2)] }),
    ],
    [ints('i', [1, 3])],
  ],
  Range: [
    [node('Range', ['f', 'g', 'h'], ['c'])],
    [floats('f', [], [2]), floats('g', [], [-1]), floats('h', [], [-0.75])],
  ],
  ConstantOfShape: [
    [
      node('ConstantOfShape', ['i'], ['c'], {
        attribute: [onnx.attribute({ name: 'value', type: 4, t: floats('', [1], [2.5]) })],
      }),
    ],
    [ints('i', [2, 2])],
  ],
  ReduceProd: [[node('ReduceProd', ['m'], ['c'], { attribute: [intsAttribute('axes', [0, -1])] })], []],
  'ReduceMean without the axes': [
    [node('ReduceMean', ['m'], ['c'], { attribute: [intsAttribute('axes', [1]), intAttribute('keepdims', 0)] })],
    [],
  ],
  ReduceSum: [[node('ReduceSum', ['m', 'i'], ['c'])], [ints('i', [-3])]],
  Clip: [[node('Clip', ['m', 'f'], ['c'])], [floats('f', [], [-1])]],
  'DequantizeLinear, one scale': [
    [node('DequantizeLinear', ['q', 's', 'z'], ['c'])],
    [
      storedData('q', 'uint8', [2, 3], Uint8Array.of(0, 9, 128, 200, 255, 3)),
      floats('s', [], [0.07]),
      packedTensor('z', 'uint8', [], Uint8Array.of(130)),
    ],
  ],
  'DequantizeLinear, per channel': [
    [node('DequantizeLinear', ['q', 's'], ['c'], { attribute: [intAttribute('axis', -1)] })],
    [storedData('q', 'int8', [2, 3], Int8Array.of(-128, 9, 127, -1, 0, 3)), floats('s', [3], [0.07, 0.5, 2])],
  ],
  'a Constant of numbers': [
    [
      node('Constant', [], ['c'], {
        attribute: [onnx.attribute({ name: 'value_floats', type: 6, floats: [1, 2, 3] })],
      }),
    ],
    [],
  ],
  'a Constant of one number': [[node('Constant', [], ['c'], { attribute: [floatAttribute('value_float', 4)] })], []],
};

test.each(Object.entries(CASES))('%s', async (_, [nodes, stored]) => {
  // A result must stay the output of a node, so one that cannot be computed stands after it.
  const model = modelOf({
    input: [value('x', [])],
    output: [onnx.value({ name: 'y', type: { tensorType: { elemType: 1 } } })],
    initializer: [m, v, ...stored],
    node: [...nodes, node('Add', ['c', 'x'], ['y'])],
  });
  const folded = simplify(model);
  expect(folded.graph.node.map(({ opType }) => opType)).toEqual(['Add']);
  expect(folded.graph.initializer.length).toBe(1);
  const feeds = { x: [Float32Array.of(0), []] } as const;
  const [wanted, given] = [await runModel(writeModel(model), feeds), await runModel(writeModel(folded), feeds)];
  expect(given['y']?.dims).toEqual(wanted['y']?.dims);
  const [want, got] = [wanted['y']?.data as Float32Array, given['y']?.data as Float32Array];
  for (const [i, one] of want.entries())
    expect(Math.abs(one - (got[i] as number))).toBeLessThanOrEqual(1e-6 * Math.abs(one));
});

test('Clip with limits as attributes, as before version 11', () => {
  const attribute = [floatAttribute('min', -1), floatAttribute('max', 2)];
  const nodes = [node('Clip', ['v'], ['c'], { attribute }), node('Add', ['c', 'x'], ['y'])];
  const graph = { input: [value('x', [])], output: [value('y', [4])], initializer: [v], node: nodes };
  const { initializer } = simplify(modelOf(graph, { opsetImport: [{ domain: '', version: 10n }] })).graph;
  expect(initializer.map((one) => [...dataOf(one).data])).toEqual([[1, -1, 2, 0.5]]);
});

test('what is stored in a way that cannot be read stays as it is', () => {
  const packed = packedTensor('q', 'uint4', [4], Uint8Array.of(0x21, 0x43));
  const nodes = [node('DequantizeLinear', ['q', 's'], ['c']), node('Add', ['c', 'x'], ['y'])];
  const model = modelOf({ input: [value('x', [])], initializer: [packed, floats('s', [], [2])], node: nodes });
  expect(simplify(model).graph.node.length).toBe(2);
});

test('a huge result is left to be computed', () => {
  const nodes = [node('Expand', ['v', 'i'], ['c']), node('Add', ['c', 'x'], ['y'])];
  const model = modelOf({ input: [value('x', [])], initializer: [v, ints('i', [5000, 1000, 4])], node: nodes });
  expect(simplify(model).graph.node.length).toBe(2);
});

test('shapes that the caller fixes are computed, those that stay free are kept as far as they must', async () => {
  const nodes = [
    node('Shape', ['x'], ['shape']),
    node('Gather', ['shape', 'zero'], ['rows']),
    node('Unsqueeze', ['rows', 'front'], ['list']),
    node('Concat', ['list', 'two', 'left'], ['wanted'], { attribute: [intAttribute('axis', 0)] }),
    node('Reshape', ['x', 'wanted'], ['r']),
    node('Transpose', ['r'], ['t'], { attribute: [intsAttribute('perm', [0, 2, 1])] }),
    node('Transpose', ['t'], ['u'], { attribute: [intsAttribute('perm', [0, 2, 1])] }),
    node('Neg', ['u'], ['y']),
  ];
  const model = modelOf({
    input: [value('x', ['B', 6])],
    output: [value('y', ['B', 2, 3])],
    initializer: [int64Tensor('zero', [], [0]), ints('front', [0]), ints('two', [2]), ints('left', [3])],
    node: nodes,
  });
  const feeds = { x: [Float32Array.from({ length: 18 }, (_, i) => i), [3, 6]] } as const;
  const wanted = await runModel(writeModel(model), feeds);
  for (const options of [{}, { inputShapes: { x: [3, 6] } }]) {
    const simplified = simplify(model, options);
    expect(simplified.graph.node.map(({ opType }) => opType)).toEqual(['Reshape', 'Neg']);
    expect((await runModel(writeModel(simplified), feeds))['y']?.data).toEqual(wanted['y']?.data);
  }
  const fixed = simplify(model, { inputShapes: { x: [3, 6] } });
  expect(fixed.graph.input[0]?.type?.tensorType?.shape?.dim.map(({ dimValue }) => dimValue)).toEqual([3n, 6n]);
  expect(fixed.graph.output[0]?.type?.tensorType?.shape?.dim[0]?.dimValue).toBe(3n);
});

test('lengths that are known are stored', () => {
  const nodes = [
    node('Shape', ['x'], ['shape']),
    node('Gather', ['shape', 'zero'], ['rows']),
    node('Cast', ['rows'], ['c'], { attribute: to(1) }),
    node('Mul', ['x', 'c'], ['y']),
  ];
  const model = modelOf({ initializer: [int64Tensor('zero', [], [0])], node: nodes });
  expect(simplify(model).graph.node.length).toBe(4);
  const fixed = simplify(model, { inputShapes: { x: [3, 2] } });
  expect(fixed.graph.node.map(({ opType }) => opType)).toEqual(['Mul']);
});
