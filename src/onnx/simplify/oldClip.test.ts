// Before version 11 the limits of Clip were attributes.
import { expect, test } from 'vitest';
import { runModel } from '../cases/ortCases.ts';
import { floats, modelOf, node } from '../cases/tinyCases.ts';
import { type OnnxModel, type OnnxNode, writeModel } from '../model.ts';
import { simplify } from '../simplify.ts';
import { dataOf } from '../tensorData.ts';
import { floatAttribute } from './nodes.ts';

function model(nodes: OnnxNode[], more: object = {}): OnnxModel {
  const initializer = [floats('three', [], [3]), floats('six', [], [6]), floats('v', [2], [-2, 3])];
  return modelOf({ initializer, node: nodes, ...more }, { opsetImport: [{ domain: '', version: 10n }] });
}

const clip = (from: string, to: string, limits: Readonly<Record<string, number>>) =>
  node('Clip', [from], [to], { attribute: Object.entries(limits).map(([name, f]) => floatAttribute(name, f)) });
const operators = (of: OnnxModel) => simplify(of).graph.node.map(({ opType }) => opType);

test('Clip(x + 3) / 6 is HardSigmoid', async () => {
  const written = model([
    node('Add', ['x', 'three'], ['a']),
    clip('a', 'c', { min: 0, max: 6 }),
    node('Div', ['c', 'six'], ['y']),
  ]);
  expect(operators(written)).toEqual(['HardSigmoid']);
  const feeds = { x: [Float32Array.of(-4, -1, 0.5, 9), [2, 2]] } as const;
  const [wanted, given] = [
    await runModel(writeModel(written), feeds),
    await runModel(writeModel(simplify(written)), feeds),
  ];
  const [want, got] = [wanted['y']?.data as Float32Array, given['y']?.data as Float32Array];
  for (const [i, one] of want.entries()) expect(got[i]).toBeCloseTo(one, 5);
});

test.each([
  { min: 1, max: 6 },
  { min: 0, max: 5 },
])('x · Clip(x + 3) / 6 with %o is no HardSwish', (limits) => {
  const nodes = [
    node('Add', ['x', 'three'], ['a']),
    clip('a', 'c', limits),
    node('Mul', ['x', 'c'], ['h']),
    node('Div', ['h', 'six'], ['y']),
  ];
  expect(operators(model(nodes))).toEqual(['Add', 'Clip', 'Mul', 'Div']);
});

test.each<Record<string, number>>([{ min: 0.5 }, { max: 0.5 }])('Clip with %o stays', (limits) => {
  const nodes = [node('Neg', ['x'], ['h']), clip('h', 'n', limits), node('Abs', ['n'], ['y'])];
  expect(operators(model(nodes))).toEqual(['Neg', 'Clip', 'Abs']);
});

test('Clip of a stored value is computed', () => {
  const { initializer } = simplify(model([clip('v', 'c', { min: -1, max: 2 }), node('Add', ['x', 'c'], ['y'])])).graph;
  expect(initializer.map((one) => [...dataOf(one).data])).toEqual([[-1, 2]]);
});
