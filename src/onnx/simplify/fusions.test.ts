import { expect, test } from 'vitest';
import { type Feeds, runModel } from '../cases/ortCases.ts';
import { floats, modelOf, node, value } from '../cases/tinyCases.ts';
import { type OnnxModel, type OnnxNode, writeModel } from '../model.ts';
import { simplify } from '../simplify.ts';
import { int64Tensor } from '../tensorData.ts';
import { floatAttribute, intAttribute, intsAttribute } from './nodes.ts';

const feeds: Feeds = { x: [Float32Array.from({ length: 40 }, (_, i) => 4.5 * Math.sin(1.3 * i)), [5, 8]] };

const scalars = Object.entries({
  half: 0.5,
  one: 1,
  two: 2,
  three: 3,
  six: 6,
  zero: 0,
  sixth: 1 / 6,
  root2: Math.SQRT2,
  cubic: 0.044715,
  slope: Math.sqrt(2 / Math.PI),
  beta: 1.702,
  tiny: 1e-5,
  five: 5,
}).map(([name, of]) => floats(name, [], [of]));

function model(nodes: OnnxNode[], opset = 20, columns: number | string = 8): OnnxModel {
  const ramp = Array.from({ length: 8 }, (_, i) => 0.2 * i - 0.5);
  const initializer = [...scalars, floats('gain', [8], ramp), floats('shift', [8], [...ramp].reverse())];
  initializer.push(int64Tensor('last', [1], [-1]), int64Tensor('first', [1], [0]));
  return modelOf(
    { input: [value('x', ['B', columns])], output: [value('y', ['B', columns])], initializer, node: nodes },
    { irVersion: 9n, opsetImport: [{ domain: '', version: BigInt(opset) }] },
  );
}

const mean = (input: string, output: string) => node('ReduceMean', [input, 'last'], [output]);
const clip = [node('Add', ['x', 'three'], ['a']), node('Clip', ['a', 'zero', 'six'], ['c'])];
const erf = [node('Div', ['x', 'root2'], ['d']), node('Erf', ['d'], ['e']), node('Add', ['e', 'one'], ['g'])];
const centered = [mean('x', 'mean'), node('Sub', ['x', 'mean'], ['d'])];
const squared = node('Pow', ['d', 'two'], ['sq']);
const root = [mean('sq', 'var'), node('Add', ['var', 'tiny'], ['v']), node('Sqrt', ['v'], ['s'])];
const norm = [...centered, squared, ...root, node('Div', ['d', 's'], ['n'])];
const affine = [node('Mul', ['n', 'gain'], ['m']), node('Add', ['shift', 'm'], ['y'])];
const exp = [
  node('ReduceMax', ['x', 'last'], ['top']),
  node('Sub', ['x', 'top'], ['low']),
  node('Exp', ['low'], ['e']),
];

/** What exporters write, and what it is. */
const FUSED: [string, OnnxNode[], string][] = [
  ['Clip / 6', [...clip, node('Div', ['c', 'six'], ['y'])], 'HardSigmoid'],
  ['Clip · ⅙', [...clip, node('Mul', ['sixth', 'c'], ['y'])], 'HardSigmoid'],
  ['x · (Clip / 6)', [...clip, node('Div', ['c', 'six'], ['h']), node('Mul', ['x', 'h'], ['y'])], 'HardSwish'],
  ['(x · Clip) / 6', [...clip, node('Mul', ['x', 'c'], ['h']), node('Div', ['h', 'six'], ['y'])], 'HardSwish'],
  [
    'x · HardSigmoid',
    [
      node('HardSigmoid', ['x'], ['h'], { attribute: [floatAttribute('alpha', 1 / 6), floatAttribute('beta', 0.5)] }),
      node('Mul', ['h', 'x'], ['y']),
    ],
    'HardSwish',
  ],
  ['x · Sigmoid', [node('Sigmoid', ['x'], ['s']), node('Mul', ['x', 's'], ['y'])], 'Swish'],
  [
    'x · Sigmoid(1.702 x)',
    [node('Mul', ['x', 'beta'], ['b']), node('Sigmoid', ['b'], ['s']), node('Mul', ['s', 'x'], ['y'])],
    'Swish',
  ],
  ['(x · (1 + Erf)) · ½', [...erf, node('Mul', ['x', 'g'], ['h']), node('Mul', ['h', 'half'], ['y'])], 'Gelu'],
  ['(x · ½) · (1 + Erf)', [...erf, node('Mul', ['x', 'half'], ['h']), node('Mul', ['h', 'g'], ['y'])], 'Gelu'],
  ['x · ((1 + Erf) · ½)', [...erf, node('Mul', ['g', 'half'], ['h']), node('Mul', ['x', 'h'], ['y'])], 'Gelu'],
  [
    'tanh with a power',
    [
      node('Pow', ['x', 'three'], ['p']),
      node('Mul', ['p', 'cubic'], ['q']),
      node('Add', ['x', 'q'], ['r']),
      node('Mul', ['r', 'slope'], ['s']),
      node('Tanh', ['s'], ['t']),
      node('Add', ['t', 'one'], ['u']),
      node('Mul', ['x', 'half'], ['h']),
      node('Mul', ['h', 'u'], ['y']),
    ],
    'Gelu',
  ],
  [
    'tanh with products',
    [
      node('Mul', ['x', 'x'], ['p']),
      node('Mul', ['cubic', 'p'], ['q']),
      node('Add', ['one', 'q'], ['r']),
      node('Mul', ['x', 'slope'], ['k']),
      node('Mul', ['k', 'r'], ['s']),
      node('Tanh', ['s'], ['t']),
      node('Add', ['one', 't'], ['u']),
      node('Mul', ['x', 'u'], ['h']),
      node('Mul', ['h', 'half'], ['y']),
    ],
    'Gelu',
  ],
  [
    'Log(1 + Exp)',
    [node('Exp', ['x'], ['e']), node('Add', ['e', 'one'], ['a']), node('Log', ['a'], ['y'])],
    'Softplus',
  ],
  [
    'x · Tanh(Softplus)',
    [node('Softplus', ['x'], ['s']), node('Tanh', ['s'], ['t']), node('Mul', ['x', 't'], ['y'])],
    'Mish',
  ],
  ['norm', [...norm, ...affine], 'LayerNormalization'],
  ['norm with a shift alone', [...norm, node('Add', ['n', 'shift'], ['y'])], 'LayerNormalization'],
  [
    'norm with a reciprocal',
    [
      ...centered,
      node('Mul', ['d', 'd'], ['sq']),
      ...root,
      node('Reciprocal', ['s'], ['i']),
      node('Mul', ['i', 'd'], ['n']),
      ...affine,
    ],
    'LayerNormalization',
  ],
  [
    'norm with two differences',
    [
      ...centered,
      node('Sub', ['x', 'mean'], ['d2']),
      node('Pow', ['d2', 'two'], ['sq']),
      ...root,
      node('Div', ['d', 's'], ['y']),
    ],
    'LayerNormalization',
  ],
  ['exp / sum', [...exp, node('ReduceSum', ['e', 'last'], ['sum']), node('Div', ['e', 'sum'], ['y'])], 'Softmax'],
  [
    'exp / sum, of what was not shifted',
    [node('Exp', ['x'], ['e']), node('ReduceSum', ['e', 'last'], ['sum']), node('Div', ['e', 'sum'], ['y'])],
    'Softmax',
  ],
];

/** onnxruntime has no Swish yet: its definition. */
function withoutSwish(of: OnnxModel): OnnxModel {
  of.graph.node = of.graph.node.flatMap((one) => {
    if (one.opType !== 'Swish') return [one];
    const alpha = one.attribute.find(({ name }) => name === 'alpha')?.f ?? 1;
    of.graph.initializer.push(floats('alpha', [], [alpha]));
    const [input = ''] = one.input;
    return [
      node('Mul', [input, 'alpha'], ['scaled']),
      node('Sigmoid', ['scaled'], ['gate']),
      node('Mul', [input, 'gate'], one.output),
    ];
  });
  return of;
}

async function worst(of: OnnxModel, other: OnnxModel): Promise<number> {
  const [wanted, given] = [await runModel(writeModel(of), feeds), await runModel(writeModel(other), feeds)];
  const [want, got] = [wanted['y']?.data as Float32Array, given['y']?.data as Float32Array];
  return want.reduce((most, one, i) => Math.max(most, Math.abs(one - (got[i] as number))), 0);
}

test.each(FUSED)('%s', async (_, nodes, operator) => {
  const written = model(nodes);
  const fused = simplify(written);
  expect(fused.graph.node.map(({ opType }) => opType)).toEqual([operator]);
  expect(fused.graph.initializer.length).toBeLessThanOrEqual(2);
  expect(await worst(written, withoutSwish(fused))).toBeLessThan(2e-6);
  expect(simplify(written, { fuse: false }).graph.node.length).toBe(nodes.length);
});

test.each(FUSED.filter(([name]) => name.startsWith('norm')))('%s, of free length', async (name, nodes) => {
  const written = model(nodes, 20, 'C');
  const fused = simplify(written);
  expect(fused.graph.node.map(({ opType }) => opType)).toEqual(['LayerNormalization']);
  const gain = fused.graph.initializer.find((one) => one.name === fused.graph.node[0]?.input[1]);
  expect(gain?.dims).toEqual([name.endsWith('differences') ? 1n : 8n]);
  expect(await worst(written, fused)).toBeLessThan(2e-6);
});

/** Close, but something else. */
const LEFT: [string, OnnxNode[]][] = [
  [
    'another top',
    [node('Add', ['x', 'three'], ['a']), node('Clip', ['a', 'zero', 'five'], ['c']), node('Div', ['c', 'six'], ['y'])],
  ],
  [
    'a gate of something else',
    [node('Neg', ['x'], ['o']), node('Sigmoid', ['o'], ['s']), node('Mul', ['x', 's'], ['y'])],
  ],
  ['another half', [...erf, node('Mul', ['x', 'g'], ['h']), node('Mul', ['h', 'sixth'], ['y'])]],
  [
    'another root',
    [
      ...erf.slice(1),
      node('Div', ['x', 'two'], ['d']),
      node('Mul', ['x', 'g'], ['h']),
      node('Mul', ['h', 'half'], ['y']),
    ],
  ],
  ['a sum of something else', [...exp, node('ReduceSum', ['low', 'last'], ['sum']), node('Div', ['e', 'sum'], ['y'])]],
  [
    'a mean over rows',
    [
      node('ReduceMean', ['x', 'first'], ['mean']),
      node('Sub', ['x', 'mean'], ['d']),
      squared,
      ...root,
      node('Div', ['d', 's'], ['y']),
    ],
  ],
];

test.each(LEFT)('%s stays as it is', (_, nodes) => {
  expect(simplify(model(nodes)).graph.node.length).toBe(nodes.length);
});

test('what others read as well is not lost', async () => {
  const rest = [node('Div', ['c', 'six'], ['h']), node('Mul', ['x', 'h'], ['w']), node('Add', ['w', 'a'], ['y'])];
  const written = model([...clip, ...rest]);
  const fused = simplify(written);
  expect(fused.graph.node.map(({ opType }) => opType).sort()).toEqual(['Add', 'Add', 'HardSwish']);
  expect(await worst(written, fused)).toBeLessThan(2e-6);
});

test('with the operators of its own set only, a model of version 13 gets no newer ones', async () => {
  for (const [name, nodes, operator] of FUSED) {
    // Axes of ReduceMean and ReduceMax were attributes then.
    const old = nodes.map((one) => {
      if (one.opType !== 'ReduceMean' && one.opType !== 'ReduceMax') return one;
      const attribute = [intsAttribute('axes', [-1]), intAttribute('keepdims', 1)];
      return node(one.opType, one.input.slice(0, 1), one.output, { attribute });
    });
    const written = model(old, 13);
    const fused = simplify(written, { standardOnly: true });
    const isOld = ['HardSigmoid', 'Softplus', 'Softmax'].includes(operator);
    expect([name, fused.graph.node.some(({ opType }) => opType === operator)]).toEqual([name, isOld]);
    expect(await worst(written, fused)).toBeLessThan(2e-6);
  }
});
