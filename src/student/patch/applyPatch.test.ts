import { beforeAll, describe, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { added, answersOf, artifactsOfCase, lowRank, MODELS, patchOf, plain, weightsOf } from '../cases/patchCases.ts';
import { artifactsFromFiles, toFiles } from '../files/files.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../student.ts';
import { cnn } from '../zoo/cnn.ts';
import { applyPatch, isPatched, recognizePatched, revertPatch } from './applyPatch.ts';
import { baseHash } from './baseHash.ts';
import { isEmptyPatch, type Patch, type WeightChange } from './patch.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
expectNoTensorsLeft();

const mismatch = (part = '') =>
  expect.objectContaining({ code: 'patch-mismatch', message: expect.stringContaining(part) });
const ROWS = [
  [0.1, -0.2, 0.3],
  [4, 5, -6],
];
const at = (values: ArrayLike<number> | undefined, i: number) => values?.[i] as number;

describe.each(Object.keys(MODELS))('a student %s', (name) => {
  const last = name === 'of two outputs' ? 'logits' : 'last';
  const hasBias = name !== 'without biases';

  test('gets every value of base + delta, rounded once, and every other weight as it was', async () => {
    const base = await artifactsOfCase(name);
    const untouched = plain(base);
    const change = added('hidden/kernel', [3, 4], 5);
    const product = lowRank(`${last}/kernel`, [4, 2], 3, 7);
    const student = await applyPatch(base, await patchOf(base, { changes: [product, change] }));
    const [before, after] = [weightsOf(base), weightsOf(student)];
    const sum = before['hidden/kernel']?.map((value, i) => Math.fround(value + at(change.delta, i)));
    const factors = before[`${last}/kernel`]?.map((value, i) => {
      const [row, column] = [Math.floor(i / 2), i % 2];
      const terms = [0, 1, 2].map((q) => at(product.left, row * 3 + q) * at(product.right, q * 2 + column));
      return Math.fround(value + terms.reduce((total, term) => total + term, 0));
    });
    expect(after).toEqual({ ...before, 'hidden/kernel': sum, [`${last}/kernel`]: factors });
    expect(student.artifacts?.modelTopology).toEqual(base.modelTopology);
    expect(plain(base)).toEqual(untouched);
    expect((await answersOf(student, ROWS)).names).toEqual((await answersOf(base, ROWS)).names);
  });

  test('comes back bit for bit, also after it was trained', async () => {
    const base = await artifactsOfCase(name);
    const student = await applyPatch(
      studentFromArtifacts('own', base),
      await patchOf(base, { classes: 3, changes: [added(`${last}/kernel`, [4, 3], 1)] }),
    );
    await student.adopt(await artifactsOfCase(name, 2));
    const back = revertPatch(student);
    expect(plain(back.artifacts)).toEqual(plain(base));
    expect([back.name, student.name, isPatched(student), isPatched(back)]).toEqual([
      'own',
      'own with test',
      true,
      false,
    ]);
    expect(await baseHash(back)).toBe(student.patch.base);
  });

  test('grows: former classes answer as before bit for bit, and the new one with the change alone', async () => {
    const base = await artifactsOfCase(name);
    const kernel = { ...added(`${last}/kernel`, [4, 3], 3) };
    for (const i of kernel.delta.keys()) if (i % 3 < 2) kernel.delta[i] = 0;
    const student = await applyPatch(base, await patchOf(base, { classes: 3, changes: [kernel] }));
    const [before, after] = await Promise.all([answersOf(base, ROWS), answersOf(student, ROWS)]);
    expect(after.names).toEqual(before.names);
    expect(after.outputs.at(-1)?.map((row) => row.slice(0, 2))).toEqual(before.outputs.at(-1));
    const column = weightsOf(student)[`${last}/kernel`]?.filter((_, i) => i % 3 === 2);
    expect(column).toEqual([...kernel.delta].filter((_, i) => i % 3 === 2));
    if (hasBias) expect(weightsOf(student)[`${last}/bias`]).toEqual([...(weightsOf(base)[`${last}/bias`] ?? []), 0]);
  });

  test('grows with a change that leaves the new classes out, as one of zeros for them', async () => {
    const base = await artifactsOfCase(name);
    const narrow = lowRank(`${last}/kernel`, [4, 2], 1, 3);
    const wide = { ...narrow, shape: [4, 4], right: Float32Array.of(at(narrow.right, 0), at(narrow.right, 1), 0, 0) };
    const [a, b] = await Promise.all(
      [narrow, wide].map(async (change) => applyPatch(base, await patchOf(base, { classes: 4, changes: [change] }))),
    );
    expect(plain(a?.artifacts)).toEqual(plain(b?.artifacts));
  });

  test('is refused whatever does not fit', async () => {
    const base = await artifactsOfCase(name);
    const changes = (...given: WeightChange[]): Partial<Patch> => ({
      changes: [added('hidden/kernel', [3, 4], 1), ...given],
    });
    const bad: readonly (readonly [Partial<Patch>, string])[] = [
      [changes(added('gone/kernel', [3, 4], 1)), 'no weight "gone/kernel"'],
      [changes(added(`${last}/kernel`, [2, 4], 1)), '[2, 4]'],
      [changes(added(`${last}/kernel`, [4, 3], 1)), '[4, 3]'],
      [changes(lowRank(`${last}/kernel`, [4, 1], 1, 1)), '[4, 1]'],
      [{ ...changes(added(`${last}/kernel`, [4, 1], 1)), classes: 3 }, '[4, 1]'],
      [{ ...changes(added(`${last}/kernel`, [4, 4], 1)), classes: 3 }, '[4, 4]'],
      [{ classes: 1 }, '1 classes'],
    ];
    for (const [rest, part] of bad) {
      await expect(applyPatch(base, await patchOf(base, rest)), part).rejects.toThrow(mismatch(part));
    }
  });
});

test('a patch for another base is refused by both of their hashes', async () => {
  const [base, other] = await Promise.all([artifactsOfCase('sequential'), artifactsOfCase('sequential', 2)]);
  const patch = await patchOf(other);
  const promise = applyPatch(base, patch);
  await expect(promise).rejects.toThrow(mismatch(patch.base.slice(0, 12)));
  await expect(promise).rejects.toThrow(mismatch((await baseHash(base)).slice(0, 12)));
  await expect(applyPatch(cnn(), patch)).rejects.toThrow(expect.objectContaining({ code: 'student-invalid' }));
});

test('an empty patch gives the same bits, and zeros keep the sign of a zero', async () => {
  const base = await artifactsOfCase('sequential');
  new Float32Array(base.weightData)[0] = -0;
  const zeros = { ...added('hidden/kernel', [3, 4], 1), delta: new Float32Array(12) };
  const nothing = { ...lowRank('last/kernel', [4, 2], 2, 1), right: new Float32Array(4) };
  for (const changes of [[], [zeros, nothing]]) {
    const patch = await patchOf(base, { changes });
    expect(isEmptyPatch(patch)).toBe(true);
    expect(plain((await applyPatch(base, patch)).artifacts)).toEqual(plain(base));
  }
  expect(isEmptyPatch(await patchOf(base, { classes: 3 }))).toBe(false);
  expect(isEmptyPatch(await patchOf(base, { changes: [added('hidden/kernel', [3, 4], 1)] }))).toBe(false);
});

test('a sum too large for float32 is refused, the largest one is not', async () => {
  const base = await artifactsOfCase('sequential');
  const most = 3.4028234663852886e38;
  new Float32Array(base.weightData).set([most, -most, 1e-45]);
  const change = (...values: number[]) => ({
    changes: [
      { ...added('hidden/kernel', [3, 4], 1), delta: Float32Array.from({ length: 12 }, (_, i) => values[i] ?? 0) },
    ],
  });
  const fits = await applyPatch(base, await patchOf(base, change(-most, most, 1e-45)));
  expect(weightsOf(fits)['hidden/kernel']?.slice(0, 3)).toEqual([0, 0, 2 * Math.fround(1e-45)]);
  await expect(applyPatch(base, await patchOf(base, change(1e37)))).rejects.toThrow(
    expect.objectContaining({ code: 'not-finite' }),
  );
});

test('a student that was saved and loaded is told by its base and patch', async () => {
  const base = await artifactsOfCase('sequential');
  const patch = await patchOf(base, { classes: 3, changes: [added('last/bias', [3], 1)] });
  const student = await applyPatch(base, patch);
  const loaded = studentFromArtifacts('loaded', artifactsFromFiles(toFiles(student.artifacts as StudentArtifacts)));
  expect(() => revertPatch(loaded)).toThrow(mismatch('recognizePatched'));
  const again = await recognizePatched(loaded, { base, patch });
  expect(plain(revertPatch(again).artifacts)).toEqual(plain(base));
  await expect(recognizePatched(base, { base, patch })).rejects.toThrow(mismatch('has learned since'));
});

test('a weight of whole numbers is not changed', async () => {
  const base = await artifactsOfCase('sequential');
  const specs = base.weightSpecs.map((spec) => (spec.name === 'hidden/bias' ? { ...spec, dtype: 'int32' } : spec));
  const mixed = { ...base, weightSpecs: specs };
  const patch = await patchOf(mixed, { changes: [added('hidden/bias', [4], 1)] });
  await expect(applyPatch(mixed, patch)).rejects.toThrow(mismatch('int32'));
});

test('a convolution and its patch of small rank become what a plain sum gives', async () => {
  const model = await buildStudent(await cnn({ inputShape: [12, 12, 1], classes: 3 }).portable(), 5);
  const change = lowRank('conv_2/kernel', [3, 3, 16, 32], 4, 1);
  const student = await applyPatch(model, await patchOf(await artifacts(model), { changes: [change] }));
  const [before, after] = [weightsOf(student.base), weightsOf(student)];
  model.dispose();
  const [row, column] = [100, 20];
  const terms = [0, 1, 2, 3].map((q) => at(change.left, row * 4 + q) * at(change.right, q * 32 + column));
  const sum = at(before['conv_2/kernel'], row * 32 + column) + terms.reduce((total, term) => total + term, 0);
  expect(after['conv_2/kernel']?.[row * 32 + column]).toBe(Math.fround(sum));
});

const artifacts = async (model: tf.LayersModel) => (await import('../layersModel.ts')).artifactsOf(model);
