import { isSameShape } from '../../../core/shape.ts';
import { mul, type Tensor, type TensorInfo, zerosLike } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type Kernel, type KernelContext, type KernelGradient } from '../kernel.ts';
import { rowsOf } from './softmax.ts';

/** The longest row that fits a thread's scratch. */
const MOST_COLUMNS = 2 ** 17 - 4;

/**
 * Soft-target distillation with its gradient in one pass. `losses/response/softTargets.ts` asks for it.
 * Shapes    student, teacher [..., C] → loss [], gradient [..., C]
 * Units     logits in; T² · nats out, mean over the rows
 * Gradient  reaches the student only
 * Throws    nothing; the caller composes different shapes, other dtypes and more than 131,068 classes
 * Source    Hinton, Vinyals, Dean 2015, §2, arXiv:1503.02531
 */
export const softTargets: Kernel = {
  kernelName: 'SoftTargets',
  gradient: lossGradient('student', 'teacher'),
  run(context, inputs, attrs) {
    const { student, teacher } = inputs as { student: TensorInfo; teacher: TensorInfo };
    const { temperature } = attrs as unknown as { temperature: number };
    const { rows, columns } = rowsOf(student);
    if (!isSupported(student, teacher) || !isSameShape(student.shape, teacher.shape)) return undefined;
    if (columns > MOST_COLUMNS) return undefined;
    const { backend, pool, address } = context;
    const gradient = backend.makeOutput(student.shape, 'float32');
    const losses = pool.scratch(rows * 8);
    const numbers = [1 / temperature, temperature / rows].map(floatBits);
    const words = [address(student), address(teacher), address(gradient), losses, rows, columns, ...numbers];
    pool.run('softTargets', words, rows * columns * 24);
    return [meanOf(context, losses, rows, temperature ** 2), gradient];
  },
};

/** The mean of the rows' losses as a scalar. */
export function meanOf({ backend, pool, address }: KernelContext, losses: number, rows: number, factor: number) {
  const loss = backend.makeOutput([], 'float32');
  pool.run('meanLoss', [losses, address(loss), rows, floatBits(factor)], 0);
  return loss;
}

/** A loss that comes with its gradient: the backward pass only scales it. A constant of the same shape gets zeros. */
export function lossGradient(differentiable: string, constant: string): KernelGradient {
  return {
    inputsToSave: [],
    outputsToSave: [false, true],
    gradFunc(dy, [gradient]) {
      const [ofLoss] = dy as Tensor[];
      return {
        [differentiable]: () => mul(ofLoss as Tensor, gradient as Tensor),
        [constant]: () => zerosLike(gradient as Tensor),
      };
    },
  };
}
