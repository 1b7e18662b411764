import { expect, test } from 'vitest';
import { drawLots } from './drawLots.ts';

const noiseSeed = [1, 2, 3, 4, 5, 6, 7, 8];

test('each example is in a step with the given probability, independent of the others', () => {
  const [size, steps, sampleFraction] = [50, 4000, 0.3];
  const { order, counts } = drawLots(size, { sampleFraction, steps, noiseSeed, expectedLot: 15 });
  expect(counts.lots).toHaveLength(steps);
  expect(counts.lots.reduce((sum, lot) => sum + lot)).toBe(order.length);
  expect(counts.expectedLot).toBe(15);
  const seen = new Array<number>(size).fill(0);
  let [together, at] = [0, 0];
  for (const lot of counts.lots) {
    const drawn = new Set(order.slice(at, at + lot));
    expect(drawn.size).toBe(lot);
    for (const i of drawn) seen[i] = (seen[i] as number) + 1;
    if (drawn.has(0) && drawn.has(1)) together++;
    at += lot;
  }
  // Five standard errors.
  const error = 5 * Math.sqrt((0.3 * 0.7) / steps);
  for (const count of seen) expect(Math.abs(count / steps - 0.3)).toBeLessThan(error);
  expect(Math.abs(together / steps - 0.09)).toBeLessThan(5 * Math.sqrt((0.09 * 0.91) / steps));
  // A Poisson lot varies: its deviation is √(n·q·(1 − q)).
  const deviation = Math.sqrt(counts.lots.reduce((sum, lot) => sum + (lot - 15) ** 2, 0) / steps);
  expect(Math.abs(deviation - Math.sqrt(50 * 0.21))).toBeLessThan(0.2);
});

test('the noise seed decides; all are in every step where all are wanted, and few may be in none', () => {
  const options = { sampleFraction: 0.5, steps: 20, noiseSeed, expectedLot: 3 };
  expect(drawLots(9, options)).toEqual(drawLots(9, options));
  expect(drawLots(9, options)).not.toEqual(drawLots(9, { ...options, noiseSeed: [5, 2, 3, 4, 5, 6, 7, 8] }));
  expect(drawLots(3, { ...options, sampleFraction: 1 }).counts).toEqual({
    lots: new Array(20).fill(3),
    expectedLot: 3,
  });
  expect(drawLots(1, { ...options, sampleFraction: 0.1, steps: 200 }).counts.lots).toContain(0);
});
