import type { TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { isOfShape, isRecurrentActivation, packedBytes, packRecurrent } from './recurrent.ts';

/**
 * All steps of an LSTM backwards: the gradients of x · W + b + h · U, and of the initial states.
 * Shapes    dh [B, T, U], dhLast and dcLast [B, U], recurrentKernel [U, 4U], c0 [B, U], cells [B, T, U],
 *           gates [B, T, 4U] → [B, T, 4U], [B, U], [B, U]
 * Units     float32; attribute recurrentActivation: sigmoid, hardSigmoid
 * Throws    nothing: other shapes, dtypes and activations are not answered
 * Source    backpropagation through time of `LstmSequence`; Werbos 1990, doi:10.1109/5.58337
 * Differs   tfjs gives hardSigmoid its slope at the very corners, here it is zero there
 */
export const lstmSequenceGrad: Kernel = {
  kernelName: 'LstmSequenceGrad',
  run({ address, backend, pool }, inputs, attrs) {
    const { dh, dhLast, dcLast, recurrentKernel, c0, cells, gates } = inputs as Record<string, TensorInfo>;
    const recurrentActivation = attrs?.['recurrentActivation'];
    if (dh?.shape.length !== 3 || !isRecurrentActivation(recurrentActivation)) return undefined;
    const [batch, time, units] = dh.shape as [number, number, number];
    const states = [dhLast, dcLast, c0];
    if (!states.every((state) => isOfShape(state, [batch, units])) || !isOfShape(cells, [batch, time, units])) {
      return undefined;
    }
    if (!isOfShape(recurrentKernel, [units, 4 * units]) || !isOfShape(gates, [batch, time, 4 * units])) {
      return undefined;
    }
    if (!isSupported(dh, recurrentKernel, cells, gates, ...states)) return undefined;
    const packed = pool.scratch(packedBytes(units, 4 * units, 16));
    packRecurrent(pool, packed, {
      source: address(recurrentKernel),
      depth: 4 * units,
      units,
      width: 16,
      depthStride: 1,
      unitStride: 4 * units,
      gateStride: 0,
    });
    const dz = backend.makeOutput([batch, time, 4 * units], 'float32');
    const dh0 = backend.makeOutput([batch, units], 'float32');
    const dc0 = backend.makeOutput([batch, units], 'float32');
    const words = [batch, time, units, recurrentActivation === 'hardSigmoid' ? 1 : 0, packed];
    const tensors = [gates, cells, c0 as TensorInfo, dh, dhLast as TensorInfo, dcLast as TensorInfo, dz, dh0, dc0];
    pool.run('lstmSequenceGrad', [...words, ...tensors.map(address)], batch * time * units * (4 * units + 64));
    return [dz, dh0, dc0];
  },
};
