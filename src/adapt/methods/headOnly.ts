import { LimbeckError } from '../../core/errors.ts';
import { notNegative, type OptionsOf, schema } from '../../core/schema.ts';
import type { Patch, WeightChange } from '../../student/patch/patch.ts';
import { functionalOf } from '../../student/topology/classifier.ts';
import { HEAD_INPUT, headOf } from '../../student/topology/headOf.ts';
import { splitWeights } from '../../student/weightBytes.ts';
import { solveHead } from '../head/solveHead.ts';
import { HEAD_ITERATIONS, HEAD_L2, NEAR, NEAR_TO_JUDGE, wantedAnswers } from '../head/wantedAnswers.ts';
import type { Lesson, Method } from '../method.ts';
import { type MethodSteps, STEPS, stepsOf } from '../methodSteps.ts';
import { trainChanges } from '../trainChanges.ts';

const OPTIONS = schema('headOnly', {
  ...STEPS.fields,
  /**
   * λ of λ/2 ‖ΔW‖², which is added to the sum of the losses, for features of a length of about 1; steps do not use it.
   * Default: 0.03.
   */
  l2: notNegative(),
});

/** How the last layer finds its weights. */
export interface HeadOnlyOptions extends MethodSteps, OptionsOf<typeof OPTIONS> {}

/** Multiplications in one product of features and weights from which the kernels are faster. */
const MOST_PRODUCTS = 4e6;

/**
 * The last layer learns, on features that are computed once (linear probing). L-BFGS finds the minimum of this convex
 * problem, without a rate to choose. It takes steps in batches instead where `epochs`, `batchSize` or `optimizer` are
 * given, where `privacy` or `ewc` need steps, of sequences, and where layer and examples are so large that the kernels are
 * faster.
 * Replayed examples together count as much as the person's own, and the base's answers on them `keep.former` times that.
 * Shapes    features [B, F] → logits [B, C]; of sequences [B, T, F] → [B, T, C]
 * Units     logits
 * Throws    invalid-option
 * Source    Alain and Bengio 2017, arXiv:1610.01644 (linear classifiers on fixed features); Radford et al. 2021,
 *           arXiv:2103.00020, §3.2 (by L-BFGS)
 */
export function headOnly(options: HeadOnlyOptions = {}): Method {
  const { l2, ...steps } = OPTIONS.read(options);
  const takesSteps = Object.values(steps).some((value) => value !== undefined);
  if (takesSteps && l2 !== undefined) throw withSteps();
  const isSolved = (lesson: Lesson) => !takesSteps && isSolvable(lesson);
  return {
    name: 'headOnly',
    options: { ...options },
    readsLabels: true,
    readsSequences: true,
    takesOneExample: false,
    crossFits: isSolved,
    learn: (lesson) => (isSolved(lesson) ? solved(lesson, l2 ?? HEAD_L2) : stepped(lesson, steps)),
  };
}

function withSteps(): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    '"l2" is read where the last layer is solved for; with "epochs", "batchSize" or "optimizer" it takes steps. Leave one out.',
  );
}

function isSolvable({ privacy, anchor, budget, features, logits, sequences }: Lesson): boolean {
  if (sequences !== undefined) return false;
  const [size = 0, width = 0] = features.shape;
  const products = size * width * (logits.shape[1] as number);
  return privacy === undefined && anchor === undefined && budget.steps === undefined && products <= MOST_PRODUCTS;
}

function stepped(lesson: Lesson, steps: MethodSteps): Promise<Pick<Patch, 'changes'>> {
  const { base, classifier, features } = lesson;
  const isHead = functionalOf(base).config.input_layers.some(([name]) => name === classifier.features);
  const head = isHead
    ? {}
    : { base: headOf(base, classifier, features.shape.slice(1)), inputs: { [HEAD_INPUT]: features } };
  return trainChanges(
    { ...lesson, ...head },
    { ...stepsOf(steps, { epochs: 20, learningRate: 2e-2 }, lesson), adaptation: {} },
  );
}

async function solved(lesson: Lesson, l2: number): Promise<{ changes: WeightChange[] }> {
  const { base, classifier, features, logits, budget, isRehearsal, signal } = lesson;
  const weights = splitWeights(base).filter(({ name }) => name.startsWith(`${classifier.layer}/`));
  const hasBias = weights.some(({ shape }) => shape.length === 1);
  const endsAt = performance.now() + (budget.ms ?? Number.POSITIVE_INFINITY);
  const { kernel, bias } = await solveHead(
    { features, logits, ...wantedAnswers(lesson), l2, hasBias },
    {
      iterations: HEAD_ITERATIONS,
      near: isRehearsal ? NEAR_TO_JUDGE : NEAR,
      isOver: () => performance.now() > endsAt,
      signal,
    },
  );
  const changes = weights.map(({ name, shape }): WeightChange => {
    return { kind: 'added', weight: name, shape, delta: shape.length === 1 ? bias : kernel };
  });
  return { changes };
}
