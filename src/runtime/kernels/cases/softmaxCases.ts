// Random cases of softmax, of its logarithm, of their gradients, and of the losses made of them.
import fc from 'fast-check';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

interface RowAttrs {
  readonly shape: readonly number[];
  readonly scale: number;
}

/** Rows around a vector (4), alone and many, and a vocabulary. */
const columns = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 10, 17, 64, 100, 1000);

const attrs: fc.Arbitrary<RowAttrs> = fc.record({
  shape: fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 9 }), columns),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), columns),
  ),
  scale: fc.constantFrom(0.25, 1, 4),
});

/** Logarithms reach 8 · scale + ln C, and slopes sum C values. */
const shared = {
  attrs,
  inputShapes: ({ shape }: RowAttrs) => [shape, shape],
  depth: ({ shape, scale }: RowAttrs) => 32 * scale + 16 + (shape.at(-1) as number) / 4,
  isFallback: () => true,
};

const forward = ([tf.Softmax, tf.LogSoftmax] as const).map((kernelName, i) =>
  casesOf<RowAttrs>({
    ...shared,
    kernelName,
    run: ({ scale }, [x]) => (i === 0 ? tf.softmax(tf.mul(x, scale)) : logSoftmax(tf.mul(x, scale))),
  }),
);

const backward = ['SoftmaxGrad', 'LogSoftmaxGrad'].map((kernelName, i) =>
  casesOf<RowAttrs>({
    ...shared,
    kernelName,
    run: ({ scale }, [x, dy]) => tf.grad((z) => (i === 0 ? tf.softmax(z) : logSoftmax(z)))(tf.mul(x, scale), dy),
  }),
);

/** Loss and gradient, one behind the other. */
export function joined(loss: tf.Tensor, gradient: tf.Tensor): tf.Tensor {
  return tf.concat([tf.reshape(loss, [1]), tf.reshape(gradient, [-1])]);
}

interface TargetAttrs extends RowAttrs {
  readonly temperature: number;
}

const softTargetsCases = casesOf<TargetAttrs>({
  ...shared,
  kernelName: 'SoftTargets',
  attrs: fc.tuple(attrs, fc.constantFrom(1, 2, 4, 20)).map(([rows, temperature]) => ({ ...rows, temperature })),
  // T² times a loss of (8 · scale + ln C) / T.
  depth: (value) => (shared.depth(value) + 64) * value.temperature,
  run({ scale, temperature }, [x, teacher]) {
    const loss = (student: tf.Tensor) =>
      (tf.engine().runKernel('SoftTargets', { student, teacher }, { temperature }) as tf.Tensor[])[0] as tf.Scalar;
    const { value, grad } = tf.valueAndGrad(loss)(tf.mul(x, scale));
    return joined(value, grad);
  },
  reference({ scale, temperature }, [x, teacher]) {
    const loss = (student: tf.Tensor) => {
      const [ofTeacher, ofStudent] = [teacher, student].map((z) => tf.logSoftmax(tf.div(z, temperature)));
      const terms = tf.mul(tf.exp(ofTeacher as tf.Tensor), tf.sub(ofTeacher as tf.Tensor, ofStudent as tf.Tensor));
      return tf.mul(tf.mean(tf.sum(terms, -1)), temperature ** 2) as tf.Scalar;
    };
    const { value, grad } = tf.valueAndGrad(loss)(tf.mul(x, scale));
    return joined(value, grad);
  },
});

/** Labels from −4 to 4: those outside a row count nothing. */
const labelsOf = (ofLabels: tf.Tensor) => tf.cast(tf.round(tf.mul(tf.max(ofLabels, -1), 4)), 'int32');

const softmaxCrossEntropyCases = casesOf<RowAttrs>({
  ...shared,
  kernelName: 'SoftmaxCrossEntropy',
  run({ scale }, [x, ofLabels]) {
    const labels = labelsOf(ofLabels);
    const loss = (logits: tf.Tensor) =>
      (tf.engine().runKernel('SoftmaxCrossEntropy', { logits, labels }) as tf.Tensor[])[0] as tf.Scalar;
    const { value, grad } = tf.valueAndGrad(loss)(tf.mul(x, scale));
    return joined(value, grad);
  },
  reference({ scale, shape }, [x, ofLabels]) {
    const isLabel = tf.equal(tf.expandDims(labelsOf(ofLabels), -1), tf.range(0, shape.at(-1) as number, 1, 'int32'));
    const loss = (logits: tf.Tensor) =>
      tf.neg(tf.mean(tf.sum(tf.mul(tf.cast(isLabel, 'float32'), tf.logSoftmax(logits)), -1))) as tf.Scalar;
    const { value, grad } = tf.valueAndGrad(loss)(tf.mul(x, scale));
    return joined(value, grad);
  },
});

export const softmaxCases: readonly KernelCases[] = [
  ...forward,
  ...backward,
  softTargetsCases,
  softmaxCrossEntropyCases,
];
