import { beforeAll, describe, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { added, answersOf, artifactsOfCase, MODELS, patchOf, plain } from '../cases/patchCases.ts';
import { artifactsOf } from '../layersModel.ts';
import type { StudentArtifacts } from '../student.ts';
import { classifierOf, withFeatures } from '../topology/classifier.ts';
import { applyPatch, revertPatch } from './applyPatch.ts';
import { baseHash } from './baseHash.ts';
import type { NeighbourMemory } from './patch.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
expectNoTensorsLeft();

const mismatch = (part: string) =>
  expect.objectContaining({ code: 'patch-mismatch', message: expect.stringContaining(part) });
const ROWS = [
  [0.1, -0.2, 0.3],
  [4, 5, -6],
  [-1, 1, 2],
];

/** The features of ROWS themselves, of the classes 0, 1 and 2. */
async function memoryOf(base: StudentArtifacts, rest: Partial<NeighbourMemory> = {}): Promise<NeighbourMemory> {
  const { outputs } = await answersOf(withFeatures(base, classifierOf(base)), ROWS);
  const features = Float32Array.from((outputs[0] as number[][]).flat());
  return { features, labels: Int32Array.of(0, 1, 2), k: 1, temperature: 0.1, ...rest };
}

describe.each(Object.keys(MODELS))('a student %s', (name) => {
  test('with a memory answers with the class of the nearest example, under the name of the layer that is gone', async () => {
    const base = await artifactsOfCase(name);
    const patch = await patchOf(base, { classes: 3, memory: await memoryOf(base) });
    const student = await applyPatch(base, patch);
    const [before, after] = await Promise.all([answersOf(base, ROWS), answersOf(student, ROWS)]);
    expect(after.names).toEqual(before.names);
    expect(after.outputs.slice(0, -1)).toEqual(before.outputs.slice(0, -1));
    const sure = [0, 1, 2].map((label) => [0, 1, 2].map((c) => (c === label ? 0 : Math.log(1e-6))));
    for (const [b, row] of (after.outputs.at(-1) as number[][]).entries()) {
      for (const [c, logit] of row.entries()) expect(logit).toBeCloseTo(sure[b]?.[c] as number, 4);
    }
    const { layer } = classifierOf(base);
    const names = student.artifacts?.weightSpecs.map((spec) => spec.name);
    expect(names?.slice(-2)).toEqual([`${layer}/memory`, `${layer}/votes`]);
    expect(names).not.toContain(`${layer}/kernel`);
    expect(plain(revertPatch(student).artifacts)).toEqual(plain(base));
  });

  test('with a memory is the same student after tfjs loaded and saved it', async () => {
    const base = await artifactsOfCase(name);
    const student = await applyPatch(base, await patchOf(base, { classes: 5, memory: await memoryOf(base) }));
    const model = await buildStudent(await student.portable(), 3);
    const again = await artifactsOf(model);
    model.dispose();
    expect(await baseHash(again)).toBe(await baseHash(student));
  });

  test('can have changes before its memory, not of the layer that is gone', async () => {
    const base = await artifactsOfCase(name);
    const memory = await memoryOf(base, { labels: Int32Array.of(0, 1, 1) });
    const before = added('hidden/kernel', [3, 4], 1);
    const student = await applyPatch(base, await patchOf(base, { changes: [before], memory }));
    expect((await answersOf(student, ROWS)).outputs.at(-1)?.[0]?.length).toBe(2);
    const { layer } = classifierOf(base);
    const gone = added(`${layer}/kernel`, [4, 2], 1);
    const patch = await patchOf(base, { changes: [before, gone], memory });
    await expect(applyPatch(base, patch)).rejects.toThrow(mismatch(`${layer}/kernel`));
  });

  test('is refused a memory of other features, or of classes that it has not', async () => {
    const base = await artifactsOfCase(name);
    const memory = await memoryOf(base);
    await expect(applyPatch(base, await patchOf(base, { memory }))).rejects.toThrow(mismatch('the class 2'));
    const narrow = { ...memory, features: memory.features.slice(0, 9) };
    await expect(applyPatch(base, await patchOf(base, { classes: 3, memory: narrow }))).rejects.toThrow(
      mismatch('3 features'),
    );
  });
});

test('a student without a last dense layer takes no memory', async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [3], name: 'a' }), tf.layers.reLU()],
  });
  const base = await artifactsOf(model);
  model.dispose();
  const memory = { features: new Float32Array(3), labels: new Int32Array(1), k: 1, temperature: 1 };
  const patch = await patchOf(base, { memory });
  await expect(applyPatch(base, patch)).rejects.toThrow(expect.objectContaining({ code: 'student-invalid' }));
});
