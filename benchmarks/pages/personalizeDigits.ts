// The held-out digits as one person writes them: some to learn from, all others to be scored on.
import { fromArrays, type LabelledDataset, measure, type Student, type Trainer } from 'limbeck';
import { SIDE } from '../../demo/people.ts';
import { type AllExamples, pickExamples } from '../../src/adapt/examples.ts';
import { derivedSeed } from '../../src/core/random.ts';
import type { NdArray } from '../../src/core/shape.ts';
import { predictAll } from '../../src/train/predictAll.ts';
import { someOfEach } from './someOfEach.ts';
import type { Writer } from './writers.ts';

/** Examples that have labels. */
export type Labelled = AllExamples & { readonly labels: Int32Array };

export interface PersonDigits {
  readonly name: string;
  /** To learn from: as many of each class as of any other. */
  readonly own: Labelled;
  /** All others as the person writes them, and the same ones as they were. */
  readonly heldOut: Labelled;
  readonly plain: Labelled;
}

/** The seed draws which digits a person gives as examples, differently for each person. */
export function digitsOf(person: Writer, digits: Labelled, perClass: number, seed: number): PersonDigits {
  const written = { ...digits, inputs: { input: rewritten(digits.inputs['input'] as NdArray, person) } };
  const own = someOfEach(digits.labels, perClass, derivedSeed(seed, person.name));
  const isOwn = new Set(own);
  const others = Int32Array.from(digits.labels.keys()).filter((i) => !isOwn.has(i));
  return {
    name: person.name,
    own: at(written, own),
    heldOut: at(written, others),
    plain: at(digits, others),
  };
}

export function at(digits: Labelled, places: Int32Array): Labelled {
  return pickExamples(digits, places) as Labelled;
}

export function datasetOf({ inputs, labels }: Labelled): LabelledDataset {
  return fromArrays(inputs, labels);
}

const { signal: never } = new AbortController();

export async function accuracyOf(trainer: Trainer, student: Student, digits: Labelled): Promise<number> {
  const answers = await predictAll(trainer, student, datasetOf(digits), never);
  return rightOf(Object.values(answers)[0] as NdArray, digits.labels);
}

/** The fraction of right answers. */
export function rightOf(logits: NdArray, labels: Int32Array): number {
  return measure({ student: logits, labels })['accuracy'] as number;
}

function rewritten({ data, shape }: NdArray, person: Writer): NdArray {
  const pixels = SIDE * SIDE;
  const all = new Float32Array(data.length);
  for (let from = 0; from < data.length; from += pixels) {
    all.set(person.write(Float32Array.from(data.subarray(from, from + pixels))), from);
  }
  return { data: all, shape };
}
