import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { added, artifactsOfCase, lowRank, MODELS, patchOf, plain, weightsOf } from '../cases/patchCases.ts';
import { artifactsOf } from '../layersModel.ts';
import type { StudentArtifacts } from '../student.ts';
import { withClasses } from '../topology/classifier.ts';
import { applyPatch } from './applyPatch.ts';
import { baseHash } from './baseHash.ts';
import { diffPatch } from './diffPatch.ts';
import { isEmptyPatch } from './patch.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

const code = (name: string) => expect.objectContaining({ code: name });

describe.each(Object.keys(MODELS))('two students %s', (name) => {
  test('differ by a patch that leads from one to the other, within a rounding of the larger', async () => {
    const [base, changed] = await Promise.all([artifactsOfCase(name), artifactsOfCase(name, 2)]);
    const patch = await diffPatch(base, changed, { name: 'x', version: 3, method: 'y', labels: ['a', 'b'] });
    expect(patch).toMatchObject({ name: 'x', version: 3, method: 'y', labels: ['a', 'b'], base: await baseHash(base) });
    expect(patch.classes).toBeUndefined();
    const [before, needed, given] = [base, changed, await applyPatch(base, patch)].map(weightsOf);
    for (const [weight, values] of Object.entries(needed ?? {})) {
      for (const [i, value] of values.entries()) {
        const most = Math.max(Math.abs(value), Math.abs(before?.[weight]?.[i] as number));
        expect(Math.abs((given?.[weight]?.[i] as number) - value)).toBeLessThan(2 ** -22 * most);
      }
    }
  });

  test('differ by nothing where nothing differs, and by the weights that do', async () => {
    const base = await artifactsOfCase(name);
    expect(isEmptyPatch(await diffPatch(base, base))).toBe(true);
    const student = await applyPatch(base, await patchOf(base, { changes: [added('hidden/kernel', [3, 4], 1)] }));
    const patch = await diffPatch(base, student);
    expect(patch.changes.map(({ weight }) => weight)).toEqual(['hidden/kernel']);
  });

  test('differ by new classes too, also after tfjs loaded and saved the grown one', async () => {
    const base = await artifactsOfCase(name);
    const model = await buildStudent({ kind: 'artifacts', artifacts: withClasses(base, 5, 1) }, 0);
    const grown = await artifactsOf(model);
    model.dispose();
    const patch = await diffPatch(base, grown);
    expect(patch.classes).toBe(5);
    expect(patch.changes.length).toBe(1);
    const student = await applyPatch(base, patch);
    expect(weightsOf(student)).toEqual(weightsOf(grown));
    expect(await baseHash(student)).toBe(await baseHash(grown));
    await expect(diffPatch(grown, base)).rejects.toThrow(code('patch-mismatch'));
  });
});

/** A student of one weight. */
const single = async (values: readonly number[]): Promise<StudentArtifacts> => {
  const layer = tf.layers.dense({ units: values.length, inputShape: [1], useBias: false, name: 'logits' });
  const model = tf.sequential({ layers: [layer] });
  const artifacts = await artifactsOf(model);
  model.dispose();
  return { ...artifacts, weightData: Float32Array.from(values).buffer };
};

test('any finite float is reached: exactly from its half to its double, elsewhere within a rounding of the larger', async () => {
  const float = fc.float({ noNaN: true, min: Math.fround(-1e38), max: Math.fround(1e38) });
  const near = fc
    .tuple(float, fc.float({ noNaN: true, min: 0.5, max: 2 }))
    .map(([a, factor]) => [a, Math.fround(a * factor)]);
  const pairs = fc.array(fc.oneof(near, fc.tuple(float, float)), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(pairs, async (given) => {
      const [from, to] = [given.map(([a]) => a as number), given.map(([, b]) => b as number)];
      const [base, changed] = await Promise.all([single(from), single(to)]);
      const got = weightsOf(await applyPatch(base, await diffPatch(base, changed)))['logits/kernel'] as number[];
      for (const [i, value] of got.entries()) {
        const [a, b] = [from[i] as number, to[i] as number];
        if (b / a >= 0.5 && b / a <= 2) expect(value === b, `${a} to ${b}: ${value}`).toBe(true);
        expect(Math.abs(value - b)).toBeLessThanOrEqual(2 ** -22 * Math.max(Math.abs(a), Math.abs(b)));
      }
    }),
    { numRuns: 60, seed: 1 },
  );
});

test('a patch of small rank comes back as a full one of the same student', async () => {
  const base = await artifactsOfCase('sequential');
  const student = await applyPatch(base, await patchOf(base, { changes: [lowRank('hidden/kernel', [3, 4], 2, 1)] }));
  const again = await applyPatch(base, await diffPatch(base, student));
  const [a, b] = [weightsOf(student), weightsOf(again)].map((weights) => weights['hidden/kernel'] as number[]);
  for (const [i, value] of (a as number[]).entries()) expect(b?.[i]).toBeCloseTo(value, 6);
  expect(plain(again.base)).toEqual(plain(base));
});

test('students that no patch connects are refused', async () => {
  const [base, other] = await Promise.all([artifactsOfCase('sequential'), artifactsOfCase('without biases')]);
  await expect(diffPatch(base, other)).rejects.toThrow(code('patch-mismatch'));
  const text = JSON.stringify(base.modelTopology).replace('"activation":"relu"', '"activation":"tanh"');
  await expect(diffPatch(base, { ...base, modelTopology: JSON.parse(text) })).rejects.toThrow(code('patch-mismatch'));
  const fewer = { ...base, weightSpecs: base.weightSpecs.slice(1), weightData: base.weightData.slice(48) };
  await expect(diffPatch(base, fewer)).rejects.toThrow(code('patch-mismatch'));
  await expect(diffPatch(base, base, { nome: 'x' } as never)).rejects.toThrow(code('invalid-option'));
  await expect(diffPatch(await single([1]), await single([Number.NaN]))).rejects.toThrow(code('not-finite'));
  await expect(diffPatch(await single([-3e38]), await single([3e38]))).rejects.toThrow(code('not-finite'));
});
