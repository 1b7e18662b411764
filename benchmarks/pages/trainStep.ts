import { softTargets } from '../../src/losses/softTargets.ts';
import type { BackendOptions } from '../../src/runtime/backends/backend.ts';
import { openBackendHere } from '../../src/runtime/backends/open.ts';
import * as tf from '../../src/runtime/tf.ts';
import { buildStudent } from '../../src/student/build.ts';
import { cnn } from '../../src/student/zoo/cnn.ts';
import { mlp } from '../../src/student/zoo/mlp.ts';
import { trainStep } from '../../src/train/loop.ts';
import { makeOptimizer } from '../../src/train/optimizer.ts';

const BATCH = 64;
const CLASSES = 10;
const students = { mlp: { student: mlp(), shape: [784] }, cnn: { student: cnn(), shape: [28, 28, 1] } };
export type StudentName = keyof typeof students;

/** Milliseconds of each training step (forward, backward, Adam) of a student on one backend. */
export async function timeSteps(name: StudentName, options: BackendOptions, repeats: number) {
  const backend = await openBackendHere({ ...options, assetBase: '/' });
  const { student, shape } = students[name];
  const model = await buildStudent(await student.portable(), 1);
  const optimizer = makeOptimizer(tf, {});
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const size = shape.reduce((product, length) => product * length, BATCH);
  const batch = {
    inputs: {
      input: {
        data: Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 255) / 255),
        shape: [BATCH, ...shape],
      },
    },
    teacher: {
      logits: { data: Float32Array.from({ length: BATCH * CLASSES }, (_, i) => Math.sin(i)), shape: [BATCH, CLASSES] },
    },
  };
  const times: number[] = [];
  for (let i = 0; i < repeats + Math.min(5, repeats); i++) {
    const start = performance.now();
    trainStep({ model, loss: softTargets(), optimizer }, variables, batch, 'benchmark');
    times.push(performance.now() - start);
  }
  optimizer.dispose();
  model.dispose();
  backend.dispose();
  return { times: times.slice(-repeats), description: backend.description };
}
