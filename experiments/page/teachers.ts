// Who teaches: in 'few' a text reader that has never seen a handwritten digit, in 'all' a resnet8 that is trained here.
import {
  type CachedTeacher,
  cachedTeacher,
  crossEntropy,
  distill,
  type LabelledDataset,
  loadTeacher,
  resnet8,
  type Store,
  sumOverTime,
  type Trainer,
  toOnnx,
} from 'limbeck';
import { BATCH, optimizer, SIDE } from './amounts.ts';

/** Where losses on features read, on both sides. */
export interface FeatureNames {
  readonly output: string;
  readonly teacherOutput: string;
}

/** The teacher of a setting twice, with its answers kept: what most rows read, and the same with its feature maps. */
export interface Teachers extends AsyncDisposable {
  readonly teacher: CachedTeacher;
  readonly maps: CachedTeacher;
  /** The layer before the logits. */
  readonly features: FeatureNames;
  /** The last maps, for the cnn. */
  readonly lastMaps: FeatureNames;
  /** The same of the teacher before its activation. */
  readonly beforeActivation: FeatureNames;
  /** From shallow to deep. */
  readonly stages: { readonly outputs: readonly string[]; readonly teacherOutputs: readonly string[] };
}

interface Shared {
  readonly trainer: Trainer;
  readonly store: Store;
  readonly threads: number;
}

export async function openReader({ store, threads }: Shared): Promise<Teachers> {
  const keys = (await (await fetch('./models/ppocr_keys_v1.txt')).text()).split('\n');
  const classes = [...'0123456789'].map((digit) => keys.indexOf(digit) + 1);
  const taps = [
    { tensor: 'p2o.AveragePool.1', name: 'backbone' },
    { tensor: 'batch_norm_4.tmp_2', name: 'before' },
    { tensor: 'swish_12.tmp_0', name: 'columns' },
    { tensor: 'p2o.Add.269', name: 'features' },
  ];
  const reader = await loadTeacher('./models/ch_PP-OCRv4_rec_infer.onnx', {
    name: 'PP-OCRv4 recognition',
    input: { size: [48, 48], channels: 3, inverted: 'yes', mean: 0.5, stdDev: 0.5 },
    taps,
    read: sumOverTime({ classes, output: 'softmax_11.tmp_0', keep: taps.map(({ name }) => name) }),
    threads,
  }).done;
  const teacher = cachedTeacher(reader, store, { precision: 'float16', memoryBytes: 256 << 20 });
  return {
    teacher,
    maps: teacher,
    features: { output: 'dense', teacherOutput: 'features' },
    lastMaps: { output: 'pool_2', teacherOutput: 'columns' },
    beforeActivation: { output: 'pool_2', teacherOutput: 'before' },
    stages: { outputs: ['pool_1', 'pool_2'], teacherOutputs: ['backbone', 'columns'] },
    async [Symbol.asyncDispose]() {
      await teacher[Symbol.asyncDispose]();
      await reader[Symbol.asyncDispose]();
    },
  };
}

/**
 * Trained on all labels, written as ONNX, and loaded as any teacher. It sees the digits that the students see: had it seen
 * varied ones, it would be unknown what its students owe to it and what to variation.
 */
export async function openResnet(
  { trainer, store, threads }: Shared,
  labelled: LabelledDataset,
  epochs: number,
): Promise<Teachers> {
  const key = `resnet8/${labelled.size} examples as they are, ${epochs} epochs and slower ones.onnx`;
  const file = (await store.get(key)) ?? (await trainResnet(trainer, labelled, epochs));
  await store.put(key, file);
  const features = { outputOf: 'pooled', name: 'features' };
  const maps = [
    features,
    { outputOf: 'relu_4', name: 'within_2' },
    { outputOf: 'relu_5', name: 'stage_2' },
    { outputOf: 'add_3', name: 'before' },
    { outputOf: 'relu_7', name: 'stage_3' },
  ];
  const plain = await loadTeacher(file, { name: 'resnet8', taps: [features], threads }).done;
  const seeing = await loadTeacher(file, { name: 'resnet8', taps: maps, threads }).done;
  const kept = { precision: 'float16' } as const;
  const teacher = cachedTeacher(plain, store, kept);
  const mapTeacher = cachedTeacher(seeing, store, { ...kept, budgetBytes: 3e9, memoryBytes: 400 << 20 });
  return {
    teacher,
    maps: mapTeacher,
    features: { output: 'dense_2', teacherOutput: 'features' },
    lastMaps: { output: 'pool_2', teacherOutput: 'stage_3' },
    beforeActivation: { output: 'pool_2', teacherOutput: 'before' },
    stages: { outputs: ['pool_1', 'pool_2', 'dense'], teacherOutputs: ['stage_2', 'stage_3', 'features'] },
    async [Symbol.asyncDispose]() {
      for (const one of [teacher, mapTeacher, plain, seeing]) await one[Symbol.asyncDispose]();
    },
  };
}

async function trainResnet(trainer: Trainer, data: LabelledDataset, epochs: number): Promise<Uint8Array> {
  const student = resnet8({ inputShape: [SIDE, SIDE, 1] });
  const shared = { student, data, loss: crossEntropy(), batchSize: BATCH, trainer, seed: 7 };
  // A slower last part, as is usual.
  for (const [learningRate, part] of [
    [optimizer.learningRate, epochs],
    [optimizer.learningRate / 10, Math.ceil(epochs / 3)],
  ] as const) {
    await distill({ ...shared, epochs: part, optimizer: { ...optimizer, learningRate } }).done;
  }
  return toOnnx(student);
}
