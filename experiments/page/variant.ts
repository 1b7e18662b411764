// How two rows may differ besides the teacher: the student, what it sees of a digit, and whether digits are varied. A row
// and the one that it is held against are of one variant, so that they differ in the teacher alone.
import { augmented, cnn, type Dataset, type LabelledDataset, mlp, type NdArray, type Student } from 'limbeck';
import { type SettingName, SIDE } from './amounts.ts';

export interface Variant {
  /** In place of the mlp with 800 hidden units that most rows of 'all' have. In 'few' all have the cnn. */
  readonly student?: 'cnn' | 'mlp 32';
  /** What the student sees; its teacher sees the whole digit. */
  readonly view?: 'left half' | 'noisy digits';
  /** The student sees varied digits, and so does each teacher that is trained for this row. */
  readonly varied?: boolean;
}

/** What the row without a teacher is called. */
export function labelsAloneOf(of: SettingName, { student, view, varied }: Variant): string {
  const parts = ['labels alone', of === 'all' && student, view, varied && 'varied digits'];
  return parts.filter((part) => typeof part === 'string').join(', ');
}

export function studentOf(of: SettingName, { student, view }: Variant = {}): Student {
  const inputShape = [SIDE, view === 'left half' ? SIDE / 2 : SIDE, 1];
  if (of === 'few' || student === 'cnn') return cnn({ inputShape });
  return mlp({ inputShape, hidden: student === 'mlp 32' ? [32] : [800, 800] });
}

/** Of digits that are held out; the seeds of runs, from which those that are learned have theirs, are small. */
const HELD_OUT_NOISE = 1_000_003;

/** What the student sees of digits that it learns. Noise is that of the seed and the example, the same in each epoch. */
export function seen<D extends Dataset | LabelledDataset>(view: Variant['view'], data: D, seed: number): D {
  if (view === undefined) return data;
  return view === 'left half' ? leftHalf(data) : augmented(data, { noise: 0.6 }, { copies: 1, seed });
}

/** The same of digits that it is scored on: the same noise for each row and seed, and none that was learned with. */
export function seenHeldOut<D extends Dataset | LabelledDataset>(view: Variant['view'], data: D): D {
  return seen(view, data, HELD_OUT_NOISE);
}

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
