// What the tests of loaded students share. Only tests import this file.
import { afterEach, beforeAll, expect } from 'vitest';
import { floats, modelOf, node, value } from '../onnx/cases/tinyCases.ts';
import { writeModel } from '../onnx/model.ts';
import { ortAssets } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { applyStudent, buildStudent } from '../student/build.ts';
import { packBundle } from '../student/files/packBundle.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { splitWeights } from '../student/weightBytes.ts';
import { mlp } from '../student/zoo/mlp.ts';
import type { LoadedStudent } from './loadedStudent.ts';
import { loadStudent } from './loadStudent.ts';
import type { LoadStudentOptions } from './loadStudentOptions.ts';
import type { PredictSource } from './readSource.ts';

export const labels = ['a', 'b', 'c'];

/** A small student as tfjs has it, its twin in ONNX, and both in a bundle. */
export interface TinyStudent {
  readonly artifacts: StudentArtifacts;
  /** Its first weights may be scaled, so that it says something else. */
  onnx(scale?: number): Uint8Array<ArrayBuffer>;
  bundle(onnx?: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
}

async function tinyStudent(): Promise<TinyStudent> {
  const artifacts = await artifactsFrom(mlp({ inputShape: [10, 10, 1], classes: 3, hidden: [7] }), 'build');
  const [w1, b1, w2, b2] = splitWeights(artifacts).map(({ bytes }) => [...new Float32Array(bytes.slice().buffer)]);
  const onnx = (scale = 1) =>
    writeModel(
      modelOf({
        input: [value('input', ['B', 10, 10, 1])],
        output: [value('logits', ['B', 3])],
        initializer: [
          floats('w1', [100, 7], w1?.map((weight) => weight * scale) ?? []),
          floats('b1', [7], b1 ?? []),
          floats('w2', [7, 3], w2 ?? []),
          floats('b2', [3], b2 ?? []),
        ],
        node: [
          node('Flatten', ['input'], ['flat']),
          node('Gemm', ['flat', 'w1', 'b1'], ['h']),
          node('Relu', ['h'], ['r']),
          node('Gemm', ['r', 'w2', 'b2'], ['logits']),
        ],
      }),
    );
  const about = {
    name: 'shapes',
    labels,
    input: { kind: 'image' },
    inputs: { input: [null, 10, 10, 1] },
    outputs: { logits: [null, 3] },
  };
  return { artifacts, onnx, bundle: (given = onnx()) => packBundle({ about, artifacts, onnx: given }) };
}

/** Ready-made for the tests of a file: what they load is ended after each, and must leave no tensor. */
export function loadedStudents() {
  const opened: LoadedStudent[] = [];
  const given = {} as { tiny: TinyStudent; bundle: Uint8Array<ArrayBuffer> };
  beforeAll(async () => {
    await tf.setBackend('cpu');
    given.tiny = await tinyStudent();
    given.bundle = await given.tiny.bundle();
  });
  afterEach(async () => {
    for (const student of opened.splice(0)) await student[Symbol.asyncDispose]();
    expect(tf.memory().numTensors).toBe(0);
  });
  const load = async (source: PredictSource, options: LoadStudentOptions = {}): Promise<LoadedStudent> => {
    const student = await loadStudent(source, { worker: 'none', assetBase: ortAssets(), threads: 1, ...options });
    opened.push(student);
    return student;
  };
  /** That it says what tfjs itself says. */
  const expectAnswers = async (student: LoadedStudent, count = 5): Promise<void> => {
    const { outputs } = await student.predict(images(count));
    const model = await buildStudent({ kind: 'artifacts', artifacts: given.tiny.artifacts }, 0);
    const { data, shape } = images(count);
    const answer = tf.tidy(() => applyStudent(model, [tf.tensor(data, shape)], 'inference')['logits']?.dataSync());
    model.dispose();
    expect(outputs['logits']?.shape).toEqual([count, 3]);
    for (const [i, logit] of (answer as Float32Array).entries())
      expect(outputs['logits']?.data[i]).toBeCloseTo(logit, 5);
  };
  return { given, load, expectAnswers };
}

export const images = (count: number) => ({
  data: Float32Array.from({ length: count * 100 }, (_, i) => Math.sin(i)),
  shape: [count, 10, 10, 1],
});
