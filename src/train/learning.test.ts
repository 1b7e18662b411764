import { describe, expect, test } from 'vitest';
import { permutation, seededRandom } from '../core/random.ts';
import { pickRows } from '../core/rows.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { specOf } from '../losses/spec.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import type { PortableStudent, StudentArtifacts } from '../student/student.ts';
import { cnn } from '../student/zoo/cnn.ts';
import type { TrainJob, TrainSource } from './engine.ts';
import {
  accuracyOf,
  bytesOf,
  CLASSES,
  classes,
  engineOn,
  expectClose,
  FEATURES,
  holdout,
  makeJob,
  problem,
  SIZE,
  sourceOf,
} from './engineCases.ts';

describe.each(['cpu', 'wasm'] as const)('an engine on %s', (backendName) => {
  const { engine, train } = engineOn(backendName);

  async function accuracyAfter(artifacts: StudentArtifacts): Promise<number> {
    const outputs = await engine.predict({ kind: 'artifacts', artifacts }, { input: holdout.inputs });
    return accuracyOf(outputs['logits'] as NdArray);
  }

  test('teaches a student by a teacher’s answers alone', async () => {
    const { artifacts, error, epochs } = await train({ epochs: 30, holdoutSize: SIZE });
    expect(error).toBeUndefined();
    expect(epochs.length).toBe(30);
    const losses = epochs.map(({ loss }) => loss);
    expect(losses[29]).toBeLessThan((losses[0] as number) / 20);
    // By chance it would be right in one of four.
    expect(await accuracyAfter(artifacts)).toBeGreaterThan(0.9);
    const last = epochs[29]?.holdoutOutputs as NdArray;
    expect(last.shape).toEqual([SIZE, CLASSES]);
    expect(accuracyOf(last)).toBe(await accuracyAfter(artifacts));
    expect(accuracyOf(epochs[0]?.holdoutOutputs as NdArray)).toBeLessThan(accuracyOf(last));
  });

  test('teaches nothing by answers that belong to other examples', async () => {
    const order = permutation(SIZE, seededRandom(4));
    const noise = { ...problem, teacher: pickRows(problem.teacher, order) };
    const { artifacts } = await train({ epochs: 30 }, sourceOf(noise));
    expect(await accuracyAfter(artifacts)).toBeLessThan(0.5);
  });

  test.each(['adam', 'sgd', 'momentum'] as const)('gives the same weights for the same seed with %s', async (name) => {
    const optimizer = { name };
    const [first, again] = [await train({ optimizer }), await train({ optimizer })];
    const other = await train({ optimizer, seed: 6 });
    expect(bytesOf(again.artifacts)).toEqual(bytesOf(first.artifacts));
    expect(bytesOf(other.artifacts)).not.toEqual(bytesOf(first.artifacts));
  });

  test('uses the seed for the order of examples, not only for the initial weights', async () => {
    const { artifacts } = await train();
    const start: Partial<TrainJob> = { student: { kind: 'artifacts', artifacts } };
    const [one, other] = [await train({ ...start, seed: 1 }), await train({ ...start, seed: 2 })];
    expect(bytesOf(other.artifacts)).not.toEqual(bytesOf(one.artifacts));
  });

  test('trains a convolution', async () => {
    const images = cnn({ inputShape: [10, 10, 1], classes: CLASSES });
    const random = seededRandom(8);
    // The class is the quarter of the image that is bright.
    const shown = Array.from({ length: 64 }, () => Math.floor(random() * CLASSES));
    const pixels = Float32Array.from({ length: 64 * 100 }, (_, i) => {
      const [row, column] = [Math.floor((i % 100) / 10), i % 10];
      const quarter = (row < 5 ? 0 : 2) + (column < 5 ? 0 : 1);
      return random() * 0.3 + (quarter === shown[Math.floor(i / 100)] ? 0.7 : 0);
    });
    const inputs = { data: pixels, shape: [64, 10, 10, 1] };
    const answers = Float32Array.from({ length: 64 * CLASSES }, (_, i) =>
      shown[Math.floor(i / CLASSES)] === i % CLASSES ? 6 : 0,
    );
    const source = sourceOf({ inputs, teacher: { data: answers, shape: [64, CLASSES] } });
    const { artifacts, epochs } = await train(
      { student: await images.portable(), size: 64, epochs: 8, batchSize: 16 },
      source,
    );
    expect(epochs[7]?.loss).toBeLessThan((epochs[0]?.loss as number) / 2);
    const { logits } = await engine.predict({ kind: 'artifacts', artifacts }, { input: inputs });
    const right = shown.filter((c, i) => c === argMax(logits?.data ?? [], i * CLASSES, CLASSES)).length;
    expect(right).toBeGreaterThan(60);
  });

  test('trains batch statistics, and uses them to predict', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 16, inputShape: [FEATURES], kernelInitializer: seeded(1) }),
        tf.layers.batchNormalization({ momentum: 0.9 }),
        tf.layers.activation({ activation: 'relu' }),
        tf.layers.dense({ units: CLASSES, kernelInitializer: seeded(2) }),
      ],
    });
    const before = await artifactsOf(model);
    model.dispose();
    const { artifacts } = await train({ student: { kind: 'artifacts', artifacts: before }, epochs: 20 });
    for (const name of ['moving_mean', 'moving_variance']) {
      const [old, now] = [weightNamed(before, name), weightNamed(artifacts, name)];
      expect(now.length).toBe(16);
      expect(now.every((value, i) => Number.isFinite(value) && value !== old[i])).toBe(true);
    }
    expect(await accuracyAfter(artifacts)).toBeGreaterThan(0.8);
    // With the batch's statistics, the answer to an example would depend on the rest of the batch.
    const alone = { data: holdout.inputs.data.slice(0, FEATURES), shape: [1, FEATURES] };
    const portable = { kind: 'artifacts', artifacts } as const;
    const [one, all] = [
      await engine.predict(portable, { input: alone }),
      await engine.predict(portable, { input: holdout.inputs }),
    ];
    expectClose(one['logits']?.data ?? [], all['logits']?.data.slice(0, CLASSES) ?? []);
  });

  test('leaves frozen layers alone', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 6, inputShape: [FEATURES], name: 'frozen', trainable: false }),
        tf.layers.dense({ units: CLASSES, name: 'free' }),
      ],
    });
    const before = await artifactsOf(model);
    model.dispose();
    const { artifacts } = await train({ student: { kind: 'artifacts', artifacts: before } });
    expect(weightNamed(artifacts, 'frozen/kernel')).toEqual(weightNamed(before, 'frozen/kernel'));
    expect(weightNamed(artifacts, 'free/kernel')).not.toEqual(weightNamed(before, 'free/kernel'));
  });

  test('trains a student of two inputs and two named outputs, run after run', async () => {
    const left = tf.input({ shape: [3], name: 'left' });
    const right = tf.input({ shape: [FEATURES - 3], name: 'right' });
    const joined = tf.layers.concatenate().apply([left, right]) as tf.SymbolicTensor;
    const outputs = ['coarse', 'fine'].map(
      (name) => tf.layers.dense({ units: CLASSES, name }).apply(joined) as tf.SymbolicTensor,
    );
    const model = tf.model({ inputs: [left, right], outputs });
    let portable: PortableStudent = { kind: 'artifacts', artifacts: await artifactsOf(model) };
    model.dispose();
    const columns = (from: number, to: number, indices: Int32Array): NdArray => {
      const rows = Array.from(indices, (i) => [...problem.inputs.data.slice(i * FEATURES + from, i * FEATURES + to)]);
      return { data: Float32Array.from(rows.flat()), shape: [indices.length, to - from] };
    };
    const inputsAt = (indices: Int32Array): NamedArrays => ({
      right: columns(3, FEATURES, indices),
      left: columns(0, 3, indices),
    });
    const source: TrainSource = {
      read: async (indices) => ({ inputs: inputsAt(indices), teacher: { fine: pickRows(problem.teacher, indices) } }),
      readInputs: async (indices) => inputsAt(indices),
      readHoldout: async (indices) => inputsAt(indices),
    };
    const loss = specOf(softTargets({ output: 'fine' }));
    const teacherShapes = { fine: [CLASSES] };
    const losses: number[] = [];
    for (let run = 0; run < 3; run++) {
      const batch = await source.read(Int32Array.of(0, 1));
      const described = await engine.check(await makeJob({ student: portable, loss, teacherShapes }), batch);
      expect(described).toMatchObject({ inputs: { left: [3], right: [5] }, outputs: { coarse: [4], fine: [4] } });
      const { artifacts, error, epochs } = await train({ student: portable, loss, teacherShapes, epochs: 3 }, source);
      expect(error).toBeUndefined();
      losses.push(epochs.at(-1)?.loss as number);
      portable = { kind: 'artifacts', artifacts };
    }
    expect(losses[2]).toBeLessThan(losses[0] as number);
    const predicted = await engine.predict(portable, inputsAt(Int32Array.of(1, 2, 3)));
    expect(Object.entries(predicted).map(([name, { shape }]) => [name, shape])).toEqual([
      ['coarse', [3, 4]],
      ['fine', [3, 4]],
    ]);
  });

  test('learns from labels if the loss reads them', async () => {
    const source = sourceOf(problem);
    const labels = classes(problem.teacher);
    const labelled: TrainSource = {
      ...source,
      read: async (indices) => ({
        ...(await source.read(indices)),
        teacher: {},
        labels: Int32Array.from(indices, (i) => labels[i] as number),
      }),
    };
    const { artifacts } = await train({ loss: specOf(crossEntropy()), epochs: 30 }, labelled);
    expect(await accuracyAfter(artifacts)).toBeGreaterThan(0.85);
  });
});

function seeded(seed: number) {
  return tf.initializers.glorotUniform({ seed });
}

function weightNamed({ weightSpecs, weightData }: StudentArtifacts, name: string): Float32Array {
  let at = 0;
  for (const spec of weightSpecs) {
    const length = spec.shape.reduce((product, n) => product * n, 1);
    if (spec.name.endsWith(name)) return new Float32Array(weightData, at, length);
    at += 4 * length;
  }
  throw new Error(`there is no weight ${name}`);
}
