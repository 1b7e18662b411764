import { sizeOf } from '../../../core/shape.ts';
import {
  Abs,
  Elu,
  Exp,
  Floor,
  LeakyRelu,
  Log,
  Neg,
  Relu,
  Relu6,
  Rsqrt,
  Sigmoid,
  Softplus,
  Sqrt,
  Square,
  Step,
  Tanh,
  type TensorInfo,
} from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { type Curve, curveWords } from '../matmul/gemm.ts';
import { gradientOf } from './unaryGrad.ts';

/** In the order in which `wasm/unary/index.ts` numbers them; `cost` is the work of one value. */
const FUNCTIONS: readonly { readonly kernelName: string; readonly cost: number }[] = [
  { kernelName: Relu, cost: 2 },
  { kernelName: Relu6, cost: 2 },
  { kernelName: LeakyRelu, cost: 2 },
  { kernelName: Elu, cost: 8 },
  { kernelName: Sigmoid, cost: 8 },
  { kernelName: Tanh, cost: 8 },
  { kernelName: Exp, cost: 8 },
  { kernelName: Step, cost: 2 },
  { kernelName: 'Gelu', cost: 12 },
  { kernelName: 'GeluTanh', cost: 10 },
  { kernelName: 'Silu', cost: 8 },
  { kernelName: 'HardSwish', cost: 3 },
  { kernelName: 'HardSigmoid', cost: 2 },
  { kernelName: Sqrt, cost: 2 },
  { kernelName: Rsqrt, cost: 3 },
  { kernelName: 'Line', cost: 3 },
  { kernelName: 'Gate', cost: 3 },
  { kernelName: Neg, cost: 2 },
  { kernelName: Square, cost: 2 },
  { kernelName: Abs, cost: 2 },
  { kernelName: Log, cost: 8 },
  { kernelName: Floor, cost: 2 },
  { kernelName: Softplus, cost: 16 },
];

/**
 * Functions of one tensor, value by value: activations, and the parts of normalisation layers and losses.
 * Shapes    x [...] → [...]
 * Units     float32; exponentials and logarithms within two units in the last place
 * Throws    nothing: other dtypes fall back to tfjs
 * Source    tfjs Relu, Elu, Sigmoid, …; Gelu: Hendrycks and Gimpel 2016, arXiv:1606.08415; Silu: Ramachandran et al. 2017,
 *           arXiv:1710.05941; HardSwish: Howard et al. 2019, arXiv:1905.02244;
 *           Line and Gate: shift + clip(a·x + b, low, high), and the same with x times the clipped line
 */
export const unary: readonly Kernel[] = FUNCTIONS.map(({ kernelName, cost }, op) => ({
  kernelName,
  gradient: gradientOf(kernelName),
  run({ backend, pool, address }, inputs, attrs) {
    const { x } = inputs as { x: TensorInfo };
    if (!isSupported(x)) return undefined;
    const out = backend.makeOutput(x.shape, 'float32');
    const count = sizeOf(x.shape);
    const alpha = floatBits(Number(attrs?.['alpha'] ?? 0));
    const curve = curveWords(attrs?.['curve'] as unknown as Curve | undefined);
    pool.run('unary', [address(x), address(out), count, op, alpha, ...curve], count * cost);
    return out;
  },
}));
