import { expect, test } from 'vitest';
import { drawLabels, placesOf } from './labels.ts';

const labels = Int32Array.from({ length: 800 }, (_, i) => (i * 7 + (i >> 3)) % 10);

test('as many of each class are drawn as of any other, anew for each seed, and the same for the same', () => {
  const drawn = [1, 2, 3].map((seed) => drawLabels(labels, 200, seed));
  for (const known of drawn) {
    const places = placesOf(known);
    expect(places.length).toBe(200);
    expect([...places].filter((i) => known[i] !== labels[i])).toEqual([]);
    for (let digit = 0; digit < 10; digit++) {
      expect([...places].filter((i) => labels[i] === digit).length).toBe(20);
    }
  }
  const [one, two, three] = drawn.map((known) => String(placesOf(known)));
  expect(new Set([one, two, three]).size).toBe(3);
  expect(drawLabels(labels, 200, 2)).toEqual(drawn[1]);
});
