import { beforeAll, describe, expect, test } from 'vitest';
import { ortAssets } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { keypoints } from '../student/zoo/keypoints.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { twoTower } from '../student/zoo/twoTower.ts';
import { type FitBudgetOptions, fitBudget, type TriedStudent } from './fitBudget.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

const make = (width: number) => mlp({ inputShape: [20], hidden: [width], classes: 4 });
const load = { worker: 'none', assetBase: ortAssets() } as const;
/** Of weights and biases. */
const bytesOf = (width: number) => 4 * (20 * width + width + width * 4 + 4);

describe('fitBudget', () => {
  test('gives the widest student whose file is small enough, and tells what it tried', async () => {
    const run = fitBudget({ make, widths: [16, 64, 32], bytes: bytesOf(32) + 1500 });
    const told: TriedStudent[] = [];
    for await (const cost of run) told.push(cost);
    const { student, cost, tried } = await run.done;
    expect(told).toEqual(tried);
    expect(tried.map(({ width, fits }) => [width, fits])).toEqual([
      [64, false],
      [32, true],
    ]);
    expect(cost.bytes).toBeGreaterThan(bytesOf(32));
    expect(cost.multiplyAdds).toBe(20 * 32 + 32 * 4);
    expect(cost.msPerExample).toBeUndefined();
    expect(student.name).toBe('mlp');
  });

  test('counts multiplications', async () => {
    const { cost } = await fitBudget({ make, widths: [8, 16, 32], multiplyAdds: 24 * 16 }).done;
    expect(cost.width).toBe(16);
  });

  test('measures the time of an answer here, of what is small enough by what is counted', async () => {
    const { cost, tried } = await fitBudget({ make, widths: [8, 512], bytes: 20_000, msPerExample: 1e5, load }).done;
    expect(tried.map(({ msPerExample }) => msPerExample === undefined)).toEqual([true, false]);
    expect(cost).toMatchObject({ width: 8, fits: true });
    expect(cost.msPerExample).toBeGreaterThan(0);
  });

  test('says what the smallest costs where none fits', async () => {
    const refused = fitBudget({ make, widths: [8, 16], bytes: 400, multiplyAdds: 1e6 }).done;
    await expect(refused).rejects.toMatchObject({
      code: 'budget-too-small',
      message: expect.stringMatching(
        /^No student fits into 400 bytes, 1,000,000 multiply-adds\. .* of width 8, takes .* 192 multiply-adds/,
      ),
      details: { smallest: { width: 8, fits: false } },
    });
    const never = fitBudget({ make, widths: [8], msPerExample: 1e-9, load }).done;
    await expect(never).rejects.toMatchObject({ code: 'budget-too-small' });
  });

  test('counts a student of points, its maps and their places', async () => {
    const points = (filters: number) => keypoints({ inputShape: [32, 32, 1], points: 5, filters });
    const { cost } = await fitBudget({ make: points, widths: [4, 8], bytes: 1e6 }).done;
    const separable = (cells: number, from: number, to: number) => cells * from * (9 + to);
    const blocks = separable(64, 8, 16) + separable(64, 16, 16) + separable(16, 16, 32) + 3 * separable(16, 32, 32);
    expect(cost).toMatchObject({ width: 8, multiplyAdds: 256 * 9 * 8 + blocks + 16 * 32 * 5 + 5 * 16 * 2 });
  });

  test('asks for the lengths that a student leaves open', async () => {
    const towers = (width: number) => twoTower({ queryLength: 4, candidateLength: 6, vocabulary: 20, width });
    const given = { make: towers, widths: [4, 8], bytes: 1e6 };
    await expect(fitBudget(given).done).rejects.toMatchObject({ code: 'invalid-option' });
    const { cost } = await fitBudget({ ...given, inputShapes: { candidates: [1, 10, 6] } }).done;
    expect(cost).toMatchObject({ width: 8, multiplyAdds: 10 * 8 });
  });

  test.each<[string, object]>([
    ['no way to make students', { widths: [8] }],
    ['no width', { make, widths: [] }],
    ['a width of 0', { make, widths: [0] }],
    ['a budget of nothing', { make, bytes: 0 }],
    ['an option that it does not have', { make, flops: 5 }],
  ])('refuses %s', (_, options) => {
    expect(() => fitBudget(options as FitBudgetOptions)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  test('ends when it is cancelled, and where what is made is no student', async () => {
    const run = fitBudget({ make, bytes: 400 });
    run.cancel();
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
    const nothing = fitBudget({ make: () => ({}) as never, bytes: 400 }).done;
    await expect(nothing).rejects.toMatchObject({ code: 'invalid-option' });
  });
});
