import { describe, expect, test } from 'vitest';
import { inputShapeOf, readTopology } from './topology.ts';

const input = (name: string) => ({
  class_name: 'InputLayer',
  name,
  config: { batch_input_shape: [null, 4], dtype: 'float32', name },
  inbound_nodes: [],
});
const dense = (name: string, inbound: unknown[] = [], more: object = {}) => ({
  class_name: 'Dense',
  name,
  config: { name, units: 3, use_bias: false, ...more },
  inbound_nodes: inbound,
});
const first = { batch_input_shape: [null, 4], dtype: 'float32' };
const at = (layer: string, call = 0, output = 0) => ({ layer, call, output });

describe('a sequential model', () => {
  test('has an input in front, named after its first layer', () => {
    const layers = [dense('a', [], first), dense('b')];
    const topology = readTopology({ class_name: 'Sequential', config: { name: 's', layers } });
    expect(topology).toMatchObject({ name: 's', inputs: [at('a_input')], outputs: [at('b')] });
    expect(topology.layers.map(({ name, calls }) => [name, calls])).toEqual([
      ['a_input', [[]]],
      ['a', [[at('a_input')]]],
      ['b', [[at('a')]]],
    ]);
    expect(inputShapeOf(topology.layers[0] as never)).toEqual({ shape: [null, 4], dtype: 'float32' });
  });

  test('keeps an input of its own', () => {
    const topology = readTopology({
      class_name: 'Sequential',
      config: { name: 's', layers: [input('x'), dense('a')] },
    });
    expect(topology.layers.map(({ name }) => name)).toEqual(['x', 'a']);
  });

  test('may be a bare list of layers, as old Keras writes it', () => {
    expect(readTopology({ class_name: 'Sequential', config: [dense('a', [], first)] }).outputs).toEqual([at('a')]);
  });

  test('takes the input of a model that stands first', () => {
    const inner = { class_name: 'Sequential', config: { name: 'inner', layers: [dense('a', [], first)] } };
    const { inputs } = readTopology({ class_name: 'Sequential', config: { name: 's', layers: [inner, dense('b')] } });
    expect(inputs).toEqual([at('a_input')]);
  });
});

describe('a functional model', () => {
  const config = {
    name: 'f',
    layers: [input('x'), dense('a', [[['x', 0, 0, {}]]])],
    input_layers: [['x', 0, 0]],
    output_layers: [['a', 0, 0]],
  };

  test.each(['Model', 'Functional'])('is of class %s', (class_name) => {
    expect(readTopology({ class_name, config })).toMatchObject({ inputs: [at('x')], outputs: [at('a')] });
  });

  test('may stand in model_config, and its keys in camelCase', () => {
    const usual = readTopology({ class_name: 'Model', config });
    expect(readTopology({ model_config: { class_name: 'Model', config } })).toEqual(usual);
    const camel = JSON.parse(
      JSON.stringify(config).replace(
        /"(\w+)":/g,
        (_, key: string) => `"${key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())}":`,
      ),
    ) as object;
    expect(readTopology({ className: 'Model', config: camel })).toEqual(usual);
  });

  test('may name its only output without a list', () => {
    const single = { ...config, output_layers: ['a', 0, 0], input_layers: ['x', 0, 0] };
    expect(readTopology({ class_name: 'Model', config: single })).toMatchObject({
      inputs: [at('x')],
      outputs: [at('a')],
    });
  });

  test.each([0, 1])('counts the calls of a nested model from %i', (from) => {
    const inner = {
      class_name: 'Functional',
      name: 'inner',
      config: { ...config, name: 'inner' },
      inbound_nodes: [[['y', 0, 0, {}]], [['inner', from, 0, {}]]],
    };
    const outer = {
      name: 'outer',
      layers: [input('y'), inner],
      input_layers: [['y', 0, 0]],
      output_layers: [['inner', from + 1, 0]],
    };
    const topology = readTopology({ class_name: 'Functional', config: outer });
    expect(topology.outputs).toEqual([at('inner', 1)]);
    expect(topology.layers[1]?.calls).toEqual([[at('y')], [at('inner', 0)]]);
  });
});

test.each<[string, object]>([
  ['nothing', {}],
  ['a graph model', { node: [] }],
  ['another class', { class_name: 'Agent', config: {} }],
  ['a model without layers', { class_name: 'Model', config: { name: 'f', layers: [] } }],
  ['a layer without a class', { class_name: 'Sequential', config: [{ config: { name: 'a' } }] }],
  ['no outputs', { class_name: 'Model', config: { layers: [input('x')], input_layers: [['x', 0, 0]] } }],
  [
    'the connections of Keras 3',
    {
      class_name: 'Functional',
      config: {
        layers: [input('x'), dense('a', [{ args: [], kwargs: {} }])],
        input_layers: [['x', 0, 0]],
        output_layers: [['a', 0, 0]],
      },
    },
  ],
])('%s is refused', (_, topology) => {
  expect(() => readTopology(topology)).toThrow(expect.objectContaining({ code: 'student-invalid' }));
});

test.each<[string, object]>([
  ['no shape', { dtype: 'float32' }],
  ['a shape of words', { batchInputShape: ['B', 4] }],
  ['strings', { batchInputShape: [null, 4], dtype: 'string' }],
])('an input of %s is refused', (_, config) => {
  const layer = { name: 'x', className: 'InputLayer', config: config as Record<string, unknown>, calls: [] };
  expect(() => inputShapeOf(layer)).toThrow(expect.objectContaining({ code: 'student-invalid' }));
});
