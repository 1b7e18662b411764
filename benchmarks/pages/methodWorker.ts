// Runs inside a worker: a training step, or the answer to a batch, of a reference student on limbeck's kernels, timed when asked;
// made slower on purpose, where it is told to.

import { type ReferenceStudent, referenceStudents } from '../../src/bench/standardSet.ts';
import { timePasses } from '../../src/core/timing.ts';
import { crossEntropy } from '../../src/losses/response/crossEntropy.ts';
import { openBackendHere } from '../../src/runtime/backends/open.ts';
import * as tf from '../../src/runtime/tf.ts';
import { buildStudent } from '../../src/student/build.ts';
import { makeOptimizer } from '../../src/train/optimizer.ts';
import { predictBatch } from '../../src/train/predict.ts';
import { openStepper } from '../../src/train/stepper.ts';
import { answerQuestions, type Timed } from './answerQuestions.ts';

/** What a worker is opened for. */
export interface MethodTask {
  readonly work: 'train-step' | 'inference';
  readonly student: string;
  readonly threads: number;
  /** Every pass takes this fraction longer than the work in it. */
  readonly slowdown: number;
}

export type MethodRequest = { readonly ask: 'open'; readonly task: MethodTask } | ({ readonly ask: 'time' } & Timed);

let pass: () => unknown = () => {
  throw new Error('Nothing is open.');
};

async function open({ work, student, threads, slowdown }: MethodTask): Promise<number> {
  const { description } = await openBackendHere({ threads, assetBase: '/' });
  const { make, shape, batch: size, classes } = referenceStudents[student] as ReferenceStudent;
  const model = await buildStudent(await make().portable(), 1);
  const length = shape.reduce((product, side) => product * side, size);
  const data = Float32Array.from({ length }, (_, i) => ((i * 7919) % 255) / 128 - 1);
  const inputs = { input: { data, shape: [size, ...shape] } };
  const labels = Int32Array.from({ length: size }, (_, i) => i % classes);
  // So slow that the student does not come to rest, where numbers become too small to be normal.
  const stepper = openStepper({ model, loss: crossEntropy(), optimizer: makeOptimizer(tf, { learningRate: 1e-6 }) });
  const step = () => stepper.step({ inputs, teacher: {}, labels }, 'benchmark');
  const once = work === 'train-step' ? step : () => predictBatch(model, inputs);
  pass = slowdown === 0 ? once : slower(once, slowdown);
  return description.threads;
}

/** Does the work, and then nothing for a fraction of the time that it took. */
function slower(once: () => unknown, fraction: number) {
  return async () => {
    const began = performance.now();
    await once();
    const until = began + (1 + fraction) * (performance.now() - began);
    while (performance.now() < until);
  };
}

answerQuestions((data: MethodRequest) =>
  data.ask === 'time' ? timePasses(pass, data.figures, 0, data.together) : open(data.task),
);
