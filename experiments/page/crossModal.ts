// Teacher and student see different things of the same digit: the teacher all of it, the student its left half, or the
// digit in noise.
import {
  type AugmentOptions,
  augmented,
  cnn,
  type Dataset,
  type LabelledDataset,
  mlp,
  type NdArray,
  type Student,
  softTargets,
} from 'limbeck';
import { SIDE } from './amounts.ts';
import { labelsAlone } from './baselines.ts';
import { type Method, row, withLabels } from './method.ts';
import type { Setting } from './settings.ts';

interface View {
  readonly name: string;
  readonly see: <D extends Dataset | LabelledDataset>(data: D) => D;
  readonly student: (setting: Setting) => Student;
}

const NOISE: AugmentOptions = { noise: 0.6 };

/** A digit in noise: the same noise in each epoch. */
export const noisy = <D extends Dataset | LabelledDataset>(data: D): D =>
  augmented(data, NOISE, { copies: 1, seed: 5 });

const views: readonly View[] = [
  {
    name: 'left half',
    see: leftHalf,
    student: ({ name }) =>
      name === 'few'
        ? cnn({ inputShape: [SIDE, SIDE / 2, 1] })
        : mlp({ inputShape: [SIDE, SIDE / 2, 1], hidden: [800, 800] }),
  },
  { name: 'noisy digits', see: noisy, student: (setting) => setting.student() },
];

/** Columns of the left half: what another sensor might see. */
function leftHalf<D extends Dataset | LabelledDataset>(data: D): D {
  const width = SIDE / 2;
  const read = async (indices: Int32Array, signal?: AbortSignal) => {
    const examples = await data.read(indices, signal);
    const { data: pixels } = examples.inputs['input'] as NdArray;
    const half = Float32Array.from({ length: indices.length * SIDE * width }, (_, i) => {
      const line = Math.floor(i / width);
      return pixels[line * SIDE + (i % width)] as number;
    });
    return { ...examples, inputs: { input: { data: half, shape: [indices.length, SIDE, width, 1] } } };
  };
  return { ...data, inputs: { input: { shape: [SIDE, width, 1], dtype: 'float32' } }, read };
}

export const crossModal: readonly Method[] = views.flatMap(({ name, see, student }): Method[] => [
  {
    name: `labels alone, ${name}`,
    kind: 'baseline',
    settings: ['few', 'all'],
    teacher: 'none',
    holdout: ({ holdout }) => see(holdout),
    run: (setting, seed) => labelsAlone(setting, seed, { student: student(setting), data: see(setting.labelled) }),
  },
  row(
    'cross-modal',
    `teacherData, ${name}`,
    (setting) => ({
      student: student(setting),
      data: see(setting.data),
      teacherData: setting.data,
      loss: withLabels(setting, softTargets()),
    }),
    { baseline: `labels alone, ${name}`, holdout: ({ holdout }) => see(holdout) },
  ),
]);
