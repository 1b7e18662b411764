import { describe, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { artifactsOf } from '../layersModel.ts';
import { withMemory } from '../patch/withMemory.ts';
import type { StudentArtifacts } from '../student.ts';
import { classifierOf, withClasses } from './classifier.ts';
import { refuseSoftmax, withLogits } from './withLogits.ts';

await tf.setBackend('cpu');

const dense = (activation?: 'softmax') =>
  tf.layers.dense({ units: 3, inputShape: [4], name: 'last', ...(activation && { activation }) });
const ends = [
  ['an activation', () => [dense('softmax')]],
  ['a layer', () => [dense(), tf.layers.softmax({ name: 'end' })]],
  ['an activation layer', () => [dense(), tf.layers.activation({ activation: 'softmax', name: 'end' })]],
] as const;

async function answer(artifacts: StudentArtifacts): Promise<number[][]> {
  const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
  const x = tf.tensor2d([1, 2, 3, 4, -1, 0, 1, 2, 0, 0, 0, 5], [3, 4]);
  const out = tf.tidy(() => tf.clone(model.predict(x) as tf.Tensor2D));
  const rows = out.arraySync();
  tf.dispose([x, out]);
  model.dispose();
  return rows;
}

async function artifactsWith(layers: tf.layers.Layer[]): Promise<StudentArtifacts> {
  const model = tf.sequential({ layers });
  const artifacts = await artifactsOf(model);
  model.dispose();
  return artifacts;
}

const softmax = (row: readonly number[]) => {
  const shares = row.map(Math.exp);
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
};

function expectNear(found: number[][], expected: number[][]): void {
  for (const [i, row] of expected.entries()) {
    for (const [c, value] of row.entries()) expect(found[i]?.[c]).toBeCloseTo(value, 5);
  }
}

describe.each(ends)('a student that ends in a softmax, %s', (_, layers) => {
  expectNoTensorsLeft();

  test('gives its logits without it, by the same weights', async () => {
    const artifacts = await artifactsWith(layers());
    const logits = withLogits(artifacts);
    expect(logits.weightData).toBe(artifacts.weightData);
    expectNear((await answer(logits)).map(softmax), await answer(artifacts));
    expect((await answer(logits)).flat().some((value) => value < 0 || value > 1)).toBe(true);
    expect(withLogits(logits)).toBe(logits);
  });

  test('has a classifier, which can grow and be replaced, and stays a student that gives probabilities', async () => {
    const artifacts = await artifactsWith(layers());
    expect(classifierOf(artifacts)).toMatchObject({ layer: 'last', classes: 3 });
    const [grown] = await answer(withClasses(artifacts, 5, 'zeros'));
    expect(grown).toHaveLength(5);
    expect(grown?.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    const memory = {
      features: Float32Array.of(1, 2, 3, 4, 0, 0, 0, 5),
      labels: Int32Array.of(2, 0),
      k: 2,
      temperature: 1,
    };
    const remembering = withMemory(artifacts, memory, 3);
    const rows = await answer(remembering);
    expect(rows.map((row) => row.indexOf(Math.max(...row)))).toEqual([2, 0, 0]);
    for (const row of rows) expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    expectNear((await answer(withLogits(remembering))).map(softmax), rows);
  });

  test('is refused where logits are needed as they are', async () => {
    const artifacts = await artifactsWith(layers());
    expect(() => refuseSoftmax(artifacts)).toThrow(expect.objectContaining({ code: 'student-invalid' }));
    expect(() => refuseSoftmax(withLogits(artifacts))).not.toThrow();
  });
});
