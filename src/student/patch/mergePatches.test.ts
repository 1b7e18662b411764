import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { added, artifactsOfCase, lowRank, patchOf, weightsOf } from '../cases/patchCases.ts';
import type { StudentArtifacts } from '../student.ts';
import { applyPatch } from './applyPatch.ts';
import { mergePatches } from './mergePatches.ts';
import type { NeighbourMemory, Patch } from './patch.ts';

let base: StudentArtifacts;
beforeAll(async () => {
  await tf.setBackend('cpu');
  base = await artifactsOfCase('sequential');
});

const code = (name: string) => expect.objectContaining({ code: name });

/** What the patched student's weights are more than the base's, with zeros for classes that the base has not. */
async function deltas(patch: Patch, classes = 2): Promise<Record<string, number[]>> {
  const empty = await applyPatch(base, await patchOf(base, classes > 2 ? { classes } : {}));
  const before = weightsOf(empty);
  const after = weightsOf(await applyPatch(base, patch));
  return Object.fromEntries(
    Object.entries(after).map(([name, values]) => [
      name,
      values.map((value, i) => value - (before[name]?.[i] as number)),
    ]),
  );
}

async function expectSum(patches: readonly { patch: Patch; weight: number }[], merged: Patch, classes = 2) {
  const given = await deltas(merged, classes);
  const parts = await Promise.all(
    patches.map(({ patch: { labels: _, ...patch } }) => deltas({ ...patch, ...(classes > 2 && { classes }) }, classes)),
  );
  for (const [name, values] of Object.entries(given)) {
    for (const [i, value] of values.entries()) {
      const sum = parts.reduce(
        (total, part, p) => total + (patches[p]?.weight as number) * (part[name]?.[i] as number),
        0,
      );
      expect(Math.abs(value - sum), `${name} ${i}`).toBeLessThan(3e-6);
    }
  }
}

describe('the weighted sum of patches', () => {
  test.each([
    ['full changes', [added('hidden/kernel', [3, 4], 1)], [added('hidden/kernel', [3, 4], 2)], 'added'],
    ['products', [lowRank('hidden/kernel', [3, 4], 1, 1)], [lowRank('hidden/kernel', [3, 4], 2, 3)], 'low-rank'],
    ['one of each', [lowRank('hidden/kernel', [3, 4], 2, 1)], [added('hidden/kernel', [3, 4], 2)], 'added'],
    ['other weights', [added('hidden/bias', [4], 1)], [lowRank('last/kernel', [4, 2], 1, 2)], 'added'],
  ] as const)('of %s adds what they add', async (_, a, b, kind) => {
    const patches = [
      { patch: await patchOf(base, { name: 'a', changes: a }), weight: 0.5 },
      { patch: await patchOf(base, { name: 'b', changes: b }), weight: -2 },
    ];
    const merged = mergePatches(patches);
    expect(merged).toMatchObject({ name: 'a + b', version: 1, method: 'merged', base: patches[0]?.patch.base });
    expect(merged.changes[0]?.kind).toBe(kind);
    await expectSum(patches, merged);
  });

  test('of products has the sum of their ranks, left matrices side by side', async () => {
    const [a, b] = [lowRank('hidden/kernel', [3, 4], 1, 1), lowRank('hidden/kernel', [3, 4], 2, 3)];
    const { changes } = mergePatches([
      { patch: await patchOf(base, { changes: [a] }), weight: 1 },
      { patch: await patchOf(base, { changes: [b] }), weight: 2 },
    ]);
    const left = [0, 1, 2].flatMap((row) => [a.left[row], b.left[2 * row], b.left[2 * row + 1]]);
    const right = [...a.right, ...b.right.map((value) => 2 * value)];
    expect(changes).toEqual([
      { ...a, rank: 3, left: Float32Array.from(left as number[]), right: Float32Array.from(right) },
    ]);
  });

  test('of products is brought to a rank, and stays the sum where that suffices', async () => {
    const [a, b] = [lowRank('hidden/kernel', [3, 4], 2, 1), lowRank('hidden/kernel', [3, 4], 2, 3)];
    const patches = [
      { patch: await patchOf(base, { changes: [a] }), weight: 1 },
      { patch: await patchOf(base, { changes: [b] }), weight: -0.5 },
    ];
    const merged = mergePatches(patches, { rank: 3 });
    expect(merged.changes).toMatchObject([{ kind: 'low-rank', rank: 3 }]);
    await expectSum(patches, merged);
    expect(mergePatches(patches, { rank: 1 }).changes).toMatchObject([{ rank: 1, left: { length: 3 } }]);
    expect(() => mergePatches(patches, { rank: 0 })).toThrow(code('invalid-option'));
  });

  test('widens changes for fewer classes, and takes the longest labels', async () => {
    const labels = ['a', 'b', 'c', 'd'];
    const patches = [
      {
        patch: await patchOf(base, {
          classes: 3,
          labels: labels.slice(0, 3),
          changes: [added('last/kernel', [4, 3], 1)],
        }),
        weight: 1,
      },
      {
        patch: await patchOf(base, {
          classes: 4,
          labels,
          changes: [lowRank('last/kernel', [4, 4], 1, 2), added('last/bias', [4], 9)],
        }),
        weight: 0.5,
      },
      {
        patch: await patchOf(base, { changes: [lowRank('last/kernel', [4, 2], 1, 4), added('last/bias', [2], 3)] }),
        weight: 2,
      },
    ];
    const merged = mergePatches(patches, { name: 'all' });
    expect(merged).toMatchObject({ name: 'all', classes: 4, labels });
    await expectSum(patches, merged, 4);
  });

  test('leaves labels out where they are known for some classes only, and changes of weight 0', async () => {
    const short = await patchOf(base, { classes: 3, labels: ['a', 'b', 'c'], changes: [added('hidden/bias', [4], 1)] });
    const long = await patchOf(base, { classes: 4, changes: [added('hidden/kernel', [3, 4], 1)] });
    const merged = mergePatches([
      { patch: short, weight: 1 },
      { patch: long, weight: 0 },
    ]);
    expect(merged).toMatchObject({ classes: 4, changes: short.changes });
    expect(merged.labels).toBeUndefined();
  });
});

describe('memories', () => {
  const memory = (count: number, k: number, length = 4): NeighbourMemory => ({
    features: Float32Array.from({ length: count * length }, (_, i) => i + k),
    labels: Int32Array.from({ length: count }, (_, i) => i % 2),
    k,
    temperature: k / 2,
  });

  test('are joined, and vote as the first says', async () => {
    const patches = await Promise.all([memory(2, 1), memory(3, 2)].map((one) => patchOf(base, { memory: one })));
    const merged = mergePatches(patches.map((patch) => ({ patch, weight: 1 })));
    expect(merged.memory).toEqual({
      features: Float32Array.of(...memory(2, 1).features, ...memory(3, 2).features),
      labels: Int32Array.of(0, 1, 0, 1, 0),
      k: 1,
      temperature: 0.5,
    });
  });

  test('are not weighed, of one length, and not compared across changes', async () => {
    const [one, other] = [
      await patchOf(base, { memory: memory(2, 1) }),
      await patchOf(base, { memory: memory(2, 1, 3) }),
    ];
    const change = await patchOf(base, { changes: [added('hidden/bias', [4], 1)] });
    const bad = [
      [{ patch: one, weight: 0.5 }],
      [
        { patch: one, weight: 1 },
        { patch: one, weight: 2 },
      ],
      [
        { patch: one, weight: 1 },
        { patch: change, weight: 1 },
      ],
      [
        { patch: one, weight: 1 },
        { patch: other, weight: 1 },
      ],
    ];
    for (const patches of bad) expect(() => mergePatches(patches)).toThrow(code('patch-mismatch'));
    const alone = { ...change, memory: memory(2, 1) };
    expect(mergePatches([{ patch: alone, weight: 1 }])).toMatchObject({
      memory: alone.memory,
      changes: change.changes,
    });
  });
});

test('patches that do not belong together are refused', async () => {
  const one = await patchOf(base, { classes: 3, labels: ['a', 'b', 'c'], changes: [added('hidden/bias', [4], 1)] });
  const weighted = (...patches: Patch[]) => patches.map((patch) => ({ patch, weight: 1 }));
  const merging = (...patches: Patch[]) => expect(() => mergePatches(weighted(...patches)));
  merging(one, { ...one, base: 'f'.repeat(64) }).toThrow(code('patch-mismatch'));
  merging(one, { ...one, changes: [added('hidden/bias', [2, 2], 1)] }).toThrow(code('patch-mismatch'));
  merging(
    { ...one, changes: [added('hidden/kernel', [3, 4], 1)] },
    { ...one, changes: [added('hidden/kernel', [4, 3], 1)] },
  ).toThrow(code('patch-mismatch'));
  merging(one, { ...one, labels: ['a', 'x', 'c'] }).toThrow(code('class-mismatch'));
  merging(one, { ...one, version: 0 }).toThrow(code('patch-invalid'));
  merging().toThrow(code('invalid-option'));
  expect(() => mergePatches([{ patch: one, weight: Number.NaN }])).toThrow(code('invalid-option'));
  expect(() => mergePatches(weighted(one), { nome: 'x' } as never)).toThrow(code('invalid-option'));
  expect(() => mergePatches([{ patch: one, weight: 1e300 }])).toThrow(code('patch-invalid'));
});
