import { describe, expect, test } from 'vitest';
import { MODEL_FILES, type ModelName, readModelFile } from '../cases/ortCases.ts';
import { refusalOf, reread } from '../cases/refusalCases.ts';
import {
  floats,
  graphAttribute,
  modelOf,
  node,
  tinyBranches,
  tinyClassifier,
  tinyFunction,
  value,
} from '../cases/tinyCases.ts';
import { type OnnxModel, onnx, readModel } from '../model.ts';
import { checkModel } from './check.ts';

const relu = node('Relu', ['x'], ['y']);
const withFunction = (body: object[], calls: object[] = [], more: object[] = []) => {
  const opsetImport = [
    { domain: '', version: 17n },
    { domain: 'own', version: 1n },
  ];
  const fn = { name: 'F', domain: 'own', input: ['a'], output: ['b'], node: body, opsetImport };
  return modelOf(
    { node: [node('F', ['x'], ['y'], { domain: 'own' }), ...calls] },
    { opsetImport, functions: [fn, ...more] },
  );
};
const nested = (depth: number): OnnxModel => {
  let inner = { name: 'g', node: [node('Relu', ['x'], ['o'])], output: [value('o', [2])] };
  for (let i = 0; i < depth; i++) {
    const attribute = [graphAttribute('then_branch', inner), graphAttribute('else_branch', inner)].slice(0, 1);
    inner = { name: 'g', node: [node('If', ['x'], ['o'], { attribute })], output: [value('o', [2])] };
  }
  return modelOf({ node: inner.node, output: [value('o', [2])] });
};

describe('accepted', () => {
  test.each(Object.keys(MODEL_FILES) as ModelName[])('the real model %s', (name) => {
    checkModel(readModel(readModelFile(name)), { name });
  });

  test.each<[string, OnnxModel]>([
    ['two dense layers', tinyClassifier()],
    ['branches that read around them, and an input left out', tinyBranches()],
    ['functions and sparse weights', tinyFunction()],
    [
      'nodes out of order, which onnxruntime sorts',
      modelOf({ node: [node('Relu', ['a'], ['y']), node('Neg', ['x'], ['a'])] }),
    ],
    ['a graph that gives its input', modelOf({ output: [value('x', [2])] })],
    [
      'weights that are inputs too',
      modelOf({
        input: [value('x', [2]), value('w', [2])],
        initializer: [floats('w', [2], [1, 2])],
        node: [node('Add', ['x', 'w'], ['y'])],
      }),
    ],
    ['an old model without operator sets', modelOf({ node: [relu] }, { irVersion: 2n, opsetImport: [] })],
    [
      'the long name of the default domain',
      modelOf({ node: [relu] }, { opsetImport: [{ domain: 'ai.onnx', version: 17n }] }),
    ],
    ['graphs 31 deep', nested(31)],
  ])('%s', (_name, model) => checkModel(reread(model), { name: 'm' }));
});

test.each<[string, OnnxModel, RegExp]>([
  ['no version of the format', modelOf({ node: [relu] }, { irVersion: 0n }), /version 0 of the format/],
  ['no operator set', modelOf({ node: [relu] }, { opsetImport: [] }), /opset_import/],
  [
    'an absurd operator set',
    modelOf({ node: [relu] }, { opsetImport: [{ domain: '', version: -5n }] }),
    /version -5 of the operator set "ai\.onnx"/,
  ],
  [
    'a domain that is not imported',
    modelOf({ node: [node('Relu', ['x'], ['y'], { domain: 'own' })] }),
    /node 0 \(Relu\).*"own"/,
  ],
  ['no operator', modelOf({ node: [node('', ['x'], ['y'], { name: 'n' })] }), /node 0 \(no operator "n"\)/],
  [
    'an attribute without a name',
    modelOf({ node: [node('Relu', ['x'], ['y'], { attribute: [onnx.attribute({ type: 2 })] })] }),
    /attribute without a name/,
  ],
  [
    'a value that nothing makes',
    modelOf({ node: [node('Relu', ['q'], ['y'])] }),
    /node 0 \(Relu\) of the graph reads "q"/,
  ],
  [
    'an output that nothing makes',
    modelOf({ node: [node('Relu', ['x'], ['z'])] }),
    /the graph gives "y", which nothing makes/,
  ],
  [
    'a branch’s value read outside',
    modelOf({ node: [...tinyBranches().graph.node.slice(0, 5), node('Relu', ['inner'], ['y'])] }),
    /reads "inner"/,
  ],
  [
    'a branch that gives nothing that is made',
    modelOf({
      node: [node('If', ['x'], ['y'], { attribute: [graphAttribute('then_branch', { output: [value('q', [])] })] })],
    }),
    /the graph "then_branch" in node 0 \(If\) of the graph gives "q"/,
  ],
  ['two nodes for one value', modelOf({ node: [relu, node('Neg', ['x'], ['y'])] }), /"y" of the graph is made twice/],
  [
    'a node that makes an input',
    modelOf({ node: [node('Relu', ['x'], ['x'])], output: [value('x', [2])] }),
    /"x".*made twice/,
  ],
  ['a node that makes a weight', modelOf({ initializer: [floats('y', [1], [1])], node: [relu] }), /"y".*made twice/],
  ['two inputs of one name', modelOf({ input: [value('x', []), value('x', [])], node: [relu] }), /"x".*made twice/],
  [
    'two weights of one name',
    modelOf({ initializer: [floats('w', [1], [1]), floats('w', [1], [1])], node: [relu] }),
    /two initializers "w"/,
  ],
  [
    'a weight without a name',
    modelOf({ initializer: [floats('', [1], [1])], node: [relu] }),
    /initializer without a name/,
  ],
  ['an output twice', modelOf({ node: [relu], output: [value('y', []), value('y', [])] }), /gives "y" twice/],
  [
    'a circle',
    modelOf({ node: [node('Add', ['b', 'x'], ['a']), node('Neg', ['a'], ['b']), node('Relu', ['a'], ['y'])] }),
    /waits for its own result/,
  ],
  [
    'a circle through a branch',
    modelOf({
      node: [
        node('If', ['x'], ['y'], {
          attribute: [graphAttribute('then_branch', { node: [node('Relu', ['y'], ['t'])], output: [value('t', [])] })],
        }),
      ],
    }),
    /node 0 \(If\).*waits/,
  ],
  [
    'a function that calls itself',
    withFunction([node('F', ['a'], ['b'], { domain: 'own' })]),
    /function "F" calls itself/,
  ],
  ['a function that reads from outside', withFunction([node('Add', ['a', 'x'], ['b'])]), /the function "F" reads "x"/],
  ['a function without its output', withFunction([node('Neg', ['a'], ['c'])]), /the function "F" gives "b"/],
  ['functions that grow without end', growing(20), /come to 1048576 nodes/],
])('refused: %s', (_name, model, message) => {
  const error = refusalOf(model);
  expect(error.code).toBe('invalid-onnx');
  expect(error.message).toMatch(/^"m\.onnx" is no valid ONNX model: .*\.$/);
  expect(error.message).toMatch(message);
});

test('refused: graphs 32 deep', () => {
  expect(() => checkModel(nested(32), { name: 'm' })).toThrow(/more than 31 deep/);
});

test('names from a file are fit to be shown', () => {
  const name = `a\u0000\u001b[31m${'long'.repeat(100)}`;
  const { message } = refusalOf(modelOf({ node: [node('Relu', [name], ['y'])] }));
  expect(message.length).toBeLessThan(300);
  expect(message).not.toMatch(/\p{Cc}/u);
});

/** Each function calls the next one twice. */
function growing(depth: number): OnnxModel {
  const opsetImport = [
    { domain: '', version: 17n },
    { domain: 'own', version: 1n },
  ];
  const functions = Array.from({ length: depth }, (_, i) => {
    const next = (from: string, to: string) =>
      i === depth - 1 ? node('Neg', [from], [to]) : node(`F${i + 1}`, [from], [to], { domain: 'own' });
    return {
      name: `F${i}`,
      domain: 'own',
      input: ['a'],
      output: ['b'],
      node: [next('a', 'c'), next('c', 'b')],
      opsetImport,
    };
  });
  return modelOf({ node: [node('F0', ['x'], ['y'], { domain: 'own' })] }, { opsetImport, functions });
}
