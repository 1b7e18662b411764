import { LimbeckError } from '../../../core/errors.ts';
import { derivedSeed, permutation, seededRandom } from '../../../core/random.ts';
import { pickRows } from '../../../core/rows.ts';
import type { NdArray } from '../../../core/shape.ts';
import { accuracy } from '../../../train/metrics/accuracy.ts';
import { canCrossFit, crossFit } from '../../guard/crossFit.ts';
import { likelihoodOf } from '../../guard/judged.ts';
import type { Lesson } from '../../method.ts';
import { headOnly } from '../../methods/headOnly.ts';
import type { TapFigures } from '../personalizeOnnxReport.ts';
import type { Answers } from './askBackbone.ts';
import type { HeadClasses } from './classes.ts';
import type { Features } from './features.ts';
import { scaledRows, scalingOf } from './headScaling.ts';
import { headStudent } from './headStudent.ts';

/** Which value the head reads, and why. */
export interface ChosenTap {
  readonly at: number;
  readonly candidates: readonly TapFigures[];
  readonly why: string;
}

/** Each example is answered by what the two other thirds teach. */
const PARTS = 3;
/** Multiplications in one product of all features and weights: values that need more are not tried. */
const MOST_PRODUCTS = 3_000_000;
/** Examples of a class, so that each third teaches it. */
const LEAST_PER_CLASS = 3;

/**
 * Chooses the value on which a head answers the person's examples best, each by what others taught. It solves for a
 * head on some of the examples, evenly over the classes, in about a second altogether.
 * Throws    AbortError
 * Source    Stone 1974, "Cross-validatory choice and assessment of statistical predictions", JRSS B 36(2)
 */
export async function chooseTap(
  answers: Answers<Features>,
  tensors: readonly string[],
  { classes, areOwn }: HeadClasses,
  { seed, trainer, signal }: Pick<Lesson, 'seed' | 'trainer' | 'signal'>,
): Promise<ChosenTap> {
  const { logits, labels } = answers.own;
  const [first] = tensors;
  const every = Object.values(answers).filter((one) => one !== undefined);
  const values = answers.own.values.map((value, at) => (every.every((one) => one.values[at]) ? value : undefined));
  const isSmall = (width: number) => width * classes * LEAST_PER_CLASS * classes <= MOST_PRODUCTS;
  const tried = values.flatMap((value, at) =>
    value && isSmall(value.rows.shape[1] as number) ? [{ ...value, at }] : [],
  );
  const spare = Math.max(
    0,
    values.findIndex((value) => value !== undefined),
  );
  if (values.every((value) => value === undefined)) {
    throw new LimbeckError(
      'shape-mismatch',
      'No value of the model makes features of all examples. Name one as "tap", and check how inputs reach the model ("input").',
    );
  }
  if (tensors.length < 2 || tried.length < 2 || !canCrossFit(labels)) {
    const why =
      tensors.length < 2
        ? 'it was named, or the model has no other'
        : 'examples are too few, or the others too wide, to choose by';
    return { at: spare, candidates: [], why: `"${tensors[spare]}": ${why}.` };
  }
  const widest = Math.max(...tried.map(({ rows }) => rows.shape[1] as number));
  const places = someOfEach(labels, Math.floor(MOST_PRODUCTS / (widest * classes)), seed);
  const figures: (TapFigures & { readonly at: number })[] = [];
  for (const { rows, at } of tried) {
    const some = rowsFor(rows, logits, labels, places, { classes, areOwn });
    const { artifacts, classifier } = await headStudent({ features: rows.shape[1] as number, classes, adds: areOwn });
    const lesson: Lesson = {
      ...{ base: artifacts, classifier, inputs: {}, features: some.rows, logits: some.logits, labels: some.labels },
      ...{ size: places.length, own: places.length, formerWeight: 0, anchor: undefined, privacy: undefined },
      ...{ budget: {}, seed, trainer, emit: () => undefined, signal },
    };
    const { data: added } = await crossFit(headOnly(), lesson, 1 / PARTS);
    const { data, shape } = some.logits;
    const student = { data: data.map((logit, at) => logit + (added[at] as number)), shape };
    figures.push({
      at,
      name: tensors[at] as string,
      features: rows.shape[1] as number,
      accuracy: accuracy.compute({ student, labels: some.labels }),
      negativeLogLikelihood: -likelihoodOf(student, some.labels) / some.labels.length,
    });
  }
  const best = figures.reduce((a, b) => (b.negativeLogLikelihood < a.negativeLogLikelihood ? b : a));
  const why =
    `Of ${figures.length} values "${best.name}" makes the labels of ${places.length} examples likeliest, each judged by what ` +
    `others taught${best.name === first ? '; it is what the last layer reads' : ''}.`;
  return { at: best.at, candidates: figures.map(({ at: _, ...one }) => one), why };
}

function rowsFor(
  all: NdArray,
  own: NdArray | undefined,
  labels: Int32Array,
  places: Int32Array,
  { classes, areOwn }: HeadClasses,
) {
  const rows = pickRows(all, places);
  const known = places.map((i) => labels[i] as number);
  if (areOwn && own) return { rows, logits: pickRows(own, places), labels: known };
  const logits: NdArray = { data: new Float32Array(places.length * classes), shape: [places.length, classes] };
  return { rows: scaledRows(rows, scalingOf(rows)), logits, labels: known };
}

/** At most so many examples, taken from the classes in turn, in the order of the data. */
function someOfEach(labels: Int32Array, most: number, seed: number): Int32Array {
  const order = permutation(labels.length, seededRandom(derivedSeed(seed, 'holdout')));
  const turns = new Map<number, number>();
  const ranked = Array.from(order, (i) => {
    const turn = turns.get(labels[i] as number) ?? 0;
    turns.set(labels[i] as number, turn + 1);
    return { i, turn };
  });
  const chosen = ranked.sort((a, b) => a.turn - b.turn).slice(0, Math.max(most, LEAST_PER_CLASS * turns.size));
  return Int32Array.from(chosen, ({ i }) => i).sort();
}
