import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { patchOf } from '../cases/patchCases.ts';
import { artifactsOf } from '../layersModel.ts';
import type { StudentArtifacts } from '../student.ts';
import { classifierOf, withFeatures } from '../topology/classifier.ts';
import { cnn } from '../zoo/cnn.ts';
import { applyPatch } from './applyPatch.ts';

async function artifactsOfCnn(classes: number): Promise<StudentArtifacts> {
  const model = await buildStudent(await cnn({ classes }).portable(), 1);
  const artifacts = await artifactsOf(model);
  model.dispose();
  return artifacts;
}

/** The last output for some images. */
async function answersOf(artifacts: StudentArtifacts, output = 0): Promise<number[][]> {
  const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
  const rows = tf.tidy(() => {
    const images = tf.randomNormal([5, 28, 28, 1], 0, 1, 'float32', 3);
    return ([model.predict(images)].flat()[output] as tf.Tensor).arraySync() as number[][];
  });
  model.dispose();
  return rows;
}

describe('a patched cnn on wasm', () => {
  onBackend('wasm');

  test.each([
    [10, 11],
    [10, 12],
    [3, 9],
    [16, 17],
    [7, 40],
  ])('that grows from %i classes to %i answers for the former ones bit for bit as before', async (former, classes) => {
    const base = await artifactsOfCnn(former);
    const student = await applyPatch(base, await patchOf(base, { classes }));
    const [before, after] = [await answersOf(base), await answersOf(student.artifacts as StudentArtifacts)];
    expect(after.map((row) => row.slice(0, former))).toEqual(before);
    expect(after.flatMap((row) => row.slice(former))).toEqual(new Array(5 * (classes - former)).fill(0));
  });

  test('knows the examples of its memory again', async () => {
    const base = await artifactsOfCnn(3);
    const features = await answersOf(withFeatures(base, classifierOf(base)));
    const labels = Int32Array.of(4, 0, 2, 3, 1);
    const memory = { features: Float32Array.from(features.flat()), labels, k: 1, temperature: 1 };
    const student = await applyPatch(base, await patchOf(base, { classes: 5, memory }));
    const logits = await answersOf(student.artifacts as StudentArtifacts);
    expect(logits.map((row) => row.indexOf(Math.max(...row)))).toEqual([...labels]);
    expect(logits.map((row) => Math.max(...row))).toEqual([0, 0, 0, 0, 0]);
  });
});
