import { beforeAll, describe, expect, test } from 'vitest';
import { ortAssets } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { type SweepOptions, type SweepPoint, sweep } from './sweep.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

const make = (width: number) => mlp({ inputShape: [20], hidden: [width], classes: 4 });
const load = { worker: 'none', assetBase: ortAssets() } as const;
const VALUES: Readonly<Record<number, number>> = { 4: 0.5, 8: 0.7, 16: 0.6, 32: 0.9 };
const learn = async (_: unknown, width: number) => VALUES[width];

describe('sweep', () => {
  test('trains each width, and leaves out of the front what a smaller one beats', async () => {
    const run = sweep({ make, learn, load, widths: [32, 4, 16, 8] });
    const told: SweepPoint[] = [];
    for await (const point of run) told.push(point);
    const { points, front } = await run.done;
    expect(points).toEqual(told);
    expect(points.map(({ width, value }) => [width, value])).toEqual([
      [4, 0.5],
      [8, 0.7],
      [16, 0.6],
      [32, 0.9],
    ]);
    expect(front.bytes.map(({ width }) => width)).toEqual([4, 8, 32]);
    for (const point of points) {
      expect(point.msPerExample).toBeGreaterThan(0);
      const isBeaten = points.some(
        (other) => other.value > point.value && (other.msPerExample as number) <= (point.msPerExample as number),
      );
      expect(front.msPerExample.includes(point)).toBe(!isBeaten);
    }
  });

  test('of errors, the lower is the better', async () => {
    const { front } = await sweep({ make, learn, load, widths: [4, 8, 16], better: 'lower' }).done;
    expect(front.bytes.map(({ width }) => width)).toEqual([4]);
  });

  test('refuses what is no number, no function, or an option that it does not have', async () => {
    const none = sweep({ make, load, widths: [4], learn: async () => undefined }).done;
    await expect(none).rejects.toMatchObject({ code: 'not-finite', message: expect.stringContaining('width 4') });
    for (const options of [{ make }, { make, learn: 5 }, { make, learn, better: 'most' }, { make, learn, seeds: 3 }]) {
      expect(() => sweep(options as unknown as SweepOptions)).toThrow(
        expect.objectContaining({ code: 'invalid-option' }),
      );
    }
  });

  test('ends when it is cancelled while a student learns', async () => {
    const run = sweep({
      make,
      load,
      widths: [4, 8],
      learn: async () => {
        run.cancel();
        return 1;
      },
    });
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
  });
});
