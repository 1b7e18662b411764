import { engine, type NamedTensorMap, sum, type Tensor, type TensorInfo } from '../../tf.ts';
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
 * All steps of a GRU. With `resetAfter` (as in PyTorch and cuDNN) r multiplies h · U + recurrentBias, without (as in
 * tfjs-layers) h itself. Besides every output it gives the last one, and what the gradient needs: the gates' values in
 * the order update, reset, candidate, and r · h or, with `resetAfter`, what r multiplies.
 * Shapes    x [B, T, F], kernel [F, 3U], recurrentKernel [U, 3U], bias and recurrentBias [3U] or none, h0 [B, U]
 *           → [B, T, U], [B, U], [B, T, 3U], [B, T, U]
 * Units     float32; attributes recurrentActivation: sigmoid, hardSigmoid; resetAfter
 * Throws    nothing: other shapes, dtypes and activations, and a recurrentBias without resetAfter, are refused
 * Source    Cho et al. 2014, arXiv:1406.1078; gates as in tfjs-layers' GRUCell
 */
export const gruSequence: Kernel = {
  kernelName: 'GruSequence',
  run(context, inputs, attrs) {
    const sizes = sequenceSizes(inputs, 3);
    const recurrentActivation = attrs?.['recurrentActivation'];
    const resetAfter = attrs?.['resetAfter'] === true;
    const { x, kernel, recurrentKernel, bias, recurrentBias, h0 } = inputs as Record<string, TensorInfo>;
    if (sizes === undefined || !isRecurrentActivation(recurrentActivation)) return undefined;
    if (h0 === undefined || !isAddressable(sizes, 3)) return undefined;
    if (!isSupported(...Object.values(inputs))) return undefined;
    if (recurrentBias !== undefined && !resetAfter) return undefined;
    const { batch, time, features, units } = sizes;
    const flat = seenAs(x as TensorInfo, [batch * time, features]);
    const sums = product(context, flat, kernel as TensorInfo, { transposeA: false, transposeB: false, bias });
    if (sums === undefined) return undefined;
    const { address, backend, pool } = context;
    const gateBytes = packedBytes(units, units, 8);
    const packed = pool.scratch(gateBytes + packedBytes(units, units, 16));
    const source = address(recurrentKernel as TensorInfo);
    const panels = { depth: units, units, depthStride: 3 * units, unitStride: 1, gateStride: units };
    packRecurrent(pool, packed, { ...panels, source, width: 8 });
    packRecurrent(pool, packed + gateBytes, { ...panels, source: source + 8 * units, width: 16 });
    const inner = backend.makeOutput([batch, time, units], 'float32');
    const h = backend.makeOutput([batch, time, units], 'float32');
    const hLast = backend.makeOutput([batch, units], 'float32');
    const isHard = recurrentActivation === 'hardSigmoid' ? 1 : 0;
    const words = [batch, time, units, isHard, resetAfter ? 1 : 0, packed, packed + gateBytes];
    const tensors = [sums, inner, h0, h, hLast].map(address);
    const biasWord = recurrentBias === undefined ? 0 : address(recurrentBias);
    pool.run('gruSequence', [...words, ...tensors, biasWord], batch * time * units * (3 * units + 48));
    return [h, hLast, seenAs(sums, [batch, time, 3 * units]), inner];
  },
  gradient: {
    inputsToSave: ['x', 'kernel', 'recurrentKernel', 'h0'],
    outputsToSave: [true, false, true, true],
    gradFunc(dys, saved, attrs) {
      const [dh, dhLast] = dys as [Tensor, Tensor];
      const [x, kernel, recurrentKernel, h0, h, gates, inner] = saved as Saved;
      const { recurrentActivation, resetAfter } = attrs as unknown as GruAttrs;
      const [dz, dh0, ...rest] = engine().runKernel(
        'GruSequenceGrad',
        { dh, dhLast, recurrentKernel, h0, h, gates, inner },
        { recurrentActivation, resetAfter },
      ) as [Tensor, Tensor, ...Tensor[]];
      // With the reset before the product, its sums have the same gradient as x · W + b.
      const [dzRecurrent = dz] = rest;
      const forWeights: NamedTensorMap = resetAfter ? { h, h0, dz: dzRecurrent } : { h, h0, dz, reset: inner };
      return {
        ...inputGradients(x, kernel, dz),
        recurrentKernel: () => engine().runKernel('RecurrentKernelGrad', forWeights) as Tensor,
        recurrentBias: () => sum(dzRecurrent, [0, 1]),
        h0: () => dh0,
      };
    },
  },
};

type Saved = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];

interface GruAttrs {
  readonly recurrentActivation: RecurrentActivation;
  readonly resetAfter: boolean;
}
