import { expect, test } from 'vitest';
import { labelled } from './labelled.ts';

const labels = ['a', 'b', 'c'];
const array = (rows: number[][]) => ({
  data: Float32Array.from(rows.flat()),
  shape: [rows.length, rows[0]?.length ?? 0],
});

test('logits become probabilities, and the largest has the name', () => {
  const given = labelled(
    {
      logits: array([
        [1, 2, 3],
        [800, 0, -800],
      ]),
    },
    labels,
  );
  expect(given?.labels).toEqual(['c', 'a']);
  // e¹ : e² : e³, over their sum 30.19287.
  const expected = [0.09003057, 0.24472848, 0.66524094, 1, 0, 0];
  expect(given?.probabilities.shape).toEqual([2, 3]);
  for (const [i, value] of expected.entries()) expect(given?.probabilities.data[i]).toBeCloseTo(value, 6);
});

test('probabilities stay as they are, unless one row is none', () => {
  const probs = [[0.2, 0.3, 0.5]];
  expect(labelled({ logits: array(probs) }, labels)?.probabilities.data).toEqual(Float32Array.from([0.2, 0.3, 0.5]));
  const mixed = labelled({ logits: array([...probs, [0.2, 0.3, 0.6]]) }, labels);
  expect(mixed?.probabilities.data[0]).not.toBeCloseTo(0.2, 3);
});

test('the output is the one with a number for each label', () => {
  const other = array([[9, 0]]);
  expect(labelled({ logits: other, head: array([[0, 5, 0]]) }, labels)?.labels).toEqual(['b']);
  expect(labelled({ logits: other }, labels)).toBeUndefined();
  expect(labelled({ logits: array([[]]) }, [])).toBeUndefined();
});
