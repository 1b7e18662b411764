import { describe, expect, test } from 'vitest';
import { dataOf } from '../tensorData.ts';
import { openGraph } from './graph.ts';
import { heldAxis, heldShape, type Layout, type Lengths, type Value } from './graphValue.ts';
import { channelsFirst, flattened, heldData, plain, reshaped, sameLayout } from './layout.ts';

const valueHeld = (shape: Lengths, layout: Layout = 'plain', name = 'x'): Value => ({
  name,
  shape,
  layout,
  dtype: 'float32',
});
const opened = () => {
  const open = openGraph(17);
  return { ...open, operators: () => open.nodes.map(({ opType }) => opType) };
};

test('shapes and axes as the file holds them', () => {
  const image = valueHeld([null, 5, 4, 3], 'channels-first');
  expect(heldShape(image)).toEqual([null, 3, 5, 4]);
  expect([0, 1, 2, 3, -1, -2].map((axis) => heldAxis(image, axis))).toEqual([0, 2, 3, 1, 1, 3]);
  expect(heldAxis(valueHeld([null, 5, 4, 3]), -1)).toBe(3);
});

describe('layouts', () => {
  test('are changed once, and back for nothing', () => {
    const { builder, operators } = opened();
    const x = valueHeld([null, 5, 4, 3]);
    const moved = channelsFirst(builder, x);
    expect(moved).toMatchObject({ shape: x.shape, layout: 'channels-first' });
    expect(channelsFirst(builder, x)).toBe(moved);
    expect(channelsFirst(builder, moved)).toBe(moved);
    expect(plain(builder, moved)).toBe(x);
    expect(operators()).toEqual(['Transpose']);
  });

  test.each<[string, Lengths]>([
    ['one channel', [null, 5, 4, 1]],
    ['one place', [null, 1, 1, 7]],
  ])('need no Transpose with %s', (_, shape) => {
    const { builder, operators } = opened();
    channelsFirst(builder, valueHeld(shape));
    expect(operators()).toEqual(['Reshape']);
  });

  test('of rows are both', () => {
    const { builder, operators } = opened();
    channelsFirst(builder, valueHeld([null, 5]));
    expect(operators()).toEqual([]);
  });

  test('of values that meet are one: channels first, plain where ranks differ', () => {
    const { builder } = opened();
    const [image, other] = [valueHeld([null, 5, 4, 3]), valueHeld([null, 5, 4, 3], 'channels-first', 'y')];
    const layouts = (values: Value[]) => sameLayout(builder, values).map(({ layout }) => layout);
    expect(layouts([image, other])).toEqual(['channels-first', 'channels-first']);
    expect(layouts([other, valueHeld([null, 4, 3], 'plain', 'z')])).toEqual(['plain', 'plain']);
    expect(layouts([image, image])).toEqual(['plain', 'plain']);
  });

  test('are kept when a value is flattened, and known when it is asked for plainly', () => {
    const { builder, operators } = opened();
    const flat = flattened(builder, valueHeld([null, 5, 4, 3], 'channels-first'));
    expect(flat).toMatchObject({ shape: [null, 60], layout: 'flattened', flattenedFrom: [5, 4, 3] });
    expect(operators()).toEqual(['Reshape']);
    expect(plain(builder, flat)).toMatchObject({ shape: [null, 60], layout: 'plain' });
    expect(operators()).toEqual(['Reshape', 'Reshape', 'Transpose', 'Reshape']);
  });

  test('of constants follow the value that they meet', () => {
    const data = Float32Array.of(1, 2, 3, 4);
    expect([...heldData(valueHeld([null, 2, 2], 'channels-first'), [2, 2], data)]).toEqual([1, 3, 2, 4]);
    expect([...heldData(valueHeld([null, 2, 2]), [2, 2], data)]).toEqual([1, 2, 3, 4]);
  });
});

describe('Reshape', () => {
  test.each<[string, Lengths, Lengths, number[]]>([
    ['keeps the batch', [null, 4, 3], [null, 12], [0, 12]],
    ['keeps a free length that stands still', [null, null, 6], [null, null, 2, 3], [0, 0, 2, 3]],
    ['finds a length that grows', [null, null, 3], [null, null], [0, -1]],
    ['finds batch and length together', [null, null, 3], [null, 3], [-1, 3]],
    ['finds the batch that a length went into', [null, 5, 3], [null, 3], [-1, 3]],
    ['finds a free length that moves', [null, 3, null], [null, null, 3], [0, -1, 3]],
    ['has nothing to find in a fixed batch', [2, 4, 3], [2, 12], [2, 12]],
  ])('%s', (_, from, to, expected) => {
    const { builder, constants } = opened();
    reshaped(builder, valueHeld(from), to);
    const [stored] = [...constants.values()];
    expect([...dataOf(stored as never).data].map(Number)).toEqual(expected);
  });

  test('to two lengths that would have to be found is refused', () => {
    const { builder } = opened();
    expect(() => reshaped(builder, valueHeld([null, 6, null, null]), [null, null, null, 2, 3])).toThrow(RangeError);
  });
});
