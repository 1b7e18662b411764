import { expect, test } from 'vitest';
import { floats, modelOf, node, value } from '../../onnx/cases/tinyCases.ts';
import { onnx, writeModel } from '../../onnx/model.ts';
import { quantize } from '../quantize.ts';

/** Different numbers from -1 to 1. */
const wave = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));

test('int4 converts only the nodes that it makes smaller', async () => {
  const channels = 80;
  const ones = (name: string) => floats(name, [channels], [...wave(channels)].map(Math.abs));
  const model = modelOf({
    input: [value('x', ['B', 4, 3, 3])],
    output: [value('y', ['B', channels, 3, 3])],
    node: [
      node('Conv', ['x', 'w'], ['c'], { name: 'conv' }),
      node('BatchNormalization', ['c', 'a', 'b', 'm', 'v'], ['n'], { name: 'norm' }),
      node('Conv', ['n', 'd'], ['e'], {
        name: 'thin',
        attribute: [onnx.attribute({ name: 'group', type: 2, i: 80n })],
      }),
      node('Mul', ['e', 'two'], ['y'], { name: 'double' }),
    ],
    initializer: [
      floats('w', [channels, 4, 1, 1], [...wave(4 * channels)]),
      floats('d', [channels, 1, 1, 1], [...wave(channels)]),
      floats('two', [], [2]),
      ...['a', 'b', 'm', 'v'].map(ones),
    ],
  });
  const { nodes } = (await quantize(writeModel(model), { to: 'int4' }).done).report;
  const whys = Object.fromEntries(nodes.map(({ node: name, why = '' }) => [name, why]));
  expect(Object.keys(whys)).toEqual(['conv', 'norm', 'thin']);
  const other = (await quantize(writeModel(model), { to: 'dynamic-int8' }).done).report;
  const smaller = other.nodes.filter(({ state }) => state !== 'left').map(({ node: name }) => name);
  expect(smaller).toEqual(['conv']);
  for (const [name, why] of Object.entries(whys)) expect(why.includes('dynamic-int8')).toBe(smaller.includes(name));
});
