import { derivedSeed, permutation, seededRandom } from '../../core/random.ts';
import { pickRows, pickRowsOfAll } from '../../core/rows.ts';
import type { NdArray } from '../../core/shape.ts';
import { addedBy } from '../../student/patch/addedBy.ts';
import type { Patch, WeightChange } from '../../student/patch/patch.ts';
import { rowOf } from '../examples.ts';
import { type Lesson, type Method, originalsOf } from '../method.ts';

/** A class of fewer examples cannot be learned without one of them. */
const LEAST_EXAMPLES = 2;

/** Whether every class that has examples has enough of them to be learned without a part. */
export function canCrossFit(labels: Int32Array): boolean {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].every((count) => count >= LEAST_EXAMPLES);
}

/**
 * What a change of the last layer adds to the logits of each of the person's examples if it is learned without that
 * example: the examples are split into parts, and each part is answered by what the others taught. So all examples can be
 * learned from, and all of them judge.
 * Shapes    features [N, F] → [own, C]
 * Throws    what the method throws, and AbortError
 * Source    Stone 1974, "Cross-validatory choice and assessment of statistical predictions", JRSS B 36(2)
 */
export async function crossFit(method: Method, lesson: Lesson, fraction: number): Promise<NdArray> {
  const classes = lesson.logits.shape[1] as number;
  const count = originalsOf(lesson);
  const added = new Float32Array(count * classes);
  const parts = partsOf(lesson.labels.subarray(0, count), fraction, lesson.seed);
  const { ms, ...budget } = lesson.budget;
  // Inputs are not read. All parts together may take as long as the lesson itself.
  const each = {
    ...lesson,
    inputs: {},
    isRehearsal: true,
    budget: { ...budget, ...(ms !== undefined && { ms: ms / parts.length }) },
  };
  for (const part of parts) {
    const { changes } = await method.learn(withoutExamples(each, part));
    const told = addedLogits(pickRows(lesson.features, part), changes, classes);
    for (const [at, i] of part.entries()) added.set(rowOf(told, at), i * classes);
  }
  return { data: added, shape: [count, classes] };
}

/** At most so many more lessons judge a patch. */
const MOST_LESSONS = 2;

/** A lesson of all examples, of which some were held out while the patch was learned. */
export interface WholeLesson {
  readonly lesson: Lesson;
  readonly held: Int32Array;
  /** What the base said of the person's, where it is not what the lesson says. */
  readonly before: NdArray | undefined;
}

/** What was learned without a part of the person's examples. */
export interface Refitted extends Pick<Patch, 'changes' | 'memory'> {
  readonly part: Int32Array;
}

/**
 * Learns again for each of two parts of the examples that were not held out, without that part. With a budget, both
 * together may take as long as the lesson itself.
 * Throws    what the method throws, and AbortError
 */
export async function refit(method: Method, lesson: Lesson, held: Int32Array): Promise<Refitted[]> {
  const isHeld = new Set(held);
  const others = Int32Array.from({ length: originalsOf(lesson) }, (_, i) => i).filter((i) => !isHeld.has(i));
  const labels = others.map((i) => lesson.labels[i] as number);
  const { ms, ...budget } = lesson.budget;
  const each = {
    ...lesson,
    isRehearsal: true,
    budget: { ...budget, ...(ms !== undefined && { ms: ms / MOST_LESSONS }) },
  };
  const refitted: Refitted[] = [];
  for (const places of partsOf(labels, 1 / MOST_LESSONS, lesson.seed)) {
    const part = places.map((at) => others[at] as number);
    refitted.push({ part, ...(await method.learn(withoutExamples(each, part))) });
  }
  return refitted;
}

/** Parts of about that size, over which each class is spread as evenly as possible. */
function partsOf(labels: Int32Array, fraction: number, seed: number): Int32Array[] {
  const count = Math.max(2, Math.min(labels.length, Math.round(1 / fraction)));
  const random = seededRandom(derivedSeed(seed, 'holdout'));
  const parts = Array.from({ length: count }, (): number[] => []);
  let next = 0;
  for (const label of new Set(labels)) {
    const own = Array.from(labels.keys()).filter((i) => labels[i] === label);
    for (const at of permutation(own.length, random)) parts[next++ % count]?.push(own[at] as number);
  }
  return parts.filter(({ length }) => length > 0).map((part) => Int32Array.from(part));
}

/** What changes of the last layer's kernel [F, C] and bias [C] add to its logits: [N, C] of features [N, F]. */
export function addedLogits(features: NdArray, changes: readonly WeightChange[], classes: number): NdArray {
  const learned = changes.map((change) => ({ values: addedBy(change), isBias: change.shape.length === 1 }));
  const size = features.shape[0] as number;
  const data = new Float32Array(size * classes);
  for (let i = 0; i < size; i++) {
    const row = rowOf(features, i);
    const sum = new Float64Array(classes);
    for (const { values, isBias } of learned) {
      for (let at = 0; at < values.length; at++) {
        const x = isBias ? 1 : (row[Math.floor(at / classes)] as number);
        (sum[at % classes] as number) += x * (values[at] as number);
      }
    }
    data.set(sum, i * classes);
  }
  return { data, shape: [size, classes] };
}

/** A lesson without some of the person's examples, and without their copies. */
export function withoutExamples(lesson: Lesson, left: Int32Array): Lesson {
  if (left.length === 0) return lesson;
  const isLeft = new Set(left);
  const { own, copies = 0 } = lesson;
  const originals = originalsOf(lesson);
  const rows = Int32Array.from(lesson.labels.keys()).filter((i) => i >= own || !isLeft.has(i % originals));
  return {
    ...lesson,
    inputs: pickRowsOfAll(lesson.inputs, rows),
    labels: Int32Array.from(rows, (i) => lesson.labels[i] as number),
    ...(lesson.sequences && { sequences: { ...lesson.sequences, rows: pickRows(lesson.sequences.rows, rows) } }),
    size: rows.length,
    own: own - left.length * (1 + copies),
    features: pickRows(lesson.features, rows),
    logits: pickRows(lesson.logits, rows),
  };
}
