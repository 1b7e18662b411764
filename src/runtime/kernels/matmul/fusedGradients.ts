import {
  BatchMatMul,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  engine,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
} from '../../tf.ts';
import type { KernelGradient } from '../kernel.ts';

// Gradients of the fused kernels. tfjs has none: in a training step its layers run product, bias and activation one by
// one. Our layers run the fused kernels (see `runtime/layers/`) and need these.

const run = (kernelName: string, inputs: Record<string, Tensor>, attrs: object): Tensor =>
  engine().runKernel(kernelName, inputs as unknown as NamedTensorMap, attrs as NamedAttrMap) as Tensor;

/** The gradient before bias and activation, and that of the bias: both in one pass, and none if neither is needed. */
function throughEpilogue(dy: Tensor, y: Tensor, { activation }: Record<string, unknown>) {
  const through = () => engine().runKernel('EpilogueGrad', { dy, y }, { activation } as NamedAttrMap) as Tensor[];
  if (activation === 'linear') return { before: dy, bias: () => through()[0] as Tensor };
  const [before, bias] = through() as [Tensor, Tensor];
  return { before, bias: () => bias };
}

export const fusedMatMulGradient: KernelGradient = {
  inputsToSave: ['a', 'b'],
  outputsToSave: [true],
  gradFunc(dy, saved, attrs) {
    const [a, b, y] = saved as [Tensor, Tensor, Tensor];
    if (a.rank !== 2 || attrs['transposeA'] || attrs['transposeB']) return undefined;
    return productGradient(dy as Tensor, a, b, y, attrs);
  },
};

/** Of act(a · b + bias), each gradient when it is asked for. `y` is the product's output, of gelu its slopes. */
export function productGradient(dy: Tensor, a: Tensor, b: Tensor, y: Tensor, attrs: Record<string, unknown>) {
  const { before, bias } = throughEpilogue(dy, y, attrs);
  return {
    a: () => run(BatchMatMul, { a: before, b }, { transposeA: false, transposeB: true }),
    b: () => run(BatchMatMul, { a, b: before }, { transposeA: true, transposeB: false }),
    bias,
  };
}

export const fusedConv2dGradient = convolutionGradient(Conv2DBackpropInput, Conv2DBackpropFilter);

export const fusedDepthwiseConv2dGradient = convolutionGradient(
  DepthwiseConv2dNativeBackpropInput,
  DepthwiseConv2dNativeBackpropFilter,
);

function convolutionGradient(ofInput: string, ofFilter: string): KernelGradient {
  return {
    inputsToSave: ['x', 'filter'],
    outputsToSave: [true],
    gradFunc(dy, saved, attrs) {
      const [x, filter, y] = saved as [Tensor, Tensor, Tensor];
      const { before, bias } = throughEpilogue(dy as Tensor, y, attrs);
      return {
        x: () => run(ofInput, { dy: before, filter }, { ...attrs, inputShape: x.shape }),
        filter: () => run(ofFilter, { x, dy: before }, { ...attrs, filterShape: filter.shape }),
        bias,
      };
    },
  };
}
