import { expect, test } from 'vitest';
import { longestChain, longestLayerChain } from './chains.ts';

test('the longest chain of a graph in any order, without its circles', () => {
  const reads: Record<string, string[]> = {
    d: ['c', 'a', 'a'],
    c: ['b'],
    b: ['a'],
    a: [],
    e: ['a'],
    x: ['y'],
    y: ['x'],
  };
  expect(longestChain(Object.keys(reads), (name) => reads[name] as string[])).toBe(4);
  expect(longestChain([], () => [])).toBe(0);
});

test('the longest chain of a topology: in order, by names, of a layer that is called again, and of a model in it', () => {
  const layers = (...inbound: unknown[]) => inbound.map((nodes, i) => ({ name: `l${i}`, inbound_nodes: nodes }));
  const model = (list: unknown) => ({ class_name: 'Model', config: { layers: list } });
  expect(longestLayerChain({ config: { layers: [{}, {}, {}] } })).toBe(3);
  expect(longestLayerChain({ config: [{}, {}] })).toBe(2);
  const chain = layers([], [[['l0', 0, 0, {}]]], [[['l1', 0, 0, {}]]], [[['l0', 0, 0, {}]]]);
  expect(longestLayerChain({ model_config: model(chain) })).toBe(3);
  const again = layers([], [[['l0', 0, 0]], [['l1', 0, 0]], [['l1', 1, 0]]]);
  expect(longestLayerChain(model(again))).toBe(4);
  expect(
    longestLayerChain(
      model([
        { name: 'in', inbound_nodes: [] },
        { ...model(chain), name: 'm' },
      ]),
    ),
  ).toBe(3);
});

test.each([[null], [5], [{}], [{ config: null }], [{ config: { layers: [null, 5, { inbound_nodes: [null, [5]] }] } }]])(
  'what is wrong in %j is not told here',
  (topology) => expect(() => longestLayerChain(topology)).not.toThrow(),
);
