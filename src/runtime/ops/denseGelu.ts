import { productGradient } from '../kernels/matmul/fusedGradients.ts';
import { _FusedMatMul, engine, type NamedTensorMap, type Tensor } from '../tf.ts';
import { gelu } from './gelu.ts';
import { hasKernel } from './kernelOr.ts';

/** What tfjs's engine has, and does not declare: an operation whose gradients are computed only if they are asked for. */
interface OperationEngine {
  runKernelFunc(operation: {
    readonly inputs: NamedTensorMap;
    readonly forwardFunc: (backend: unknown, save: (tensors: Tensor[]) => void) => Tensor;
    readonly backwardsFunc: (dy: Tensor, saved: Tensor[]) => Record<string, () => Tensor>;
  }): Tensor;
}

/**
 * gelu(a · b + bias), a dense layer: one kernel, which in training keeps the slopes in place of what was activated.
 * Shapes    a [M, K], b [K, N], bias [N] → [M, N]
 * Source    Hendrycks and Gimpel 2016, arXiv:1606.08415
 */
export function denseGelu(a: Tensor, b: Tensor, bias: Tensor | undefined): Tensor {
  const inputs = { a, b, ...(bias !== undefined && { bias }) } as NamedTensorMap;
  if (!hasKernel('GeluMatMul', ...Object.values(inputs))) {
    const attrs = { transposeA: false, transposeB: false, activation: 'linear' };
    return gelu(engine().runKernel(_FusedMatMul, inputs, attrs) as Tensor);
  }
  const run = (isSloped: boolean) => engine().runKernel('GeluMatMul', inputs, { isSloped }) as Tensor[];
  if (engine().state.gradientDepth === 0) return run(false)[0] as Tensor;
  return (engine() as unknown as OperationEngine).runKernelFunc({
    inputs,
    forwardFunc(_, save) {
      const [y, slopes] = run(true) as [Tensor, Tensor];
      save([a, b, slopes]);
      return y;
    },
    backwardsFunc(dy, [ofA, ofB, slopes]) {
      const gradient = productGradient(dy, ofA as Tensor, ofB as Tensor, slopes as Tensor, { activation: 'gelu' });
      const { bias: ofBias, ...others } = gradient;
      return { ...others, ...(bias !== undefined && { bias: ofBias }) };
    },
  });
}
