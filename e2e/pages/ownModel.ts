import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {
  cnn,
  distill,
  fromArrays,
  headOnly,
  LimbeckError,
  personalize,
  type Teacher,
  type TrainerOptions,
  toFiles,
} from 'limbeck';

const CLASSES = 4;

/** A small problem: the brightest quarter of an 12 × 12 image is its class; the teacher is sure of it. */
function problem(count: number) {
  const data = new Float32Array(count * 144);
  let state = 7;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const image = Math.floor(i / 144);
    const quarter = Math.floor((Math.floor((i % 144) / 12) * 2) / 12) * 2 + Math.floor(((i % 12) * 2) / 12);
    data[i] = (state / 4294967296) * 0.5 + (quarter === image % CLASSES ? 0.5 : 0);
  }
  return { data, shape: [count, 12, 12, 1] };
}

function quarterTeacher(): Teacher {
  return {
    description: { name: 'quarters', bytes: 0, device: 'wasm', threads: 1, inputs: {}, outputs: {}, notices: [] },
    async ask(inputs) {
      const images = Object.values(inputs)[0];
      const batch = images?.shape[0] ?? 0;
      const logits = new Float32Array(batch * CLASSES);
      for (let b = 0; b < batch; b++) {
        for (let p = 0; p < 144; p++) {
          const quarter = Math.floor((Math.floor(p / 12) * 2) / 12) * 2 + Math.floor(((p % 12) * 2) / 12);
          const at = b * CLASSES + quarter;
          logits[at] = (logits[at] ?? 0) + (images?.data[b * 144 + p] ?? 0) / 3;
        }
      }
      return { logits: { data: logits, shape: [batch, CLASSES] } };
    },
    timeMs: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function ownModel(): layers.LayersModel {
  const start = (seed: number) => layers.initializers.glorotUniform({ seed });
  const convolution = {
    filters: 8,
    kernelSize: 3,
    strides: 2,
    activation: 'relu',
    kernelInitializer: start(1),
  } as const;
  return layers.sequential({
    layers: [
      layers.layers.conv2d({ inputShape: [12, 12, 1], ...convolution }),
      layers.layers.flatten(),
      layers.layers.dense({ units: CLASSES, kernelInitializer: start(2) }),
    ],
  });
}

/** A frozen model must be refused with a code before any training. */
export async function refuseFrozen() {
  await tf.setBackend('cpu');
  const model = ownModel();
  for (const layer of model.layers) layer.trainable = false;
  try {
    await distill({ teacher: quarterTeacher(), student: model, data: fromArrays(problem(8)) }).done;
    return { code: 'nothing was thrown' };
  } catch (error) {
    return { code: error instanceof LimbeckError ? error.code : String(error) };
  } finally {
    model.dispose();
  }
}

/** A page's own model is trained in the worker and gets its weights back; the page's own tfjs keeps no tensor more. */
export async function trainOwn() {
  await tf.setBackend('cpu');
  const model = ownModel();
  const before = {
    weights: model.getWeights().flatMap((w) => Array.from(w.dataSync())),
    tensors: tf.memory().numTensors,
  };
  const all = fromArrays(problem(256));
  const labels = Int32Array.from({ length: 256 }, (_, i) => i % CLASSES);
  const holdout = fromArrays(problem(256), labels);
  const run = distill({ teacher: quarterTeacher(), student: model, data: all, holdout, epochs: 16, batchSize: 32 });
  const { report } = await run.done;
  const after = {
    weights: model.getWeights().flatMap((w) => Array.from(w.dataSync())),
    tensors: tf.memory().numTensors,
  };
  const outputs = model.predict(tf.tensor(problem(64).data, [64, 12, 12, 1])) as tf.Tensor;
  const answers = Array.from(tf.argMax(outputs, -1).dataSync());
  return {
    accuracyInReport: report.holdout['accuracy'],
    accuracyHere: answers.filter((answer, i) => answer === i % CLASSES).length / 64,
    hasChanged: before.weights.some((weight, i) => weight !== after.weights[i]),
    tensorsLeft: after.tensors - before.tensors,
  };
}

/** The same run in a worker and on this thread; both give their weights as text. */
export async function trainTwice(threads: number) {
  const train = async (trainer: TrainerOptions) => {
    const student = cnn({ inputShape: [12, 12, 1], classes: CLASSES });
    const events: string[] = [];
    const setup = { teacher: quarterTeacher(), data: fromArrays(problem(96)), epochs: 2, batchSize: 32, seed: 5 };
    const run = distill({ ...setup, student, trainer });
    for await (const event of run) events.push(event.type);
    const { report } = await run.done;
    if (student.artifacts === undefined) throw new Error('no weights');
    const weights = toFiles(student.artifacts)['weights.bin'];
    return { weights: Array.from(weights).join(), events: [...new Set(events)], backend: report.backend };
  };
  return {
    worker: await train({ threads }),
    inline: await train({ worker: 'none', threads }),
  };
}

/** A private run in a worker and on this thread, with the same noise, and one in a worker with fresh noise. */
export async function personalizePrivately() {
  await tf.setBackend('cpu');
  const student = ownModel();
  const data = fromArrays(
    problem(40),
    Int32Array.from({ length: 40 }, (_, i) => i % CLASSES),
  );
  const run = async (trainer: TrainerOptions, noiseSeed?: number[]) => {
    const privacy = { epsilon: 3, steps: 4, ...(noiseSeed && { noiseSeed }) };
    const setup = { student, data, method: headOnly(), guard: { holdoutFraction: 0 } };
    const { changes, report } = await personalize({ ...setup, privacy, trainer: { ...trainer, threads: 1 } }).done;
    const { backend } = report.backend;
    return {
      numbers: JSON.stringify(changes),
      noise: report.privacy?.noise,
      epsilon: report.privacy?.epsilon,
      backend,
    };
  };
  try {
    const noiseSeed = [1, 2, 3, 4, 5, 6, 7, 8];
    return {
      worker: await run({}, noiseSeed),
      inline: await run({ worker: 'none' }, noiseSeed),
      fresh: await run({}),
    };
  } finally {
    student.dispose();
  }
}
