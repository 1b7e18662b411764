import type { TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { isOfShape, isRecurrentActivation, packedBytes, packRecurrent } from './recurrent.ts';

/**
 * All steps of a GRU backwards: the gradients of x · W + b, of the first state and, with `resetAfter`, of
 * h · U + recurrentBias, which differs from the first in the candidate.
 * Shapes    dh [B, T, U], dhLast [B, U], recurrentKernel [U, 3U], h0 [B, U], h [B, T, U], gates [B, T, 3U],
 *           inner [B, T, U] → [B, T, 3U], [B, U], and [B, T, 3U] with resetAfter
 * Units     float32; attributes recurrentActivation: sigmoid, hardSigmoid; resetAfter
 * Throws    nothing: other shapes, dtypes and activations are not answered
 * Source    backpropagation through time of `GruSequence`; Werbos 1990, doi:10.1109/5.58337
 * Differs   tfjs gives hardSigmoid its slope at the very corners, here it is zero there
 */
export const gruSequenceGrad: Kernel = {
  kernelName: 'GruSequenceGrad',
  run({ address, backend, pool }, inputs, attrs) {
    const { dh, dhLast, recurrentKernel, h0, h, gates, inner } = inputs as Record<string, TensorInfo>;
    const recurrentActivation = attrs?.['recurrentActivation'];
    const resetAfter = attrs?.['resetAfter'] === true;
    if (dh?.shape.length !== 3 || !isRecurrentActivation(recurrentActivation)) return undefined;
    const [batch, time, units] = dh.shape as [number, number, number];
    if (!isOfShape(dhLast, [batch, units]) || !isOfShape(h0, [batch, units])) return undefined;
    if (!isOfShape(h, dh.shape) || !isOfShape(inner, dh.shape)) return undefined;
    if (!isOfShape(recurrentKernel, [units, 3 * units]) || !isOfShape(gates, [batch, time, 3 * units])) {
      return undefined;
    }
    if (!isSupported(dh, dhLast, recurrentKernel, h0, h, gates, inner)) return undefined;
    const depth = (resetAfter ? 3 : 2) * units;
    const gateBytes = packedBytes(units, depth, 16);
    const packed = pool.scratch(gateBytes + packedBytes(units, units, 16));
    const source = address(recurrentKernel);
    const panels = { units, width: 16, depthStride: 1, unitStride: 3 * units, gateStride: 0 } as const;
    packRecurrent(pool, packed, { ...panels, source, depth });
    if (!resetAfter) packRecurrent(pool, packed + gateBytes, { ...panels, source: source + 8 * units, depth: units });
    const dz = backend.makeOutput([batch, time, 3 * units], 'float32');
    const dzRecurrent = resetAfter ? [backend.makeOutput([batch, time, 3 * units], 'float32')] : [];
    const dh0 = backend.makeOutput([batch, units], 'float32');
    const isHard = recurrentActivation === 'hardSigmoid' ? 1 : 0;
    const words = [batch, time, units, isHard, resetAfter ? 1 : 0, packed, packed + gateBytes];
    const tensors = [gates, inner, h0, h, dh, dhLast, dz, dzRecurrent[0] ?? dz, dh0].map(address);
    pool.run('gruSequenceGrad', [...words, ...tensors], batch * time * units * (3 * units + 48));
    return [dz, dh0, ...dzRecurrent];
  },
};
