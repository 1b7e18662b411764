import type { NamedArrays } from '../../../core/shape.ts';
import * as tf from '../../../runtime/tf.ts';
import type { OpenPart } from '../part.ts';
import { readAdaptation } from './adaptation.ts';
import { openAnchor } from './anchor.ts';
import { openImportance } from './importance.ts';
import { chooseLearned } from './learned.ts';
import { isWorthIt, type LowRank, openLowRank } from './lowRank.ts';
import { openMeanStatistics } from './meanStatistics.ts';
import { openPrivateSteps } from './privateSteps.ts';

/**
 * Restricts learning to the weights that the options name, until the run ends, and changes their gradients before the
 * optimizer.
 * Throws    invalid-option · student-not-trainable · unknown-output: a layer that does not exist · shape-mismatch: importance
 *           of other weights
 */
export const openAdaptation: OpenPart = ({ job: { adaptation, seed, batchSize }, model }) => {
  if (adaptation === undefined) return undefined;
  const options = readAdaptation(adaptation);
  const { learns, rank, alpha = 2 * rank, statistics, privacy, measures } = options;
  const means = statistics === 'mean' ? openMeanStatistics(model, options.priorExamples, batchSize) : undefined;
  const learned = chooseLearned(model, options);
  const byVariable = new Map(learned.all.map((weight) => [weight.variable.name, weight]));
  const narrow = learned.all.filter((weight) => learns === 'low-rank' && isWorthIt(weight, rank));
  const products = new Map<string, LowRank>();
  const anchor = openAnchor(learned.all, options.anchor);
  const importance = measures && openImportance(byVariable);
  const steps = privacy && openPrivateSteps(privacy);
  for (const weight of narrow) products.set(weight.variable.name, openLowRank(weight, rank, alpha, seed));

  /** What learns instead of the weights; the caller frees it. */
  const project = (gradients: tf.NamedTensorMap): tf.NamedTensorMap =>
    tf.tidy(() => {
      const held = anchor.add(gradients);
      const entries = Object.entries(held).filter(([, gradient]) => Boolean(gradient));
      return Object.assign(
        {},
        ...entries.map(([name, gradient]) => products.get(name)?.project(gradient) ?? { [name]: gradient.clone() }),
      ) as tf.NamedTensorMap;
    });

  function learn(gradients: tf.NamedTensorMap, apply: (gradients: tf.NamedTensorMap) => void): void {
    const own = project(gradients);
    const due = steps === undefined ? [own] : steps.add(own);
    try {
      for (const step of due) apply(step);
    } finally {
      tf.dispose(own);
      if (steps !== undefined) tf.dispose(due);
    }
    if (due.length > 0) for (const product of products.values()) product.write();
  }

  return {
    onGradients(gradients, apply) {
      if (importance !== undefined) importance.add(gradients);
      else if (byVariable.size > 0) learn(gradients, apply);
    },
    mode: statistics === 'kept' ? 'inference' : 'training',
    movesStatistics: statistics === 'moving',
    changesSteps: ({ step }) => means?.beforeStep(step) ?? false,
    results: () => ({
      adapted: {
        ...(importance && { importance: importance.mean() as NamedArrays }),
        ...(narrow.length > 0 && {
          lowRank: Object.fromEntries(
            narrow.map(({ name, variable }) => [name, (products.get(variable.name) as LowRank).product()]),
          ),
        }),
      },
    }),
    end() {
      learned[Symbol.dispose]();
      means?.[Symbol.dispose]();
      anchor[Symbol.dispose]();
      for (const product of products.values()) product[Symbol.dispose]();
    },
  };
};
