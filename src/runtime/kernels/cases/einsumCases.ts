// Random cases of Einstein sums: every part an axis can have in one or two tensors, in every order.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

/** An axis: its length, whether each tensor has it and whether the result does. */
interface EinsumAxis {
  readonly length: number;
  readonly inA: boolean;
  readonly inB: boolean;
  readonly inOut: boolean;
}

interface EinsumAttrs {
  readonly axes: readonly EinsumAxis[];
  readonly hasTwo: boolean;
  /** Numbers that shuffle the axes of both tensors and of the result. */
  readonly orders: readonly (readonly number[])[];
}

const MOST_AXES = 5;
const axis = fc.record({
  length: fc.integer({ min: 1, max: 6 }),
  inA: fc.boolean(),
  inB: fc.boolean(),
  inOut: fc.boolean(),
});
const order = fc.array(fc.nat(1000), { minLength: MOST_AXES, maxLength: MOST_AXES });
const attrs: fc.Arbitrary<EinsumAttrs> = fc.record({
  axes: fc.array(axis, { maxLength: MOST_AXES }),
  hasTwo: fc.boolean(),
  orders: fc.tuple(order, order, order),
});

/** The numbers of the axes of the first tensor, the second one and the result. */
function termsOf({ axes, hasTwo, orders }: EinsumAttrs): number[][] {
  const isIn = [
    // Every axis is in some tensor.
    ({ inA, inB }: EinsumAxis) => inA || !inB || !hasTwo,
    ({ inB }: EinsumAxis) => inB,
    ({ inOut }: EinsumAxis) => inOut,
  ];
  return isIn.map((has, term) => {
    const rank = (i: number) => orders[term]?.[i] ?? 0;
    return axes.flatMap((one, i) => (has(one) ? [i] : [])).sort((a, b) => rank(a) - rank(b));
  });
}

export const einsumCases: readonly KernelCases[] = [
  casesOf<EinsumAttrs>({
    kernelName: tf.Einsum,
    attrs,
    inputShapes: (of) =>
      termsOf(of)
        .slice(0, 2)
        .map((term) => term.map((i) => of.axes[i]?.length ?? 1)),
    depth: ({ axes }) => axes.reduce((size, { length, inOut }) => (inOut ? size : size * length), 1),
    run(of, [a, b]) {
      const [first, second, out] = termsOf(of).map((term) => term.map((i) => 'abcde'[i]).join(''));
      return of.hasTwo ? tf.einsum(`${first},${second}->${out}`, a, b) : tf.einsum(`${first}->${out}`, a);
    },
    // tfjs's cpu backend leaves an axis of length 1 where each tensor has a summed axis of its own.
    reference(of, [a, b]) {
      const [first = [], second = [], out = []] = termsOf(of);
      const all = [...out, ...of.axes.flatMap((_, i) => (out.includes(i) ? [] : [i]))];
      const spread = (x: tf.Tensor, term: readonly number[]) => {
        const present = all.filter((i) => term.includes(i));
        const shape = all.map((i) => (term.includes(i) ? (of.axes[i]?.length ?? 1) : 1));
        const moved = tf.transpose(
          x,
          present.map((i) => term.indexOf(i)),
        );
        return tf.reshape(moved, shape);
      };
      const product = of.hasTwo ? tf.mul(spread(a, first), spread(b, second)) : spread(a, first);
      const summed = all.flatMap((_, position) => (position < out.length ? [] : [position]));
      return summed.length === 0 ? product : tf.sum(product, summed);
    },
  }),
];
