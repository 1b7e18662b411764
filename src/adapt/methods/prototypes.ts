import { checkNotNegative } from '../../core/options.ts';
import { given, type OptionsOf, schema } from '../../core/schema.ts';
import { argMax } from '../../core/stats.ts';
import { takeTurns } from '../../core/turns.ts';
import type { WeightChange } from '../../student/patch/patch.ts';
import { splitWeights } from '../../student/weightBytes.ts';
import { rowOf } from '../examples.ts';
import { type ClassMeans, classMeans, meanWithout } from '../head/classMeans.ts';
import { type Lesson, type Method, originalsOf } from '../method.ts';

const OPTIONS = schema('prototypes', {
  /**
   * Weight of the means relative to the base's logits; 'chosen': the weight whose answers fit the examples best, each
   * judged without itself; 'alone': the nearest mean decides, whatever the base says. Default: 'chosen'.
   */
  strength: given<number | 'chosen' | 'alone'>(checkStrength),
});

/** How much the person's class means count relative to the base. */
export interface PrototypesOptions extends OptionsOf<typeof OPTIONS> {}

/** From the base alone to almost the means alone. */
const STRENGTHS = [0, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3];
/** Where no class has two examples, so that nothing can be judged. */
const UNJUDGED = 0.03;

/**
 * The nearest class mean in the features before the last layer, written into that layer; nothing is trained. A class mean
 * gives the logit −‖x − μ‖² ÷ 2σ², which is linear in x except for a part that all classes share. A class without examples
 * gets the mean of the others' rows, so that it neither gains nor loses.
 * Shapes    features [N, F], labels [N] → weights [F, C], bias [C]
 * Units     logits
 * Throws    invalid-option
 * Source    Mensink et al. 2013, TPAMI 35(11), eq. 1 (nearest class mean); Snell et al. 2017, §2.4, arXiv:1703.05175 (as a
 *           linear model)
 * Differs   it is added to the base's logits, with a strength that the examples choose by leave-one-out
 */
export function prototypes(options: PrototypesOptions = {}): Method {
  const { strength = 'chosen' } = OPTIONS.read(options);
  return {
    name: 'prototypes',
    options: { strength },
    readsLabels: true,
    takesOneExample: true,
    crossFits: () => true,
    async learn(lesson) {
      const means = classMeans(
        lesson.features,
        lesson.labels.subarray(0, lesson.own),
        lesson.logits.shape[1] as number,
      );
      const weight = strength === 'alone' ? 1 : strength === 'chosen' ? await chosen(lesson, means) : strength;
      return { changes: changesOf(lesson, means, weight, strength === 'alone') };
    },
  };
}

function checkStrength(strength: number | 'chosen' | 'alone', name: string): void {
  if (strength !== 'chosen' && strength !== 'alone') checkNotNegative(strength, name);
}

/** The strength with the smallest cross-entropy over the examples, each judged by a class mean without it and its copies. */
async function chosen(lesson: Lesson, means: ClassMeans): Promise<number> {
  const { features, labels, logits, own, copies = 0, size, signal } = lesson;
  const originals = originalsOf(lesson);
  const withCopies = (i: number) =>
    Array.from({ length: 1 + copies }, (_, c) => rowOf(features, (i % originals) + c * originals));
  const judged = Array.from({ length: size }, (_, i) => i).filter(
    (i) => i >= own || (means.counts[labels[i] as number] as number) > 1 + copies,
  );
  if (judged.length === 0) return UNJUDGED;
  const turn = takeTurns(signal);
  const map = linearOf(means);
  const costs = STRENGTHS.map(() => 0);
  for (const i of judged) {
    await turn();
    const [row, label] = [rowOf(features, i), labels[i] as number];
    const scores = scoresOf(map, row);
    if (i < own) scores[label] = scoreOf(meanWithout(means, withCopies(i), label), means.variance, row);
    STRENGTHS.forEach((strength, at) => {
      const all = Array.from(rowOf(logits, i), (logit, c) => logit + strength * (scores[c] as number));
      const top = all[argMax(all, 0, all.length)] as number;
      const norm = top + Math.log(all.reduce((sum, z) => sum + Math.exp(z - top), 0));
      costs[at] = (costs[at] as number) + norm - (all[label] as number);
    });
  }
  return STRENGTHS[costs.indexOf(Math.min(...costs))] as number;
}

/** Each class's (2μ·x − ‖μ‖²) ÷ 2σ². */
function scoresOf({ rows, offsets }: ReturnType<typeof linearOf>, x: ArrayLike<number>): Float64Array {
  return Float64Array.from(rows, (row, c) =>
    row.reduce((sum, w, f) => sum + w * (x[f] as number), offsets[c] as number),
  );
}

/** The same of one class with that mean. */
function scoreOf(mean: Float64Array, variance: number, x: ArrayLike<number>): number {
  return mean.reduce((sum, value, f) => sum + value * (2 * (x[f] as number) - value), 0) / (2 * variance);
}

/** As a linear map: a row of weights and an offset for each class; the mean of the others where one has no example. */
function linearOf({ means, counts, variance }: ClassMeans) {
  const known = means.map((mean) => ({
    row: mean.map((value) => value / variance),
    offset: -mean.reduce((sum, value) => sum + value * value, 0) / (2 * variance),
  }));
  const present = known.filter((_, c) => (counts[c] as number) > 0);
  const length = means[0]?.length ?? 0;
  const neutral = {
    row: Float64Array.from(
      { length },
      (_, f) => present.reduce((sum, { row }) => sum + (row[f] as number), 0) / present.length,
    ),
    offset: present.reduce((sum, { offset }) => sum + offset, 0) / present.length,
  };
  const all = known.map((one, c) => ((counts[c] as number) > 0 ? one : neutral));
  return { rows: all.map(({ row }) => row), offsets: all.map(({ offset }) => offset) };
}

function changesOf({ base, classifier }: Lesson, means: ClassMeans, strength: number, alone: boolean): WeightChange[] {
  const { rows, offsets } = linearOf(means);
  // Scores of all classes may be shifted together: numbers of the size of logits keep float32 exact.
  const shift = offsets.reduce((sum, offset) => sum + offset, 0) / offsets.length;
  const classes = rows.length;
  return splitWeights(base)
    .filter(({ name }) => name.startsWith(`${classifier.layer}/`))
    .map(({ name, shape, bytes }) => {
      const before = new Float32Array(bytes.slice().buffer);
      const isBias = shape.length === 1;
      const delta = before.map((value, at) => {
        const c = at % classes;
        const own = isBias
          ? (offsets[c] as number) - shift
          : ((rows[c] as Float64Array)[Math.floor(at / classes)] as number);
        return strength * own - (alone ? value : 0);
      });
      return { kind: 'added', weight: name, shape, delta };
    });
}
