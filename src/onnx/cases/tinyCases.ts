// Models of a few nodes, for tests.
import { type OnnxAttribute, type OnnxModel, type OnnxNode, type OnnxTensor, onnx } from '../model.ts';

export function node(opType: string, input: string[], output: string[], more: Partial<OnnxNode> = {}): OnnxNode {
  return onnx.node({ opType, input, output, ...more });
}

export function floats(name: string, dims: number[], values: number[]): OnnxTensor {
  const rawData = new Uint8Array(Float32Array.from(values).buffer);
  return onnx.tensor({ name, dims: dims.map(BigInt), dataType: 1, rawData });
}

export function value(name: string, shape: (number | string)[], elemType = 1) {
  const dim = shape.map((length) => (typeof length === 'string' ? { dimParam: length } : { dimValue: BigInt(length) }));
  return onnx.value({ name, type: { tensorType: { elemType, shape: { dim } } } });
}

export function graphAttribute(name: string, graph: object): OnnxAttribute {
  return onnx.attribute({ name, type: 5, g: onnx.graph(graph) });
}

/** A model of one graph; `fields` are the graph's. */
export function modelOf(fields: object, more: object = {}): OnnxModel {
  const graph = { name: 'tiny', input: [value('x', ['B', 2])], output: [value('y', ['B', 2])], ...fields };
  return onnx.model({ irVersion: 8n, opsetImport: [{ domain: '', version: 17n }], graph, ...more });
}

const ramp = (count: number) => Array.from({ length: count }, (_, i) => (i % 7) / 7 - 0.4);

/** x [B, 4] → two dense layers → y [B, 3], with the types of its inner values. */
export function tinyClassifier(): OnnxModel {
  return modelOf({
    input: [value('x', ['B', 4])],
    output: [value('y', ['B', 3])],
    initializer: [
      floats('w1', [4, 5], ramp(20)),
      floats('b1', [5], ramp(5)),
      floats('w2', [5, 3], ramp(15)),
      onnx.tensor({ name: 'b2', dims: [3n], dataType: 1, floatData: [0.1, 0.2, 0.3] }),
    ],
    valueInfo: [value('h', ['B', 5]), value('r', ['B', 5]), value('m', ['B', 3])],
    node: [
      node('Gemm', ['x', 'w1', 'b1'], ['h'], { name: 'first' }),
      node('Relu', ['h'], ['r'], { name: 'act' }),
      node('MatMul', ['r', 'w2'], ['m'], { name: 'second' }),
      node('Add', ['m', 'b2'], ['a'], { name: 'bias' }),
      node('Softmax', ['a'], ['y'], { name: 'end' }),
    ],
  });
}

/** An If whose branches read the values around them, one of them from a constant of its own. */
export function tinyBranches(): OnnxModel {
  const one = onnx.attribute({ name: 'value', type: 4, t: floats('', [2], [1, 2]) });
  return modelOf({
    node: [
      node('Neg', ['x'], ['n']),
      node('ReduceMax', ['x'], ['top'], { attribute: [onnx.attribute({ name: 'keepdims', type: 2, i: 0n })] }),
      node('Constant', [], ['zero'], {
        attribute: [onnx.attribute({ name: 'value', type: 4, t: floats('', [], [0]) })],
      }),
      node('Greater', ['top', 'zero'], ['isPositive']),
      node('If', ['isPositive'], ['chosen'], {
        name: 'choice',
        attribute: [
          graphAttribute('then_branch', {
            name: 'then',
            node: [node('Relu', ['n'], ['inner'])],
            output: [value('inner', ['B', 2])],
          }),
          graphAttribute('else_branch', {
            name: 'else',
            node: [node('Constant', [], ['c'], { attribute: [one] }), node('Add', ['x', 'c'], ['sum'])],
            output: [value('sum', ['B', 2])],
          }),
        ],
      }),
      node('Clip', ['chosen', '', 'zero'], ['y']),
    ],
  });
}

/** Calls an operator that it defines itself, and holds a sparse weight. */
export function tinyFunction(): OnnxModel {
  const imports = [
    { domain: '', version: 17n },
    { domain: 'own', version: 1n },
  ];
  const int64 = (name: string, values: number[]) =>
    onnx.tensor({ name, dims: [BigInt(values.length)], dataType: 7, int64Data: values.map(BigInt) });
  return modelOf(
    {
      sparseInitializer: [{ values: floats('w', [2], [3, 4]), indices: int64('', [0, 3]), dims: [2n, 2n] }],
      node: [node('Twice', ['x'], ['t'], { domain: 'own' }), node('MatMul', ['t', 'w'], ['y'])],
    },
    {
      irVersion: 9n,
      opsetImport: imports,
      functions: [
        {
          name: 'Twice',
          domain: 'own',
          input: ['a'],
          output: ['b'],
          node: [node('Add', ['a', 'a'], ['b'])],
          opsetImport: imports,
        },
      ],
    },
  );
}

export const TINY_MODELS = { tinyClassifier, tinyBranches, tinyFunction };
