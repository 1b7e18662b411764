import { broadcastTo, einsum, reshape, type Tensor } from '../../tf.ts';
import type { KernelGradient } from '../kernel.ts';

/** The gradient of one factor: its term, and with which other factor and term it was multiplied. */
interface Factor {
  readonly tensor: Tensor;
  readonly term: string;
  readonly other?: { readonly tensor: Tensor; readonly term: string };
}

/** tfjs has no gradient of Einsum; it is an Einstein sum again, of the result's gradient and the other factor. */
export const einsumGradient: KernelGradient = {
  saveAllInputs: true,
  gradFunc(dy, saved, attrs) {
    const { equation } = attrs as unknown as { equation: string };
    const [terms = '', out = ''] = equation.replace(/\s/g, '').split('->');
    const factors = terms.split(',').map((term, i) => ({ tensor: saved[i] as Tensor, term }));
    const gradients = factors.map((factor, i) => () => {
      const other = factors[1 - i];
      return gradientOf(dy as Tensor, out, other === undefined ? factor : { ...factor, other });
    });
    // Inputs are a list, so their gradients are one too.
    return gradients as unknown as ReturnType<KernelGradient['gradFunc']>;
  },
};

function gradientOf(dy: Tensor, out: string, { tensor, term, other }: Factor): Tensor {
  const isReached = (axis: string) => out.includes(axis) || (other?.term.includes(axis) ?? false);
  const reached = [...term].filter(isReached).join('');
  const gradient =
    other === undefined
      ? einsum(`${out}->${reached}`, dy)
      : einsum(`${out},${other.term}->${reached}`, dy, other.tensor);
  // Along an axis that was summed in this factor alone, every value counts the same.
  const apart = [...term].map((axis, i) => (isReached(axis) ? (tensor.shape[i] as number) : 1));
  return broadcastTo(reshape(gradient, apart), tensor.shape);
}
