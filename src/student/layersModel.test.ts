import { beforeAll, describe, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf, studentFromModel } from './layersModel.ts';
import { isLayersModel, type StudentArtifacts } from './student.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
expectNoTensorsLeft();

function model(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [3], trainable: false }),
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 2 }),
    ],
    name: 'mine',
  });
}

/** Weights counted 0, 1, 2 … in the order of the artifacts. */
function counted({ modelTopology, weightSpecs, weightData }: StudentArtifacts): StudentArtifacts {
  return {
    modelTopology,
    weightSpecs,
    weightData: Float32Array.from({ length: weightData.byteLength / 4 }, (_, i) => i).buffer,
  };
}

describe('studentFromModel', () => {
  test('reads the weights when a run starts, not when it is made', async () => {
    const mine = model();
    const student = studentFromModel(mine);
    expect(student.name).toBe('mine');
    expect(student.artifacts).toBeUndefined();
    const ones = mine.getWeights().map(({ shape }) => tf.ones(shape));
    mine.setWeights(ones);
    tf.dispose(ones);
    const portable = await student.portable();
    expect(portable.kind).toBe('artifacts');
    const values = new Float32Array(student.artifacts?.weightData ?? new ArrayBuffer(0));
    expect(values.length).toBe(mine.countParams());
    expect(values.every((value) => value === 1)).toBe(true);
    mine.dispose();
  });

  test('puts every trained weight back at its place: frozen ones and moving statistics too', async () => {
    const mine = model();
    const student = studentFromModel(mine);
    await student.portable();
    const trained = counted(student.artifacts as StudentArtifacts);
    await student.adopt(trained);
    const after = await artifactsOf(mine);
    expect(after.weightSpecs).toEqual(trained.weightSpecs);
    expect(new Float32Array(after.weightData)).toEqual(new Float32Array(trained.weightData));
    expect(student.artifacts).toBe(trained);
    mine.dispose();
  });

  test('leaves no tensor behind, however often it adopts', async () => {
    const mine = model();
    const student = studentFromModel(mine);
    await student.portable();
    const trained = counted(student.artifacts as StudentArtifacts);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) await student.adopt(trained);
    expect(tf.memory().numTensors).toBe(before);
    mine.dispose();
  });

  test('takes nothing but a LayersModel', () => {
    for (const value of [undefined, null, 'cnn', {}, { getWeights: 1 }]) {
      expect(isLayersModel(value)).toBe(false);
      const make = () => studentFromModel(value as unknown as tf.LayersModel);
      expect(make).toThrow(expect.objectContaining({ code: 'student-invalid' }));
    }
  });

  test('reports a model that tfjs cannot save', async () => {
    const broken = { name: 'broken', getWeights: () => [], save: () => Promise.reject(new Error('no config')) };
    const student = studentFromModel(broken as unknown as tf.LayersModel);
    await expect(student.portable()).rejects.toThrow(expect.objectContaining({ code: 'student-invalid' }));
    await expect(student.portable()).rejects.toThrow('"broken": no config');
  });
});
