// What the tests of patches share. Only tests import this file.
import { seededRandom } from '../../core/random.ts';
import { sizeOf } from '../../core/shape.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { artifactsOf } from '../layersModel.ts';
import { baseHash } from '../patch/baseHash.ts';
import type { AddedChange, LowRankChange, Patch } from '../patch/patch.ts';
import type { Student, StudentArtifacts } from '../student.ts';
import { splitWeights } from '../weightBytes.ts';

/** Models of three inputs whose weights are random numbers. */
export const MODELS: Readonly<Record<string, () => tf.LayersModel>> = {
  sequential: () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 4, inputShape: [3], name: 'hidden', activation: 'relu' }),
        tf.layers.dense({ units: 2, name: 'last' }),
      ],
    }),
  'without biases': () => {
    const input = tf.input({ shape: [3], name: 'input' });
    const hidden = tf.layers.dense({ units: 4, name: 'hidden', useBias: false }).apply(input);
    const logits = tf.layers.dense({ units: 2, name: 'last', useBias: false }).apply(hidden);
    return tf.model({ inputs: input, outputs: logits as tf.SymbolicTensor });
  },
  'of two outputs': () => {
    const input = tf.input({ shape: [3], name: 'input' });
    const hidden = tf.layers.dense({ units: 4, name: 'hidden' }).apply(input) as tf.SymbolicTensor;
    const normal = tf.layers.batchNormalization({ name: 'normal' }).apply(hidden) as tf.SymbolicTensor;
    const logits = tf.layers.dense({ units: 2, name: 'logits' }).apply(normal) as tf.SymbolicTensor;
    return tf.model({ inputs: input, outputs: [normal, logits], name: 'double' });
  },
};

export function randomValues(count: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => 2 * random() - 1);
}

/** A model's artifacts with random weights; the model is disposed. */
export async function artifactsOfCase(name: string, seed = 1): Promise<StudentArtifacts> {
  const model = (MODELS[name] as () => tf.LayersModel)();
  const artifacts = await artifactsOf(model);
  model.dispose();
  const values = randomValues(artifacts.weightData.byteLength / 4, seed).map(Math.abs);
  return { ...artifacts, weightData: values.buffer as ArrayBuffer };
}

export async function patchOf(base: StudentArtifacts, rest: Partial<Patch> = {}): Promise<Patch> {
  return { name: 'test', version: 1, base: await baseHash(base), method: 'none', changes: [], ...rest };
}

export function added(weight: string, shape: readonly number[], seed: number): AddedChange {
  return { kind: 'added', weight, shape, delta: randomValues(sizeOf(shape), seed) };
}

export function lowRank(weight: string, shape: readonly number[], rank: number, seed: number): LowRankChange {
  const [rows, columns] = [sizeOf(shape.slice(0, -1)), shape.at(-1) as number];
  const [left, right] = [randomValues(rows * rank, seed), randomValues(rank * columns, seed + 1)];
  return { kind: 'low-rank', weight, shape, rank, left, right };
}

/** The weights by name, as numbers. */
export function weightsOf(student: Student | StudentArtifacts): Record<string, number[]> {
  const artifacts = 'weightSpecs' in student ? student : (student.artifacts as StudentArtifacts);
  return Object.fromEntries(
    splitWeights(artifacts).map(({ name, bytes }) => [name, [...new Float32Array(bytes.slice().buffer)]]),
  );
}

/** Every output for these rows, on this thread's backend. */
export async function answersOf(
  student: Student | StudentArtifacts,
  rows: readonly (readonly number[])[],
): Promise<{ readonly outputs: number[][][]; readonly names: readonly string[] }> {
  const artifacts = 'weightSpecs' in student ? student : (student.artifacts as StudentArtifacts);
  const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
  const x = tf.tensor2d(rows.map((row) => [...row]));
  const out = [model.predict(x)].flat();
  const outputs = out.map((tensor) => tensor.arraySync() as number[][]);
  const names = [...model.outputNames];
  tf.dispose([x, ...out]);
  model.dispose();
  return { outputs, names };
}

/** Two patches or students, byte for byte: vitest considers any two ArrayBuffers equal. */
export function plain(artifacts: StudentArtifacts | undefined): unknown {
  if (artifacts === undefined) return undefined;
  const { weightData, modelTopology, weightSpecs } = artifacts;
  return { modelTopology, weightSpecs, bytes: Array.from(new Uint8Array(weightData)) };
}
