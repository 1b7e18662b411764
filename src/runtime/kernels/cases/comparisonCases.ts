// Random cases of questions about two tensors.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { type PairAttrs, pairAttrs, shapesOf } from './broadcastCases.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

const questions: readonly [string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor][] = [
  [tf.Equal, tf.equal],
  [tf.NotEqual, tf.notEqual],
  [tf.Greater, tf.greater],
  [tf.GreaterEqual, tf.greaterEqual],
  [tf.Less, tf.less],
  [tf.LessEqual, tf.lessEqual],
];

interface QuestionAttrs {
  readonly pair: PairAttrs;
  readonly dtype: 'float32' | 'int32';
}

export const comparisonCases: readonly KernelCases[] = questions.map(([kernelName, ask]) =>
  casesOf<QuestionAttrs>({
    kernelName,
    attrs: fc.record({ pair: pairAttrs, dtype: fc.constantFrom('float32', 'int32') }),
    inputShapes: ({ pair }) => shapesOf(pair),
    depth: () => 0,
    run: ({ dtype }, [a, b]) => ask(tf.cast(a, dtype), tf.cast(b, dtype)),
  }),
);
