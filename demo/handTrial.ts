import {
  applyPatch,
  fromArrays,
  type LabelledDataset,
  measure,
  type NdArray,
  type PersonalizeReport,
  personalize,
  type Student,
  type Trainer,
  take,
} from 'limbeck';
import { type loadDigits, SIDE } from './digits.ts';
import { nextTurn } from './dom.ts';
import { type Person, people, writtenBy } from './people.ts';

export { type Person, people, writtenBy };

type Digits = Awaited<ReturnType<typeof loadDigits>>;

/** Digits as one person writes them. */
export interface Writing {
  readonly own: readonly Written[];
  /** Other digits for scoring, and the same digits in everybody's handwriting. */
  readonly heldOut: LabelledDataset;
  readonly plain: LabelledDataset;
}

export interface Written {
  readonly digit: Float32Array;
  readonly label: number;
}

/** How a few examples of one handwriting changed the student; accuracies as fractions. */
export interface HandTrial {
  readonly examples: number;
  readonly scored: number;
  readonly own: { readonly before: number; readonly after: number };
  readonly plain: { readonly before: number; readonly after: number };
  readonly report: PersonalizeReport;
}

const SCORED = 400;
/** Digits written between two turns of the page. */
const AT_ONCE = 40;
/** Unlabelled digits that are replayed with the student's former answers. */
export const REPLAYED = 400;

/** The first held-out digits are the person's examples, `perClass` of each; later ones are for scoring. */
export async function writeAs(person: Person, digits: Digits, perClass: number): Promise<Writing> {
  const size = digits.holdout.size;
  const { inputs, labels } = await digits.holdout.read(Int32Array.from({ length: size }, (_, i) => i));
  const { data } = inputs['input'] as NdArray;
  const plainOf = (i: number) => Float32Array.from(data.subarray(i * SIDE ** 2, (i + 1) * SIDE ** 2));
  const given = new Array<number>(10).fill(0);
  const own: number[] = [];
  const others: number[] = [];
  for (const [i, label] of labels.entries()) {
    const isOwn = (given[label] as number) < perClass;
    (isOwn ? own : others).push(i);
    if (isOwn) given[label] = (given[label] as number) + 1;
  }
  const scored = others.slice(0, SCORED);
  const [as, was] = [new Float32Array(scored.length * SIDE ** 2), new Float32Array(scored.length * SIDE ** 2)];
  for (const [at, i] of scored.entries()) {
    if (at % AT_ONCE === 0) await nextTurn();
    const plain = plainOf(i);
    was.set(plain, at * SIDE ** 2);
    as.set(writtenBy(person, plain), at * SIDE ** 2);
  }
  const truth = Int32Array.from(scored, (i) => labels[i] as number);
  const dataset = (values: Float32Array<ArrayBuffer>) =>
    fromArrays({ data: values, shape: [scored.length, SIDE, SIDE, 1] }, truth);
  return {
    own: own.map((i) => ({ digit: writtenBy(person, plainOf(i)), label: labels[i] as number })),
    heldOut: dataset(as),
    plain: dataset(was),
  };
}

/** Personalizes the student to that handwriting once; nothing is kept. */
export async function tryHand(
  student: Student,
  trainer: Trainer,
  { own, heldOut, plain }: Writing,
  unlabelled: Digits['data'],
  onStep: (fraction: number) => void,
): Promise<HandTrial> {
  const images = new Float32Array(own.length * SIDE ** 2);
  for (const [at, { digit }] of own.entries()) images.set(digit, at * SIDE ** 2);
  const run = personalize({
    student,
    data: fromArrays(
      { data: images, shape: [own.length, SIDE, SIDE, 1] },
      Int32Array.from(own, ({ label }) => label),
    ),
    keep: { replay: take(unlabelled, REPLAYED) },
    trainer,
    seed: 1,
  });
  for await (const event of run) if (event.type === 'step') onStep(event.runStep / event.runSteps);
  const { report, ...patch } = await run.done;
  const adapted = await applyPatch(student, patch);
  return {
    examples: own.length,
    scored: heldOut.size,
    own: { before: await accuracy(student, heldOut), after: await accuracy(adapted, heldOut) },
    plain: { before: await accuracy(student, plain), after: await accuracy(adapted, plain) },
    report,
  };

  async function accuracy(one: Student, dataset: LabelledDataset): Promise<number> {
    const { inputs, labels } = await dataset.read(Int32Array.from({ length: dataset.size }, (_, i) => i));
    const logits = (await trainer.predict(one, inputs))['logits'] as NdArray;
    return measure({ student: logits, labels })['accuracy'] ?? Number.NaN;
  }
}
