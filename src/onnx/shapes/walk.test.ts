import { describe, expect, test } from 'vitest';
import golden from '../golden/inspectOperators.json' with { type: 'json' };
import { type OnnxAttribute, type OnnxGraph, type OnnxNode, onnx } from '../model.ts';
import { type Inferred, type Shape, tensor } from './tensor.ts';
import { walkModel } from './walk.ts';

type AttributeValue = number | string | readonly number[];

interface GoldenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values?: readonly (number | boolean)[];
}

interface GoldenCase {
  readonly operator: string;
  readonly domain: string;
  readonly opset: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly inputs: readonly (GoldenTensor | null)[];
  readonly outputs: readonly GoldenTensor[];
  readonly multiplyAdds: number;
}

const cases = golden.cases as unknown as readonly GoldenCase[];

function attributeOf([name, value]: [string, AttributeValue]): OnnxAttribute {
  if (typeof value === 'number') return onnx.attribute({ name, type: 2, i: BigInt(value) });
  if (typeof value === 'string') return onnx.attribute({ name, type: 3, s: new TextEncoder().encode(value) });
  return onnx.attribute({ name, type: 7, ints: value.map(BigInt) });
}

function nodeOf(
  opType: string,
  input: string[],
  output: string[],
  attributes: GoldenCase['attributes'] = {},
): OnnxNode {
  return onnx.node({ opType, input, output, attribute: Object.entries(attributes).map(attributeOf) });
}

/** Infers a graph with these nodes and inputs. */
function walk(node: OnnxNode[], inputs: Record<string, Inferred>, outputs: string[], opset = 17) {
  const graph = onnx.graph({ name: 'g', node, output: outputs.map((name) => ({ name })) });
  const opsetImport = [{ domain: '', version: BigInt(opset) }];
  return walkModel(onnx.model({ irVersion: 8n, opsetImport, graph }), new Map(Object.entries(inputs)), new Map());
}

const float = (...shape: Shape) => tensor('float32', shape);
const list = (...values: Shape) => tensor('int64', [values.length], values);
const subgraph = (fields: Partial<OnnxGraph> | object) => onnx.graph({ name: 'inner', ...fields });
const graphAttribute = (name: string, g: OnnxGraph) => onnx.attribute({ name, type: 5, g });

describe('one operator gives what onnxruntime gave', () => {
  test.each(cases.map((one) => [`${one.operator} ${JSON.stringify(one.attributes)}`, one] as const))('%s', (_, one) => {
    const names = one.inputs.map((given, i) => (given === null ? '' : `x${i}`));
    const outputs = one.outputs.map((_, i) => `y${i}`);
    const node = Object.assign(nodeOf(one.operator, names, outputs, one.attributes), { domain: one.domain });
    const inputs = one.inputs.map((given) => tensor(given?.dtype, given?.shape, given?.values?.map(Number)));
    const { outputs: own, cost } = walk(
      [node],
      Object.fromEntries(inputs.map((x, i) => [`x${i}`, x])),
      outputs,
      one.opset,
    );
    expect(own.map(({ dtype, shape }) => ({ dtype, shape }))).toEqual(one.outputs);
    expect(cost).toEqual({ counted: one.multiplyAdds, uncounted: 0 });
  });
});

describe('free lengths', () => {
  test('keep their names through a shape that is taken apart and put together again', () => {
    const nodes = [
      nodeOf('Shape', ['x'], ['shape']),
      nodeOf('Gather', ['shape', 'first'], ['batch']),
      nodeOf('Concat', ['batch', 'rest'], ['wanted'], { axis: 0 }),
      nodeOf('Reshape', ['x', 'wanted'], ['y']),
    ];
    const { outputs } = walk(nodes, { x: float('B', 4, 6), first: list(0), rest: list(-1, 3) }, ['y']);
    expect(outputs[0]?.shape).toEqual(['B', 8, 3]);
  });

  test.each<[string, Inferred, Inferred, Shape]>([
    ['a name beside 1', float('B', 1), float(1, 'T'), ['B', 'T']],
    ['a name beside a number', float('B', 3), float(5, 3), [5, 3]],
    ['two names', float('B'), float('T'), [null]],
    ['a name with itself', float('B'), float('B'), ['B']],
  ])('are broadcast: %s', (_, a, b, expected) => {
    expect(walk([nodeOf('Add', ['a', 'b'], ['y'])], { a, b }, ['y']).outputs[0]?.shape).toEqual(expected);
  });

  test('leave a convolution uncounted, and its other lengths known', () => {
    const { outputs, cost } = walk(
      [nodeOf('Conv', ['x', 'w'], ['y'])],
      { x: float('B', 3, 8, null), w: float(4, 3, 3, 3) },
      ['y'],
    );
    expect(outputs[0]?.shape).toEqual(['B', 4, 6, null]);
    expect(cost).toEqual({ counted: 0, uncounted: 1 });
  });
});

test.each<[Inferred, Inferred]>([
  [float(2, null), float(4, 6)],
  [float(2, 4), float(null, 6)],
])('a product is counted by whichever side knows the length it sums over', (x, w) => {
  expect(walk([nodeOf('MatMul', ['x', 'w'], ['y'])], { x, w }, ['y']).cost).toEqual({ counted: 48, uncounted: 0 });
});

describe('what a file states', () => {
  test('is used for tensors that cannot be inferred, and does not replace what is', () => {
    const stated = (name: string, ...sizes: bigint[]) => ({
      name,
      type: { tensorType: { elemType: 1, shape: { dim: sizes.map((dimValue) => ({ dimValue })) } } },
    });
    const graph = onnx.graph({
      node: [nodeOf('Magic', ['x'], ['a']), nodeOf('Relu', ['a'], ['y']), nodeOf('Relu', ['x'], ['z'])],
      valueInfo: [stated('a', 2n, 5n)],
      output: [{ name: 'y' }, stated('z', 9n, 9n)],
    });
    const { outputs } = walkModel(onnx.model({ graph }), new Map([['x', float(3, 4)]]), new Map());
    expect(outputs.map(({ shape }) => shape)).toEqual([
      [2, 5],
      [3, 4],
    ]);
  });

  test('lengths that are none make no tensor', () => {
    const { outputs } = walk([nodeOf('Expand', ['x', 'to'], ['y'])], { x: list(1), to: list(-3, 2 ** 60) }, ['y']);
    expect(outputs[0]?.shape).toEqual([null, null]);
  });
});

describe('bodies', () => {
  const product = subgraph({ node: [nodeOf('MatMul', ['x', 'w'], ['p'])], output: [{ name: 'p' }] });
  const copy = subgraph({ node: [nodeOf('Identity', ['x'], ['q'])], output: [{ name: 'q' }] });
  const branch = onnx.node({ opType: 'If', input: ['c'], output: ['y'] });
  branch.attribute.push(graphAttribute('then_branch', product), graphAttribute('else_branch', copy));
  const outer = { x: float(2, 4), w: float(4, 6) };

  test('of two branches that may run, what both have is known', () => {
    const { outputs, cost, nodes } = walk([branch], { ...outer, c: tensor('bool', []) }, ['y']);
    expect(outputs[0]?.shape).toEqual([2, null]);
    expect(cost).toEqual({ counted: 48, uncounted: 0 });
    expect(nodes.map(({ operator, within }) => [operator, within])).toEqual([
      ['If', ''],
      ['MatMul', 'If/then_branch'],
      ['Identity', 'If/else_branch'],
    ]);
  });

  test.each<[number, Shape, number]>([
    [1, [2, 6], 48],
    [0, [2, 4], 0],
  ])('of a branch that is decided (%d) it is the branch', (value, shape, counted) => {
    const { outputs, cost } = walk([branch], { ...outer, c: tensor('bool', [], [value]) }, ['y']);
    expect(outputs[0]?.shape).toEqual(shape);
    expect(cost).toEqual({ counted, uncounted: 0 });
  });

  test.each<[number, number, Shape]>([
    [0, 1, [null, null]],
    [1, 1, [4, 2]],
  ])('numbers that branches give count where both give them (%d, %d)', (one, other, expected) => {
    const giving = (rows: number) =>
      subgraph({ node: [nodeOf('Identity', [`size${rows}`], ['size'])], output: [{ name: 'size' }] });
    const either = onnx.node({ opType: 'If', input: ['c'], output: ['y'] });
    either.attribute.push(graphAttribute('then_branch', giving(one)), graphAttribute('else_branch', giving(other)));
    const inputs = { x: float(2, 4), c: tensor('bool', []), size0: list(8, 1), size1: list(4, 2) };
    const { outputs } = walk([either, nodeOf('Reshape', ['x', 'y'], ['z'])], inputs, ['z']);
    expect(outputs[0]?.shape).toEqual(expected);
  });

  test('a loop keeps the lengths that its body keeps, and cannot be counted', () => {
    const body = subgraph({
      node: [
        nodeOf('Concat', ['grows', 'grows'], ['grown'], { axis: 0 }),
        nodeOf('MatMul', ['stays', 'square'], ['stayed']),
        nodeOf('Identity', ['go'], ['on']),
      ],
      input: [{ name: 'i' }, { name: 'go' }, { name: 'grows' }, { name: 'stays' }],
      output: [{ name: 'on' }, { name: 'grown' }, { name: 'stayed' }, { name: 'stayed' }],
    });
    const loop = onnx.node({ opType: 'Loop', input: ['m', 'c', 'a', 'b'], output: ['ya', 'yb', 'all'] });
    loop.attribute.push(graphAttribute('body', body));
    const inputs = {
      m: tensor('int64', []),
      c: tensor('bool', []),
      a: float(2, 3),
      b: float(5, 4),
      square: float(4, 4),
    };
    const { outputs, cost, nodes } = walk([loop], inputs, ['ya', 'yb', 'all']);
    expect(outputs.map(({ shape }) => shape)).toEqual([
      [null, 3],
      [5, 4],
      [null, 5, 4],
    ]);
    expect(cost).toEqual({ counted: 0, uncounted: 1 });
    expect(nodes.length).toBe(4);
  });

  test('a scan runs its body once for each step', () => {
    const body = subgraph({
      node: [nodeOf('MatMul', ['row', 'w'], ['part']), nodeOf('Add', ['state', 'part'], ['next'])],
      input: [{ name: 'state' }, { name: 'row' }],
      output: [{ name: 'next' }, { name: 'part' }],
    });
    const scan = onnx.node({ opType: 'Scan', input: ['s', 'x'], output: ['end', 'parts'] });
    scan.attribute.push(graphAttribute('body', body), attributeOf(['num_scan_inputs', 1]));
    const { outputs, cost } = walk([scan], { s: float(6), x: float(9, 4), w: float(4, 6) }, ['end', 'parts']);
    expect(outputs.map(({ shape }) => shape)).toEqual([[6], [9, 6]]);
    expect(cost).toEqual({ counted: 9 * 24, uncounted: 0 });
  });

  test('bodies that lie too deep are not entered', () => {
    let inner = copy;
    for (let i = 0; i < 200; i += 1) {
      const node = onnx.node({ opType: 'If', input: ['c'], output: ['q'] });
      node.attribute.push(graphAttribute('then_branch', inner), graphAttribute('else_branch', copy));
      inner = subgraph({ node: [node], output: [{ name: 'q' }] });
    }
    const { cost } = walk(inner.node, { ...outer, c: tensor('bool', []) }, ['q']);
    expect(cost.uncounted).toBe(1);
  });
});
