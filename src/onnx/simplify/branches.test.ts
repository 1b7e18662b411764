import { expect, test } from 'vitest';
import { runModel } from '../cases/ortCases.ts';
import { floats, graphAttribute, modelOf, node, value } from '../cases/tinyCases.ts';
import { type OnnxModel, onnx, writeModel } from '../model.ts';
import { simplify } from '../simplify.ts';

const yes = onnx.tensor({ name: 'yes', dataType: 9, int32Data: [1] });
const pair = (name: string) => value(name, ['B', 2]);

/** h = |x|, then an If that takes its first branch, then y: the difference of the If's two outputs, or exp of its only one. */
function choice(branch: object, outputs = ['a']): OnnxModel {
  const other = { name: 'other', node: outputs.map((name) => node('Neg', ['h'], [name])), output: outputs.map(pair) };
  const attribute = [graphAttribute('then_branch', { name: 'taken', ...branch }), graphAttribute('else_branch', other)];
  return modelOf({
    initializer: [yes],
    node: [
      node('Abs', ['x'], ['h']),
      node('If', ['yes'], outputs, { name: 'choice', attribute }),
      node(outputs.length === 1 ? 'Exp' : 'Sub', outputs, ['y']),
    ],
  });
}

/** The nodes that are left, and the same answer as onnxruntime gives to the model. */
async function expectInlined(model: OnnxModel, left: readonly string[]): Promise<void> {
  const flat = simplify(model);
  expect(flat.graph.node.map(({ opType }) => opType)).toEqual(left);
  const feeds = { x: [Float32Array.of(1, -2, 3, 0.5), [2, 2]] } as const;
  const [wanted, given] = [await runModel(writeModel(model), feeds), await runModel(writeModel(flat), feeds)];
  expect(given['y']?.data).toEqual(wanted['y']?.data);
}

test('a branch that gives one of its values twice', () => {
  const model = choice({ node: [node('Sqrt', ['h'], ['r'])], output: [pair('r'), pair('r')] }, ['a', 'b']);
  expect(simplify(model).graph.node.map(({ opType, input }) => [opType, input])).toEqual([
    ['Abs', ['x']],
    ['Sqrt', ['h']],
    ['Sub', ['a', 'a']],
  ]);
});

test('a branch that stores what it gives', () => {
  const stored = { initializer: [floats('w', [2, 2], [3, 4, 5, 6])], node: [node('Mul', ['h', 'w'], ['m'])] };
  return expectInlined(choice({ ...stored, output: [pair('m'), pair('w')] }, ['a', 'b']), ['Abs', 'Mul', 'Sub']);
});

test('a branch that passes on a value from around it, which onnxruntime refuses', () => {
  const { node: nodes } = simplify(choice({ output: [pair('h')] })).graph;
  expect(nodes.map(({ opType, input }) => [opType, input])).toEqual([
    ['Abs', ['x']],
    ['Exp', ['h']],
  ]);
});

test('an output of the If that is left out', () => {
  const nodes = [node('Sqrt', ['h'], ['r']), node('Cos', ['r'], ['c'])];
  const model = choice({ node: nodes, output: [pair('r'), pair('c')] });
  const taken = model.graph.node[1];
  if (taken !== undefined) taken.output = ['', 'a'];
  expect(simplify(model).graph.node.map(({ opType }) => opType)).toEqual(['Abs', 'Sqrt', 'Cos', 'Exp']);
});

/** In the branch that is taken stands another If, with an open condition. */
function nested(inner: object): OnnxModel {
  const plain = { name: 'plain', node: [node('Neg', ['h'], ['n'])], output: [pair('n')] };
  const attribute = [graphAttribute('then_branch', { name: 'inner', ...inner }), graphAttribute('else_branch', plain)];
  const keepdims = onnx.attribute({ name: 'keepdims', type: 2, i: 0n });
  const open = [
    node('ReduceMax', ['x'], ['top'], { attribute: [keepdims] }),
    node('Cast', ['top'], ['isOpen'], { attribute: [onnx.attribute({ name: 'to', type: 2, i: 9n })] }),
  ];
  const nodes = [node('Sqrt', ['h'], ['s']), node('If', ['isOpen'], ['z'], { attribute })];
  const model = choice({ node: nodes, output: [pair('z')] });
  model.graph.node.unshift(...open);
  return model;
}

const LEFT = ['ReduceMax', 'Cast', 'Abs', 'Sqrt', 'If', 'Exp'];

test('a branch inside the branch finds its values under their new names', () =>
  expectInlined(nested({ node: [node('Add', ['s', 'h'], ['t'])], output: [pair('t')] }), LEFT));

test('a branch inside the branch keeps its own values, also under a name that the branch has', () => {
  const own = { initializer: [floats('s', [2], [3, 4])], node: [node('Add', ['s', 'h'], ['t'])] };
  const { node: nodes } = simplify(nested({ ...own, output: [pair('t')] })).graph;
  const inner = nodes.find(({ opType }) => opType === 'If')?.attribute[0]?.g;
  expect(inner?.node[0]?.input).toEqual([inner?.initializer[0]?.name, 'h']);
});

test('a branch inside the branch passes on one of its values', () => {
  const { node: nodes } = simplify(nested({ output: [pair('s')] })).graph;
  const made = nodes.find(({ opType }) => opType === 'Sqrt')?.output[0];
  const given = nodes.find(({ opType }) => opType === 'If')?.attribute[0]?.g?.output[0]?.name;
  expect(given).toBe(made);
});

test('a condition that is an output as well', () => {
  const model = choice({ node: [node('Sqrt', ['h'], ['r'])], output: [pair('r')] });
  model.graph.initializer = [];
  model.graph.output.push(value('yes', [], 9));
  model.graph.node.unshift(
    node('Shape', ['x'], ['shape']),
    node('Size', ['shape'], ['rank']),
    node('Equal', ['rank', 'rank'], ['yes']),
  );
  expect(simplify(model).graph.node.map(({ opType }) => opType)).not.toContain('If');
});

test('a branch with a sparse weight stays', () => {
  const sparse = { values: floats('w', [2], [3, 4]), indices: onnx.tensor({}), dims: [2n, 2n] };
  const model = choice({
    sparseInitializer: [sparse],
    node: [node('MatMul', ['h', 'w'], ['m'])],
    output: [pair('m')],
  });
  expect(simplify(model).graph.node.map(({ opType }) => opType)).toEqual(['Abs', 'If', 'Exp']);
});
