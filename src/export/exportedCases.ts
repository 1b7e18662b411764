// All models on which Python judges the export, with seeded weights and inputs: the same files on every machine.
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Random, seededRandom } from '../core/random.ts';
import { type NdArray, sizeOf } from '../core/shape.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { buildStudent } from '../student/build.ts';
import { artifactsOf } from '../student/layersModel.ts';
import type { Student, StudentArtifacts } from '../student/student.ts';
import { cnn } from '../student/zoo/cnn.ts';
import { crnn } from '../student/zoo/crnn.ts';
import { decoder } from '../student/zoo/decoder.ts';
import { dsCnn } from '../student/zoo/dsCnn.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { mobilenetV1 } from '../student/zoo/mobilenetV1.ts';
import { recurrentDecoder } from '../student/zoo/recurrentDecoder.ts';
import { resnet8 } from '../student/zoo/resnet8.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import { type CaseInput, LAYER_CASES, type LayerCase } from './layerCases.ts';
import { SEQUENCE_LAYER_CASES } from './sequenceLayerCases.ts';
import { SHAPE_LAYER_CASES } from './shapeLayerCases.ts';
import { WRAPPED_LAYER_CASES } from './wrappedLayerCases.ts';

export interface ExportedCase {
  /** 'family: name', no two alike. */
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  /** With seeded weights. The caller disposes it. */
  build(tf: Tf): Promise<LayersModel>;
}

const ALL_LAYER_CASES = [...LAYER_CASES, ...SEQUENCE_LAYER_CASES, ...SHAPE_LAYER_CASES, ...WRAPPED_LAYER_CASES];

const STUDENTS: readonly [Student, CaseInput][] = [
  [cnn(), { shape: [28, 28, 1] }],
  [crnn({ inputShape: [17, 30, 1], filters: 4, units: 5, classes: 7 }), { shape: [17, 30, 1] }],
  [decoder({ length: 9, vocabulary: 21, width: 16, hidden: 24, blocks: 2 }), { shape: [9], dtype: 'int32', below: 21 }],
  [dsCnn(), { shape: [49, 10, 1] }],
  [mlp(), { shape: [784] }],
  [recurrentDecoder({ length: 9, vocabulary: 21, width: 16, units: 8 }), { shape: [9], dtype: 'int32', below: 21 }],
  [resnet8(), { shape: [32, 32, 3] }],
  [mobilenetV1(), { shape: [96, 96, 3] }],
  [transformerTiny({ length: 12, width: 16, hidden: 24 }), { shape: [12], dtype: 'int32', below: 256 }],
];

export const EXPORTED_CASES: readonly ExportedCase[] = [
  ...ALL_LAYER_CASES.map((one): ExportedCase => {
    return { name: nameOf(one), inputs: one.inputs, build: async (tf) => withSeededWeights(tf, one.build(tf)) };
  }),
  ...STUDENTS.map(([student, input]): ExportedCase => {
    return {
      name: `zoo: ${student.name}`,
      inputs: [input],
      build: async (tf) => withSeededWeights(tf, await buildStudent(await student.portable(), 1)),
    };
  }),
];

/** Two cases of one name are distinguished by their inputs. */
function nameOf({ family, name, inputs }: LayerCase): string {
  const own = `${family}: ${name}`;
  const twins = ALL_LAYER_CASES.filter((one) => `${one.family}: ${one.name}` === own);
  return twins.length === 1 ? own : `${own} of ${inputs.map(({ shape }) => shape.join('×')).join(' and ')}`;
}

/** Gives every weight seeded values of a size that preserves the scale of values; variances are above 0. */
export function withSeededWeights(tf: Tf, model: LayersModel, seed = 7): LayersModel {
  const random = seededRandom(seed);
  tf.tidy(() => {
    const values = model.weights.map(({ shape, originalName }) => {
      const lengths = shape as number[];
      const most = Math.min(0.5, 1.5 / Math.sqrt(sizeOf(lengths.slice(0, -1))));
      const draw = originalName.includes('variance') ? () => 0.3 + random() : () => most * (2 * random() - 1);
      return tf.tensor(Float32Array.from({ length: sizeOf(lengths) }, draw), lengths);
    });
    model.setWeights(values);
  });
  return model;
}

/** Seeded values for the inputs, in their order. */
export function seededInputs(inputs: readonly CaseInput[], batch: number, seed = 3): NdArray[] {
  const random = seededRandom(seed);
  return inputs.map(({ shape, dtype, below = 8 }) => {
    const full = [batch, ...shape];
    return { shape: full, data: dtype === 'int32' ? integers(full, below, random) : reals(full, random) };
  });
}

function integers(shape: readonly number[], below: number, random: Random): Int32Array {
  return Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(random() * below));
}

function reals(shape: readonly number[], random: Random): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, () => 3 * random() - 1.5);
}

/** What tfjs predicts, in the order of the model's outputs. */
export async function predicted(tf: Tf, model: LayersModel, given: readonly NdArray[]): Promise<NdArray[]> {
  const outputs = tf.tidy(() => {
    const tensors = given.map(({ data, shape }) => tf.tensor(data, [...shape]));
    return [model.predict(tensors.length === 1 ? (tensors[0] as (typeof tensors)[0]) : tensors)].flat();
  });
  const results: NdArray[] = [];
  for (const one of outputs) results.push({ data: (await one.data()) as Float32Array, shape: one.shape });
  tf.dispose(outputs);
  return results;
}

/**
 * A model's artifacts under names that do not depend on what was built before: tfjs counts layers by class in one go, so
 * "dense_Dense17" becomes "dense_Dense1" where it is the model's first.
 */
export async function steadyArtifacts(model: LayersModel): Promise<StudentArtifacts> {
  const artifacts = await artifactsOf(model);
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  visit(artifacts.modelTopology, (key, text) => {
    const [, stem] = /^(.*\D)\d+$/.exec(text) ?? [];
    if (key !== 'name' || stem === undefined || names.has(text)) return text;
    counts.set(stem, (counts.get(stem) ?? 0) + 1);
    names.set(text, `${stem}${counts.get(stem)}`);
    return text;
  });
  const steady = (text: string) => names.get(text) ?? text;
  const part = (text: string) => {
    const [, prefix = '', rest = text] = /^(forward_|backward_)(.*)$/.exec(text) ?? [];
    return names.has(text) ? steady(text) : `${prefix}${steady(rest)}`;
  };
  return {
    ...artifacts,
    modelTopology: visit(artifacts.modelTopology, (_, text) => part(text)) as object,
    weightSpecs: artifacts.weightSpecs.map((spec) => ({ ...spec, name: spec.name.split('/').map(part).join('/') })),
  };
}

/** A copy of plain values with every text replaced. */
function visit(value: unknown, replace: (key: string, text: string) => string, key = ''): unknown {
  if (typeof value === 'string') return replace(key, value);
  if (Array.isArray(value)) return value.map((one) => visit(one, replace));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, visit(one, replace, name)]));
}

/** The largest difference, as a fraction of the largest expected value or of 1; infinite if the shapes differ. */
export function difference(actual: NdArray | undefined, expected: NdArray): number {
  if (actual === undefined || String(actual.shape) !== String(expected.shape)) return Number.POSITIVE_INFINITY;
  let [most, worst] = [1, 0];
  for (const [i, one] of expected.data.entries()) {
    most = Math.max(most, Math.abs(one));
    const apart = Math.abs(one - (actual.data[i] as number));
    worst = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : Math.max(worst, apart);
  }
  return worst / most;
}
