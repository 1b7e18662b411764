// Random cases of the gradient through bias and activation.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

interface EpilogueAttrs {
  readonly rows: number;
  readonly columns: number;
  readonly activation: 'linear' | 'relu' | 'relu6' | 'gelu';
}

const cases = casesOf<EpilogueAttrs>({
  kernelName: 'EpilogueGrad',
  attrs: fc.record({
    rows: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 500, max: 1500 })),
    columns: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 45 }) }, fc.constantFrom(127, 128, 131)),
    activation: fc.constantFrom<EpilogueAttrs['activation']>('linear', 'relu', 'relu6', 'gelu'),
  }),
  inputShapes: ({ rows, columns }) => [
    [rows, columns],
    [rows, columns],
  ],
  // Of gelu y is a factor, at most 12 here.
  depth: ({ rows, activation }) => (activation === 'gelu' ? 12 : 1) * rows,
  run({ activation }, [dy, y]) {
    const result = tf.engine().runKernel('EpilogueGrad', { dy, y: tf.mul(y, 3) }, { activation }) as tf.Tensor[];
    return joined(result);
  },
  reference({ activation }, [dy, y]) {
    const wide = tf.mul(y, 3);
    if (activation === 'gelu') return joined([tf.mul(dy, wide), tf.sum(tf.mul(dy, wide), 0)]);
    const isThrough =
      activation === 'relu6' ? tf.logicalAnd(tf.greater(wide, 0), tf.less(wide, 6)) : tf.greater(wide, 0);
    const before = activation === 'linear' ? dy : tf.where(isThrough, dy, tf.zerosLike(dy));
    return joined([...(activation === 'linear' ? [] : [before]), tf.sum(before, 0)]);
  },
});

function joined(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tf.concat(tensors.map((tensor) => tf.reshape(tensor, [-1])));
}

export const epilogueGradCases: readonly KernelCases[] = [cases];
