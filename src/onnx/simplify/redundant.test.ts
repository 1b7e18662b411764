import { expect, test } from 'vitest';
import { floats, modelOf, node, value } from '../cases/tinyCases.ts';
import { type OnnxNode, type OnnxTensor, onnx } from '../model.ts';
import { simplify } from '../simplify.ts';
import { dataOf, int64Tensor } from '../tensorData.ts';
import { floatAttribute, intAttribute, intsAttribute } from './nodes.ts';

const ints = (name: string, values: number[]) => int64Tensor(name, [values.length], values);
const to = (type: number) => [intAttribute('to', type)];

/** Nodes that give what they get. */
const NOTHING: Record<string, [OnnxNode, OnnxTensor[]]> = {
  Identity: [node('Identity', ['h'], ['n']), []],
  Dropout: [node('Dropout', ['h'], ['n', 'mask']), []],
  Cast: [node('Cast', ['h'], ['n'], { attribute: to(1) }), []],
  Transpose: [node('Transpose', ['h'], ['n'], { attribute: [intsAttribute('perm', [0, 1])] }), []],
  Reshape: [node('Reshape', ['h', 'i'], ['n']), [ints('i', [-1, 2])]],
  Flatten: [node('Flatten', ['h'], ['n']), []],
  Expand: [node('Expand', ['h', 'i'], ['n']), [ints('i', [1, 2])]],
  Pad: [node('Pad', ['h', 'i'], ['n']), [ints('i', [0, 0, 0, 0])]],
  Slice: [node('Slice', ['h', 'i', 'j', 'k'], ['n']), [ints('i', [0]), ints('j', [99]), ints('k', [1])]],
  Concat: [node('Concat', ['h'], ['n'], { attribute: [intAttribute('axis', 0)] }), []],
  'Add 0': [node('Add', ['f', 'h'], ['n']), [floats('f', [2], [0, 0])]],
  'Mul 1': [node('Mul', ['h', 'f'], ['n']), [floats('f', [], [1])]],
  'Div 1': [node('Div', ['h', 'f'], ['n']), [floats('f', [1], [1])]],
  'Sub 0': [node('Sub', ['h', 'f'], ['n']), [floats('f', [], [0])]],
  'Pow 1': [node('Pow', ['h', 'f'], ['n']), [floats('f', [], [1])]],
  'Squeeze of no axes': [node('Squeeze', ['h', 'i'], ['n']), [ints('i', [])]],
  'Unsqueeze of no axes': [node('Unsqueeze', ['h', 'i'], ['n']), [ints('i', [])]],
  'Tile once': [node('Tile', ['h', 'i'], ['n']), [ints('i', [1, 1])]],
  'Clip without limits': [node('Clip', ['h'], ['n']), []],
  'Sum of one': [node('Sum', ['h'], ['n']), []],
  'Max of one': [node('Max', ['h'], ['n']), []],
  'Min of one': [node('Min', ['h'], ['n']), []],
  'Mean of one': [node('Mean', ['h'], ['n']), []],
};

test.each(Object.entries(NOTHING))('%s that changes nothing goes, inside and at the end', (_, [empty, stored]) => {
  const inside = modelOf({ initializer: stored, node: [node('Neg', ['x'], ['h']), empty, node('Abs', ['n'], ['y'])] });
  expect(simplify(inside).graph.node.map(({ opType }) => opType)).toEqual(['Neg', 'Abs']);
  const last = node(empty.opType, empty.input, ['y'], { attribute: empty.attribute });
  const end = modelOf({ initializer: stored, node: [node('Neg', ['x'], ['h']), last] });
  expect(simplify(end).graph.node.map(({ opType, output }) => [opType, output])).toEqual([['Neg', ['y']]]);
});

test('a Reshape to a shape that is fed goes if the file says that the lengths stay', () => {
  const nodes = [node('Neg', ['x'], ['h']), node('Reshape', ['h', 's'], ['n']), node('Abs', ['n'], ['y'])];
  const input = [value('x', ['B', 2]), value('s', [2], 7)];
  const left = (valueInfo: ReturnType<typeof value>[]) =>
    simplify(modelOf({ input, valueInfo, node: nodes })).graph.node.map(({ opType }) => opType);
  expect(left([])).toEqual(['Neg', 'Reshape', 'Abs']);
  expect(left([value('n', ['B', 2])])).toEqual(['Neg', 'Abs']);
});

/** [B, T, 12] viewed in a shape of computed lengths, and the shape that is stored for it; undefined: it stays computed. */
const COMPUTED: Record<string, [string[], number[] | undefined]> = {
  'a length that stays where it was': [
    ['B', 'four', 'left'],
    [0, 4, -1],
  ],
  'lengths that stay where they were': [
    ['B', 'T', 'four', 'three'],
    [0, 0, 4, 3],
  ],
  'a length that moved, as what is left': [
    ['four', 'B', 'three', 'seven'],
    [4, -1, 3, 7],
  ],
  'a length that moved, next to one that stays': [
    ['B', 'four', 'T', 'three'],
    [0, 4, -1, 3],
  ],
  'two lengths that moved': [['four', 'B', 'T', 'three'], undefined],
  'a length that moved, next to what is left': [['four', 'B', 'left'], undefined],
};

test.each(Object.entries(COMPUTED))('a computed shape: %s', (_, [lengths, stored]) => {
  const of = (length: string, at: string) => [
    node('Gather', ['shape', at], [length], { attribute: [intAttribute('axis', 0)] }),
  ];
  const model = modelOf({
    input: [value('x', ['B', 'T', 12])],
    output: [onnx.value({ name: 'y', type: { tensorType: { elemType: 1 } } })],
    initializer: Object.entries({ zero: 0, one: 1, three: 3, four: 4, seven: 7, left: -1 }).map(([name, at]) =>
      ints(name, [at]),
    ),
    node: [
      node('Shape', ['x'], ['shape']),
      ...of('B', 'zero'),
      ...of('T', 'one'),
      node('Concat', lengths, ['wanted'], { attribute: [intAttribute('axis', 0)] }),
      node('Reshape', ['x', 'wanted'], ['r']),
      node('Neg', ['r'], ['y']),
    ],
  });
  const { node: nodes, initializer } = simplify(model).graph;
  const reshape = nodes.find(({ opType }) => opType === 'Reshape');
  const wanted = initializer.find(({ name }) => name === reshape?.input[1]);
  expect(wanted && Array.from(dataOf(wanted).data, Number)).toEqual(stored);
});

const perm = (...axes: number[]) => ({ attribute: [intsAttribute('perm', axes)] });

/** Two nodes that are one, or none, and what is left of them. */
const TWO: Record<string, [OnnxNode[], OnnxTensor[], string[]]> = {
  'Transpose of a Transpose': [
    [node('Transpose', ['x'], ['t'], perm(1, 2, 0)), node('Transpose', ['t'], ['n'], perm(1, 2, 0))],
    [],
    ['Transpose'],
  ],
  'Reshape of a Reshape': [
    [node('Reshape', ['x', 'i'], ['t']), node('Reshape', ['t', 'j'], ['n'])],
    [ints('i', [6, -1]), ints('j', [2, -1, 3])],
    ['Reshape'],
  ],
  'Reshape of a Flatten': [
    [node('Flatten', ['x'], ['t']), node('Reshape', ['t', 'j'], ['n'])],
    [ints('j', [2, -1, 3])],
    ['Reshape'],
  ],
  'Squeeze of what Unsqueeze added': [
    [node('Unsqueeze', ['x', 'i'], ['t']), node('Squeeze', ['t', 'j'], ['n'])],
    [ints('i', [0, 2]), ints('j', [2, -5])],
    [],
  ],
};

test.each(Object.entries(TWO))('%s', (_, [nodes, stored, left]) => {
  const model = modelOf({
    input: [value('x', ['B', 3, 4])],
    output: [onnx.value({ name: 'y', type: { tensorType: { elemType: 1 } } })],
    initializer: stored,
    node: [...nodes, node('Neg', ['n'], ['y'])],
  });
  expect(simplify(model).graph.node.map(({ opType }) => opType)).toEqual([...left, 'Neg']);
});

/** The same operators where they do something. */
const SOMETHING: Record<string, [OnnxNode, OnnxTensor[]]> = {
  'Dropout with a mask that is read': [node('Dropout', ['h'], ['n', 'm2']), []],
  Cast: [node('Cast', ['h'], ['n'], { attribute: to(7) }), []],
  Transpose: [node('Transpose', ['h'], ['n'], { attribute: [intsAttribute('perm', [1, 0])] }), []],
  'Slice backwards': [
    node('Slice', ['h', 'i', 'j', 'k', 'l'], ['n']),
    [ints('i', [-1]), ints('j', [-9]), ints('k', [1]), ints('l', [-1])],
  ],
  'Add 0 that widens': [node('Add', ['f', 'h'], ['n']), [floats('f', [3, 1, 2], [0, 0, 0, 0, 0, 0])]],
  'Sub from 0': [node('Sub', ['f', 'h'], ['n']), [floats('f', [], [0])]],
};

test.each(Object.entries(SOMETHING))('%s stays', (name, [full, stored]) => {
  const more = name.startsWith('Dropout') ? [node('Not', ['m2'], ['z'])] : [];
  const output = [value('y', ['B', 2]), ...(more.length > 0 ? [value('z', ['B', 2], 9)] : [])];
  const nodes = [node('Neg', ['x'], ['h']), full, ...more, node('Abs', ['n'], ['y'])];
  const model = modelOf({ initializer: stored, output, node: nodes });
  expect(simplify(model).graph.node.length).toBe(nodes.length);
});

test('Clip with limits as attributes stays, as before version 11', () => {
  for (const limit of ['min', 'max']) {
    const clip = node('Clip', ['h'], ['n'], { attribute: [floatAttribute(limit, 0.5)] });
    const nodes = [node('Neg', ['x'], ['h']), clip, node('Abs', ['n'], ['y'])];
    const model = modelOf({ node: nodes }, { opsetImport: [{ domain: '', version: 10n }] });
    expect(simplify(model).graph.node.map(({ opType }) => opType)).toEqual(['Neg', 'Clip', 'Abs']);
  }
});

test('an input that goes straight to an output keeps a node between', () => {
  const model = modelOf({ node: [node('Identity', ['x'], ['y'])] });
  expect(simplify(model).graph.node.map(({ opType }) => opType)).toEqual(['Identity']);
});
