import 'limbeck/webgpu';
import {
  cnn,
  distill,
  dsCnn,
  fromArrays,
  loadTeacher,
  mlp,
  mobilenetV1,
  type NamedArrays,
  openTrainer,
  resnet8,
  sumOverTime,
  type Teacher,
  type Trainer,
  type TrainerOptions,
  take,
  transformerTiny,
} from 'limbeck';
import type { SpyReport, SpyRequest } from './gpuSpy.ts';

const FEATURES = 8;
const CLASSES = 4;
const SIZE = 96;
const BATCH = 32;
const EPOCHS = 4;

type TrainJob = Parameters<Trainer['train']>[0];

function points() {
  let state = 5;
  return Float32Array.from({ length: SIZE * FEATURES }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state / 4294967296) * 4 - 2;
  });
}

function rowsOf(data: Float32Array, width: number, indices: Int32Array) {
  const rows = new Float32Array(indices.length * width);
  indices.forEach((index, i) => {
    rows.set(data.subarray(index * width, (index + 1) * width), i * width);
  });
  return { data: rows, shape: [indices.length, width] };
}

async function jobFor(asksColocatedTeacher: boolean): Promise<TrainJob> {
  return {
    student: await mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [16] }).portable(),
    loss: { name: 'softTargets', options: { temperature: 2, output: 'logits' }, terms: [] },
    teacherShapes: { logits: [CLASSES] },
    size: SIZE,
    epochs: EPOCHS,
    batchSize: BATCH,
    optimizer: { learningRate: 0.03 },
    seed: 3,
    holdoutSize: 0,
    asksColocatedTeacher,
  };
}

async function train(trainer: Trainer, answers: Float32Array | undefined) {
  const job = await jobFor(answers === undefined);
  const inputs = points();
  const losses: number[] = [];
  const read = async (indices: Int32Array) => ({
    inputs: { x: rowsOf(inputs, FEATURES, indices) },
    teacher: answers === undefined ? {} : ({ logits: rowsOf(answers, CLASSES, indices) } as NamedArrays),
  });
  const readInputs = async (indices: Int32Array) => (await read(indices)).inputs;
  const source = { read, readInputs, readHoldout: async () => ({}) };
  await trainer.check(job, await read(Int32Array.of(0, 1)));
  if (answers === undefined) await spy('reset');
  const signal = new AbortController().signal;
  const { error, artifacts, colocatedUsage } = await trainer.train(
    job,
    source,
    (event) => {
      if (event.type === 'epoch') losses.push(event.loss);
    },
    signal,
  );
  if (error !== undefined) throw error;
  return {
    losses,
    colocatedUsage,
    weightBytes: artifacts.weightSpecs.map(({ shape }) => 4 * shape.reduce((a, b) => a * b, 1)),
  };
}

const channel = new BroadcastChannel('gpu-spy');

function spy(request: SpyRequest): Promise<SpyReport> {
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => resolve(data);
    channel.postMessage(request);
  });
}

function spiedWorker(query = '') {
  return () => new Worker(`/gpu-spy.js${query}`, { type: 'module' });
}

/** Which model teaches, and how it is read. */
type Lesson = 'dense' | 'sequence';

const lessons = {
  dense: { url: '/dense.onnx', options: {} },
  sequence: { url: '/sequence.onnx', options: { read: sumOverTime({ classes: [3, 0, 1, 2] }) } },
};

async function askAll(teacher: Teacher): Promise<Float32Array> {
  const { logits } = await teacher.ask({ x: { data: points(), shape: [SIZE, FEATURES] } });
  return logits?.data as Float32Array;
}

/** Teacher and student on one GPU. */
export async function trainOnGpu(lesson: Lesson) {
  const { url, options } = lessons[lesson];
  await using trainer = await openTrainer({ backend: 'webgpu', worker: spiedWorker() });
  await using teacher = await loadTeacher(url, { ...options, colocatedWith: trainer }).done;
  const answers = await askAll(teacher);
  const isColocated = trainer.isColocated(teacher);
  const trained = await train(trainer, undefined);
  const report = await spy('report');
  const { tensors } = await trainer.memory();
  const { device, why } = teacher.description;
  const description = trainer.description;
  return { ...trained, description, device, why, isColocated, tensors, report, answers: Array.from(answers) };
}

/** Both on wasm, in workers of their own. */
export async function trainOnWasm(lesson: Lesson) {
  const { url, options } = lessons[lesson];
  await using trainer = await openTrainer({ threads: 1 });
  await using teacher = await loadTeacher(url, { ...options, device: 'wasm', threads: 1 }).done;
  const answers = await askAll(teacher);
  return { answers: Array.from(answers), losses: (await train(trainer, answers)).losses };
}

/** A trainer that was to be on a GPU that is not there, or computes wrong numbers; and a teacher colocated with it. */
export async function openWithout(query: string) {
  const options: TrainerOptions = { backend: 'webgpu', threads: 1, worker: spiedWorker(query) };
  await using trainer = await openTrainer(options);
  await using teacher = await loadTeacher('/dense.onnx', { colocatedWith: trainer, device: 'wasm', threads: 1 }).done;
  const { losses } = await train(trainer, await askAll(teacher));
  const { notices } = teacher.description;
  return { description: trainer.description, isColocated: trainer.isColocated(teacher), notices, losses };
}

/** The verb itself: what is asked where, and what it gives. */
export async function distilNear() {
  await using trainer = await openTrainer({ backend: 'webgpu', worker: spiedWorker() });
  await using teacher = await loadTeacher('/dense.onnx', { colocatedWith: trainer }).done;
  const student = mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [16] });
  const data = fromArrays({ x: { data: points(), shape: [SIZE, FEATURES] } });
  const holdout = take(data, 40);
  const run = distill({ teacher, student, data, holdout, trainer, epochs: 4, batchSize: BATCH });
  const { report, holdoutAnswers } = await run.done;
  return { report, holdoutShape: holdoutAnswers?.['logits']?.shape, hasWeights: student.artifacts !== undefined };
}

/** The GPU goes away while a student learns. */
export async function loseGpu() {
  await using trainer = await openTrainer({ backend: 'webgpu', worker: spiedWorker() });
  await using teacher = await loadTeacher('/dense.onnx', { colocatedWith: trainer }).done;
  const student = mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [16] });
  const data = fromArrays({ x: { data: points(), shape: [SIZE, FEATURES] } });
  const run = distill({ teacher, student, data, trainer, epochs: 1000, batchSize: BATCH });
  try {
    for await (const event of run) if (event.type === 'epoch' && event.epoch === 2) await spy('lose');
    await run.done;
    return 'it went on';
  } catch (error) {
    return { code: (error as { code?: string }).code, message: (error as Error).message };
  }
}

const zoo = {
  mlp: mlp({ inputShape: [64], classes: CLASSES }),
  mobilenetV1: mobilenetV1({ inputShape: [64, 64, 3], classes: CLASSES }),
  cnn: cnn({ inputShape: [16, 16, 1], classes: CLASSES }),
  dsCnn: dsCnn({ inputShape: [16, 16, 1], classes: CLASSES }),
  resnet8: resnet8({ inputShape: [16, 16, 3], classes: CLASSES }),
  transformerTiny: transformerTiny({ length: 12, vocabulary: 30, classes: CLASSES, blocks: 1 }),
};

/** Few, because the GPU of the tests runs in software. */
const ZOO_BATCH = 4;

/** Losses of a few steps of a student of the zoo, on wasm and on the GPU, and the shaders of a step there; its data are noise. */
export async function trainZoo(name: keyof typeof zoo) {
  const student = zoo[name];
  const picture = { cnn: [16, 16, 1], dsCnn: [16, 16, 1], resnet8: [16, 16, 3], mobilenetV1: [64, 64, 3] };
  const shape = { ...picture, mlp: [64], transformerTiny: [12] }[name];
  const count = shape.reduce((a, b) => a * b, ZOO_BATCH);
  const noise = Float32Array.from({ length: count }, (_, i) => Math.sin(i * i * 0.37));
  const data = name === 'transformerTiny' ? Int32Array.from(noise, (x) => Math.floor(14.9 * (x + 1))) : noise;
  const logits = { data: noise.slice(0, ZOO_BATCH * CLASSES), shape: [ZOO_BATCH, CLASSES] };
  const batch = { inputs: { x: { data, shape: [ZOO_BATCH, ...shape] } }, teacher: { logits } };
  const job = {
    ...(await jobFor(false)),
    student: await student.portable(),
    size: ZOO_BATCH,
    batchSize: ZOO_BATCH,
    // Normalization over the few values of mobilenet's last maps makes steps large.
    optimizer: { name: 'sgd', learningRate: name === 'mobilenetV1' ? 2e-4 : 2e-3 },
  } as const;
  // Of one batch only, which is given as it is: the order of its rows does not count.
  const source = { read: async () => batch, readInputs: async () => batch.inputs, readHoldout: async () => ({}) };
  const lossesOf = async (trainer: Trainer, epochs: number) => {
    const seen: number[] = [];
    const onEvent = (event: { type: string; loss?: number }) => {
      if (event.type === 'epoch') seen.push(event.loss as number);
    };
    const { error } = await trainer.train({ ...job, epochs }, source, onEvent, new AbortController().signal);
    if (error !== undefined) throw error;
    return seen;
  };
  await using onWasm = await openTrainer({ backend: 'wasm', threads: 1 });
  await using onGpu = await openTrainer({ backend: 'webgpu', threads: 1, worker: spiedWorker() });
  const { backend } = onGpu.description;
  const wasm = await lossesOf(onWasm, EPOCHS);
  const dispatchesOf = async (epochs: number) => {
    await spy('reset');
    const losses = await lossesOf(onGpu, epochs);
    return { losses, dispatches: (await spy('report')).dispatches };
  };
  // What a run does once, such as to lay out its weights, is in both.
  const [short, long] = [await dispatchesOf(EPOCHS / 2), await dispatchesOf(EPOCHS)];
  const dispatchesPerStep = (long.dispatches - short.dispatches) / (EPOCHS / 2);
  return { backend, wasm, webgpu: long.losses, dispatchesPerStep };
}
