import { scaledBy, termsOf } from '../../../losses/combination/weighted.ts';
import type { Loss } from '../../../losses/loss.ts';
import { peakOf } from '../../../losses/schedule.ts';
import * as tf from '../../../runtime/tf.ts';
import { orderInputs } from '../../../student/build.ts';
import type { TrainBatch } from '../../batch.ts';
import { gradientsOf, type StepOptions, toTensors } from '../../step.ts';
import type { OpenPart } from '../part.ts';
import type { BalanceEvent } from './balance.ts';

type Scales = Parameters<typeof scaledBy>[1];

/** The weight of a later measurement in the mean. */
const NEW_PART = 0.1;

/**
 * Gradient-norm balancing: each term of the outermost weighted loss is divided by the norm of its gradient, so that
 * weights mean relative strength, whatever the unit.
 * Source    Chen and others 2018 (GradNorm), arXiv:1711.02257
 * Differs   GradNorm learns the weights, so that all terms are learned at one speed, from gradients at the last shared
 *           layer; here they are divided by what is measured on all of the student's weights, and the user's weights say
 *           what each is worth
 */
export const openBalance: OpenPart = ({ job: { balance }, loss: given, emit }) => {
  if (!balance) return undefined;
  const { steps = 4, every } = balance === true ? {} : balance;
  const terms = termsOf(given);
  const places = terms.flatMap(({ weight }, place) => (peakOf(weight) > 0 ? [place] : []));
  const scales: Scales = { values: terms.map(() => 1) };
  const means = new Map<number, number>();
  let last: BalanceEvent | undefined;
  const nameOf = (place: number) => {
    const name = terms[place]?.loss.name ?? '';
    return terms.filter(({ loss }) => loss.name === name).length > 1 ? `${name} ${place}` : name;
  };

  /** Applies the measurement; reports what cannot be used. */
  function learn(found: readonly number[], step: number): string[] {
    return places.flatMap((place, i) => {
      const norm = found[i] as number;
      if (!Number.isFinite(1 / norm) || !Number.isFinite(norm)) {
        return [
          `The gradient of "${nameOf(place)}" has the length ${norm} before step ${step + 1}; it keeps the scale ` +
            `${scales.values[place]}.`,
        ];
      }
      const before = means.get(place);
      const mean = before === undefined ? norm : (1 - NEW_PART) * before + NEW_PART * norm;
      means.set(place, mean);
      scales.values[place] = 1 / mean;
      return [];
    });
  }

  /**
   * One backward pass a term and batch, on the loop's own model and opened loss. No weight changes; what a loss remembers
   * may, as in a step.
   */
  async function measure(options: StepOptions, batches: readonly TrainBatch[], step: number): Promise<void> {
    const found: number[][] = [];
    for (const batch of batches) found.push(await gradientNorms(options, batch, scales, places));
    const mean = places.map((_, i) => found.reduce((sum, norms) => sum + (norms[i] as number), 0) / found.length);
    for (const message of learn(mean, step)) await emit({ type: 'notice', message });
    const measured = places.map((place, i) => ({
      name: nameOf(place),
      gradientNorm: means.get(place) ?? (mean[i] as number),
      scale: scales.values[place] as number,
    }));
    last = { type: 'balance', step, terms: measured };
    await emit(last);
  }

  return {
    loss: scaledBy(given, scales),
    looksAhead: steps,
    begin: (first, run) => measure(run, first, 0),
    async beforeStep(batch, { step }, run) {
      if (every !== undefined && step > 0 && step % every === 0) await measure(run, [batch], step);
    },
    report: async () => (last === undefined ? {} : { balance: last }),
  };
};

async function gradientNorms(
  options: StepOptions,
  batch: TrainBatch,
  scales: Scales,
  places: readonly number[],
): Promise<number[]> {
  const { model } = options;
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  // A term may reach no trained weight; tfjs then gives no gradient, so add one of 0.
  const nothing = () => tf.mul(tf.sum(variables[0] as tf.Variable), 0);
  const loss: Loss = {
    ...options.loss,
    compute: (tfjs, tensors) => tf.add(options.loss.compute(tfjs, tensors), nothing()),
  };
  // Batch statistics change in the forward pass.
  const statistics = model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable);
  const before = statistics.map((variable) => variable.clone());
  let norms: tf.Tensor | undefined;
  try {
    norms = tf.tidy(() => {
      const tensors = toTensors(batch, orderInputs(model, batch.inputs));
      const read = { ...tensors, teacher: batch.onGpu?.tensors() ?? tensors.teacher };
      const each = places.map((place) => {
        scales.alone = place;
        return tf.tidy(() => normOf(Object.values(gradientsOf({ ...options, loss }, variables, read).grads)));
      });
      return tf.stack(each);
    });
    return Array.from(await norms.data());
  } finally {
    delete scales.alone;
    statistics.forEach((variable, i) => {
      variable.assign(before[i] as tf.Tensor);
    });
    tf.dispose([...before, ...(norms === undefined ? [] : [norms])]);
  }
}

/** √ Σ x², each tensor divided by its largest number first, so that no square overflows float32. */
function normOf(tensors: readonly tf.Tensor[]): tf.Scalar {
  const most = tf.max(tf.stack(tensors.map((tensor) => tf.max(tf.abs(tensor))))) as tf.Scalar;
  const unit = tf.where(tf.greater(most, 0), most, tf.onesLike(most));
  const squares = tensors.map((tensor) => tf.sum(tf.square(tf.div(tensor, unit))));
  return tf.mul(unit, tf.sqrt(tf.sum(tf.stack(squares)))) as tf.Scalar;
}
