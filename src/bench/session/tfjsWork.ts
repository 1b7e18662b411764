import { LimbeckError } from '../../core/errors.ts';
import { derivedSeed, seededRandom } from '../../core/random.ts';
import { type NamedArrays, type NdArray, sizeOf } from '../../core/shape.ts';
import { crossEntropy } from '../../losses/response/crossEntropy.ts';
import { softTargets } from '../../losses/response/softTargets.ts';
import type { ModelValue } from '../../model/model.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent, describeStudent, settleBackend } from '../../student/build.ts';
import { artifactsOf } from '../../student/layersModel.ts';
import type { PortableStudent, StudentArtifacts } from '../../student/student.ts';
import type { TrainBatch } from '../../train/batch.ts';
import { isOnGpu, openGpuStepper } from '../../train/gpuStepper.ts';
import { makeOptimizer } from '../../train/optimizer.ts';
import { predictBatch } from '../../train/predict.ts';
import { openStepper } from '../../train/stepper.ts';
import { benchInputs, type InputChoice } from './benchInputs.ts';
import { openTfjsPlace } from './openTfjsPlace.ts';
import type { BenchTask, OpenWork } from './task.ts';

/**
 * What a training step answers for: so many steps on so few examples, because the reference computes them in plain JavaScript.
 * Kernels replay a step from the fifth on. With Adam's own small epsilon a gradient that is a rounding error moves a weight as far
 * as a large one, and backends that are right would differ; with this one a weight moves about as far as its gradient says. The steps
 * are small, because deep networks with batch normalization make much of a small difference between weights.
 */
const ANSWER = { steps: 5, examples: 4, adam: { learningRate: 0.0001, epsilon: 0.1 } };
/** So slow that a model trained on one batch for a minute does not come to rest, where numbers become too small to be normal. */
const TIMED = { learningRate: 1e-6 };

/** The weights that a design begins with, made in plain JavaScript. Throws    student-invalid */
export async function buildArtifacts(student: PortableStudent, seed: number): Promise<StudentArtifacts> {
  await settleBackend(tf);
  const model = await buildStudent(student, seed);
  try {
    return await artifactsOf(model);
  } finally {
    model.dispose();
  }
}

/**
 * A student that answers, in tfjs. A pass predicts one batch and reads the outputs.
 * Throws    what `openTfjsPlace` throws · student-invalid · shape-mismatch
 */
export async function openPredictWork(task: Extract<BenchTask, { work: 'predict' }>): Promise<OpenWork> {
  const { backend, model, close } = await open(task);
  const inputsOf = (which: number) => benchInputs(inputsOfModel(model), { ...task, which });
  const inputs = inputsOf(0);
  return {
    ...backend,
    pass: () => predictBatch(model, inputs),
    answer: (which) => predictBatch(model, inputsOf(which)),
    dispose: close,
  };
}

/**
 * A student that learns with Adam. A pass is one step on a batch, with its loss read.
 * Throws    what `openTfjsPlace` throws · student-invalid · shape-mismatch
 */
export async function openTrainWork(task: Extract<BenchTask, { work: 'train' }>): Promise<OpenWork> {
  const { backend, model, close } = await open(task);
  const { student, place } = task;
  const loss = task.loss === 'crossEntropy' ? crossEntropy() : softTargets();

  function trainer(trained: tf.LayersModel, adam: { readonly learningRate: number; readonly epsilon?: number }) {
    const isStock = place.engine === 'wasm' || place.engine === 'webgl';
    const { learningRate, epsilon } = adam;
    const optimizer = isStock ? tf.train.adam(learningRate, undefined, undefined, epsilon) : makeOptimizer(tf, adam);
    const options = { model: trained, loss, optimizer };
    const stepper = isOnGpu() ? openGpuStepper(options) : openStepper(options);
    const dispose = () => {
      stepper[Symbol.dispose]();
      optimizer.dispose();
    };
    return { step: (batch: TrainBatch) => stepper.step(batch, 'a benchmark'), dispose };
  }

  /** Trains anew from the student's weights: what steps before have left has no share in it. */
  async function answer(which: number): Promise<NamedArrays> {
    const fresh = await buildStudent({ kind: 'artifacts', artifacts: student }, 0);
    const taught = trainer(fresh, ANSWER.adam);
    try {
      const before = await weightsOf(fresh);
      const batch = batchOf(fresh, { ...task, batch: ANSWER.examples, which });
      const losses = new Float32Array(ANSWER.steps);
      for (let i = 0; i < ANSWER.steps; i++) losses[i] = await taught.step(batch);
      const after = await weightsOf(fresh);
      const changes = after.map((weights, at) => weights.map((value, i) => value - (before[at]?.[i] as number)));
      return {
        losses: { data: losses, shape: [ANSWER.steps] },
        ...Object.fromEntries(changes.map((data, at) => [`change ${at}`, { data, shape: [data.length] }])),
      };
    } finally {
      taught.dispose();
      fresh.dispose();
    }
  }

  const timed = trainer(model, TIMED);
  const batch = batchOf(model, { ...task, which: 0 });
  return {
    ...backend,
    pass: () => timed.step(batch),
    answer,
    dispose() {
      timed.dispose();
      return close();
    },
  };
}

/** The student on its backend. */
async function open({ student, place, assetBase }: Exclude<BenchTask, { work: 'onnx' }>) {
  const { close: closeBackend, ...backend } = await openTfjsPlace(place, assetBase);
  try {
    const model = await buildStudent({ kind: 'artifacts', artifacts: student }, 0);
    const close = async () => {
      model.dispose();
      await closeBackend();
    };
    return { backend, model, close };
  } catch (error) {
    await closeBackend();
    throw error;
  }
}

function inputsOfModel(model: tf.LayersModel): ModelValue[] {
  return model.inputs.map(({ shape }, i) => ({ name: model.inputNames[i] as string, type: 'float32', shape }));
}

/** Inputs, labels, and answers as a teacher might give them. */
function batchOf(model: tf.LayersModel, choice: InputChoice): TrainBatch {
  const { batch, seed, which } = choice;
  const outputs = Object.entries(describeStudent(model).outputs);
  const random = seededRandom(derivedSeed(seed, `bench/answers/${which}`));
  const answers = outputs.map(([name, shape]): [string, NdArray] => {
    if (shape.includes(null)) {
      throw new LimbeckError('shape-mismatch', `The student's output "${name}" has a length that it leaves open.`);
    }
    const lengths = [batch, ...(shape as number[])];
    return [name, { data: Float32Array.from({ length: sizeOf(lengths) }, () => 8 * random() - 4), shape: lengths }];
  });
  const classes = outputs[0]?.[1].at(-1) ?? 1;
  return {
    inputs: benchInputs(inputsOfModel(model), choice),
    teacher: Object.fromEntries(answers),
    labels: Int32Array.from({ length: batch }, () => Math.floor(random() * classes)),
  };
}

async function weightsOf(model: tf.LayersModel): Promise<Float32Array[]> {
  return Promise.all(model.getWeights().map(async (tensor) => Float32Array.from(await tensor.data())));
}
