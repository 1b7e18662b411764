import * as tf from '../../../runtime/tf.ts';
import { int, needNumbers, type Operator, type Operators, runKernel, unsupported } from '../call.ts';
import { compute } from '../fromRecord.ts';
import { curveOf } from '../fusedNodes.ts';
import { aligned } from '../layoutValue.ts';

/** The engine's own nodes: elementwise functions, in any layout. */
const curved =
  (name: string): Operator =>
  (call) => {
    const { tensor, order } = call.value(0);
    return { tensor: runKernel(name, { x: tensor }, { curve: curveOf(call.step.node) }), order };
  };

/** The kernels truncate toward zero in one step. */
const cast: Operator = (call) => {
  const { tensor, order } = call.value(0);
  const to = int(call, 'to', 1);
  if (to === 8) throw unsupported(call, 'it makes text');
  return { tensor: tf.cast(tensor, to === 1 || to === 11 ? 'float32' : to === 9 ? 'bool' : 'int32'), order };
};

/** The kernels broadcast a condition without a change of type. */
const where: Operator = (call) => {
  const { tensors, order } = aligned([0, 1, 2].map((i) => call.value(i)));
  const [condition, a, b] = tensors as [tf.Tensor, tf.Tensor, tf.Tensor];
  const shape = [a, b].reduce(
    (sum, one) => tf.broadcast_util.assertAndGetBroadcastShape(sum, one.shape),
    condition.shape,
  );
  return { tensor: compute('Where', [tf.broadcastTo(tf.cast(condition, 'bool'), shape), a, b]), order };
};

export const CURVES: Operators = { Line: curved('Line'), Gate: curved('Gate') };

export const ELEMENTWISE: Operators = {
  Cast: cast,
  Where: where,
  Dropout: (call) => {
    if (call.has(2) && needNumbers(call, 2)[0] !== 0) throw unsupported(call, 'it is to drop values, as in training');
    return call.value(0);
  },
};
