import { engine, type Tensor, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { product } from '../matmul/batchMatMul.ts';
import {
  isAddressable,
  isRecurrentActivation,
  packedBytes,
  packRecurrent,
  type RecurrentActivation,
  seenAs,
  sequenceSizes,
} from './recurrent.ts';
import { inputGradients } from './recurrentGradient.ts';

/**
 * All steps of an LSTM. Besides every output it gives the last output and cell, and what the gradient needs: every
 * cell, and the gates' values in the order input, forget, candidate, output.
 * Shapes    x [B, T, F], kernel [F, 4U], recurrentKernel [U, 4U], bias [4U] or none, h0 and c0 [B, U]
 *           → [B, T, U], [B, U], [B, U], [B, T, U], [B, T, 4U]
 * Units     float32; attribute recurrentActivation: sigmoid, hardSigmoid
 * Throws    nothing: other shapes, dtypes and activations are not answered
 * Source    Hochreiter, Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735, with the forget gate of Gers et al. 2000;
 *           gates as in tfjs-layers' LSTMCell
 */
export const lstmSequence: Kernel = {
  kernelName: 'LstmSequence',
  run(context, inputs, attrs) {
    const sizes = sequenceSizes(inputs, 4);
    const recurrentActivation = attrs?.['recurrentActivation'];
    const { x, kernel, recurrentKernel, bias, h0, c0 } = inputs as Record<string, TensorInfo>;
    if (sizes === undefined || !isRecurrentActivation(recurrentActivation)) return undefined;
    if (h0 === undefined || c0 === undefined || !isAddressable(sizes, 4)) return undefined;
    if (!isSupported(...Object.values(inputs))) return undefined;
    const { batch, time, features, units } = sizes;
    const flat = seenAs(x as TensorInfo, [batch * time, features]);
    const sums = product(context, flat, kernel as TensorInfo, { transposeA: false, transposeB: false, bias });
    if (sums === undefined) return undefined;
    const { address, backend, pool } = context;
    const packed = pool.scratch(packedBytes(units, units, 4));
    packRecurrent(pool, packed, {
      source: address(recurrentKernel as TensorInfo),
      depth: units,
      units,
      width: 4,
      depthStride: 4 * units,
      unitStride: 1,
      gateStride: units,
    });
    const h = backend.makeOutput([batch, time, units], 'float32');
    const hLast = backend.makeOutput([batch, units], 'float32');
    const cLast = backend.makeOutput([batch, units], 'float32');
    const cells = backend.makeOutput([batch, time, units], 'float32');
    const words = [batch, time, units, recurrentActivation === 'hardSigmoid' ? 1 : 0, packed];
    const tensors = [sums, cells, c0, h, h0, hLast, cLast];
    pool.run('lstmSequence', [...words, ...tensors.map(address)], batch * time * units * (4 * units + 64));
    return [h, hLast, cLast, cells, seenAs(sums, [batch, time, 4 * units])];
  },
  gradient: {
    inputsToSave: ['x', 'kernel', 'recurrentKernel', 'h0', 'c0'],
    outputsToSave: [true, false, false, true, true],
    gradFunc(dys, saved, attrs) {
      const [dh, dhLast, dcLast] = dys as [Tensor, Tensor, Tensor];
      const [x, kernel, recurrentKernel, h0, c0, h, cells, gates] = saved as Saved;
      const recurrentActivation = attrs?.['recurrentActivation'] as RecurrentActivation;
      const [dz, dh0, dc0] = engine().runKernel(
        'LstmSequenceGrad',
        { dh, dhLast, dcLast, recurrentKernel, c0, cells, gates },
        { recurrentActivation },
      ) as [Tensor, Tensor, Tensor];
      return {
        ...inputGradients(x, kernel, dz),
        recurrentKernel: () => engine().runKernel('RecurrentKernelGrad', { h, h0, dz }) as Tensor,
        h0: () => dh0,
        c0: () => dc0,
      };
    },
  },
};

type Saved = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
