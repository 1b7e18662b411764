import { sizeOf } from '../../../core/shape.ts';
import {
  div,
  Elu,
  engine,
  LeakyRelu,
  mul,
  Relu,
  Relu6,
  Rsqrt,
  rsqrt,
  Sigmoid,
  square,
  sub,
  Tanh,
  type Tensor,
  type TensorInfo,
  zerosLike,
} from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type Kernel, type KernelGradient } from '../kernel.ts';

interface UnaryGradient {
  /** The operation that it is the gradient of. */
  readonly of: string;
  /** What tfjs saves for it. */
  readonly saved: 'x' | 'y';
  readonly cost: number;
  /** The second derivative from the saved tensor, if it is simple; without it the gradient has no gradient. */
  readonly curvature?: (saved: Tensor) => Tensor;
}

/** In the order in which `wasm/unary-grad/index.ts` numbers them. */
const GRADIENTS: readonly UnaryGradient[] = [
  { of: Relu, saved: 'x', cost: 3, curvature: zerosLike },
  { of: Relu6, saved: 'x', cost: 3, curvature: zerosLike },
  { of: LeakyRelu, saved: 'x', cost: 3, curvature: zerosLike },
  { of: Elu, saved: 'y', cost: 3 },
  { of: Sigmoid, saved: 'y', cost: 3, curvature: (y) => sub(1, mul(y, 2)) },
  { of: Tanh, saved: 'y', cost: 3, curvature: (y) => mul(y, -2) },
  { of: 'Gelu', saved: 'x', cost: 14 },
  { of: 'GeluTanh', saved: 'x', cost: 12 },
  { of: 'Silu', saved: 'x', cost: 10 },
  { of: 'HardSwish', saved: 'x', cost: 4 },
  { of: 'HardSigmoid', saved: 'x', cost: 3 },
  { of: Rsqrt, saved: 'x', cost: 5, curvature: (x) => div(mul(rsqrt(x), 0.75), square(x)) },
];

/**
 * Gradients of the functions of one tensor, in one pass instead of tfjs's three to five.
 * Shapes    x or y [...], dy [...] → [...]
 * Units     float32
 * Throws    nothing: other dtypes fall back to tfjs
 * Source    tfjs's gradients of the same operations; EluGrad is tfjs's own
 */
export const unaryGrad: readonly Kernel[] = GRADIENTS.map((gradient, op) => ({
  kernelName: `${gradient.of}Grad`,
  gradient: secondOf(gradient),
  run({ backend, pool, address }, inputs, attrs) {
    const { [gradient.saved]: saved, dy } = inputs as Record<string, TensorInfo> & { dy: TensorInfo };
    if (saved === undefined || !isSupported(saved, dy)) return undefined;
    const count = sizeOf(saved.shape);
    if (sizeOf(dy.shape) !== count) return undefined;
    const out = backend.makeOutput(saved.shape, 'float32');
    const alpha = floatBits(Number(attrs?.['alpha'] ?? 0));
    pool.run('unaryGrad', [address(saved), address(dy), address(out), count, op, alpha], count * gradient.cost);
    return out;
  },
}));

/** The gradient of an operation through its kernel; tfjs's own runs if there is none or it does not apply. */
export function gradientOf(kernelName: string): KernelGradient | undefined {
  const gradient = GRADIENTS.find(({ of }) => of === kernelName);
  if (gradient === undefined) return undefined;
  return {
    ...(gradient.saved === 'x' ? { inputsToSave: ['x'] } : { outputsToSave: [true] }),
    gradFunc(dy, [saved], attrs) {
      if (!isSupported(saved, dy as Tensor)) return undefined;
      const inputs = { [gradient.saved]: saved as Tensor, dy: dy as Tensor };
      return { x: () => engine().runKernel(`${kernelName}Grad`, inputs, attrs) as Tensor };
    },
  };
}

function secondOf({ of, saved, curvature }: UnaryGradient): KernelGradient | undefined {
  if (curvature === undefined) return undefined;
  return {
    inputsToSave: [saved, 'dy'],
    gradFunc(upper, [value, dy], attrs) {
      const inputs = { [saved]: value as Tensor, dy: upper as Tensor };
      return {
        dy: () => engine().runKernel(`${of}Grad`, inputs, attrs) as Tensor,
        [saved]: () => mul(mul(upper as Tensor, dy as Tensor), curvature(value as Tensor)),
      };
    },
  };
}
