// A student that knows some clouds of points, and a person whose clouds lie elsewhere. Only tests import this file.
import { afterAll, beforeAll } from 'vitest';
import { seededRandom } from '../core/random.ts';
import { pickRowsOfAll } from '../core/rows.ts';
import type { NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import type { LabelledDataset } from '../data/dataset.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { specOf } from '../losses/spec.ts';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import { expectNoTensorsLeft } from '../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { type Student, type StudentArtifacts, studentFromArtifacts } from '../student/student.ts';
import { functionalOf, type LayerEntry } from '../student/topology/classifier.ts';
import { accuracy } from '../train/metrics/accuracy.ts';
import { predictAll } from '../train/predictAll.ts';
import { openTrainer, type Trainer } from '../train/trainer.ts';
import { readAll } from './examples.ts';

export const CLASSES = 4;
const never = new AbortController().signal;

/** Clouds around points of a circle, the person's turned by an angle (radians) and moved. */
export function clouds(perClass: number, seed: number, turn = 0, shift = 0, classes = CLASSES): LabelledDataset {
  const random = seededRandom(seed);
  const labels = Int32Array.from({ length: perClass * classes }, (_, i) => i % classes);
  const data = Float32Array.from({ length: 2 * labels.length }, (_, at) => {
    const angle = ((labels[at >> 1] as number) * 2 * Math.PI) / CLASSES + turn;
    // A fifth class lies in the middle.
    const radius = (labels[at >> 1] as number) < CLASSES ? 2 : 0;
    return radius * (at % 2 === 0 ? Math.cos(angle) : Math.sin(angle)) + 1.6 * (random() - 0.5) + shift;
  });
  return fromArrays({ input: { data, shape: [labels.length, 2] } }, labels);
}

/** The same points with other labels. */
export async function relabelled(data: LabelledDataset, label: (label: number, i: number) => number) {
  const { inputs, labels } = await readAll(data);
  return fromArrays(inputs, Int32Array.from(labels as Int32Array, label));
}

/** The same student with a softmax as its last activation. */
export function withSoftmax({ artifacts }: Student): Student {
  const { topology, config } = functionalOf(artifacts as StudentArtifacts);
  (config.layers.at(-1) as LayerEntry).config['activation'] = 'softmax';
  return studentFromArtifacts('soft', { ...(artifacts as StudentArtifacts), modelTopology: topology });
}

function layersOf(withNorm: boolean): tf.Sequential {
  const init = () => tf.initializers.glorotUniform({ seed: 3 });
  return tf.sequential({
    name: 'clouds',
    layers: [
      tf.layers.dense({ units: 16, inputShape: [2], name: 'first', kernelInitializer: init() }),
      ...(withNorm ? [tf.layers.batchNormalization({ name: 'norm' })] : []),
      tf.layers.activation({ activation: 'relu', name: 'relu' }),
      tf.layers.dense({ units: 12, activation: 'relu', name: 'second', kernelInitializer: init() }),
      tf.layers.dense({ units: CLASSES, name: 'logits', kernelInitializer: init() }),
    ],
  });
}

/** A trainer and students that know `clouds`, for the tests of a file, each of which must leave no tensor behind. */
export function taughtStudents(backend: 'cpu' | 'wasm' = 'cpu') {
  const made = {} as { trainer: Trainer; plain: Student; normed: Student };

  async function taught(withNorm: boolean): Promise<Student> {
    const model = layersOf(withNorm);
    const artifacts = await artifactsOf(model);
    model.dispose();
    const { inputs, labels } = await readAll(clouds(100, 1));
    const outcome = await made.trainer.train(
      {
        student: { kind: 'artifacts', artifacts },
        loss: specOf(crossEntropy()),
        size: 100 * CLASSES,
        epochs: 15,
        batchSize: 32,
        optimizer: { learningRate: 0.02 },
        seed: 1,
        holdoutSize: 0,
      },
      {
        read: async (indices) => ({
          inputs: pickRowsOfAll(inputs, indices),
          teacher: {},
          labels: Int32Array.from(indices, (i) => (labels as Int32Array)[i] as number),
        }),
        readInputs: async (indices) => pickRowsOfAll(inputs, indices),
        readHoldout: async () => ({}),
      },
      () => undefined,
      never,
    );
    return studentFromArtifacts('clouds', outcome.artifacts);
  }

  beforeAll(async () => {
    made.trainer = await openTrainer({ worker: 'none', ...backendOptions(backend) });
    made.plain = await taught(false);
    made.normed = await taught(true);
  });
  expectNoTensorsLeft();
  afterAll(() => made.trainer[Symbol.asyncDispose]());

  async function accuracyOf(student: Student, data: LabelledDataset): Promise<number> {
    const { labels } = await readAll(data);
    const answers = await predictAll(made.trainer, student, data, never);
    return accuracy.compute({ student: Object.values(answers)[0] as NdArray, labels: labels as Int32Array });
  }

  return { made, accuracyOf };
}
