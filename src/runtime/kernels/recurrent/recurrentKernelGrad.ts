import type { TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { linear, runGemmSplit, splitScratchBytes } from '../matmul/gemm.ts';
import { isOfShape } from './recurrent.ts';

/**
 * Gradient of a recurrent matrix: the sum over all steps of (state before the step)ᵀ · (gradient of the step's sums).
 * `reset` replaces the state in the last U columns, since a GRU's candidate reads r · h.
 * Shapes    h [B, T, U], h0 [B, U], dz [B, T, N], reset [B, T, U] or none → [U, N]
 * Units     float32
 * Throws    nothing: other shapes and dtypes are not answered
 * Source    backpropagation through time; Werbos 1990, doi:10.1109/5.58337
 */
export const recurrentKernelGrad: Kernel = {
  kernelName: 'RecurrentKernelGrad',
  run({ address, backend, pool }, inputs) {
    const { h, h0, dz, reset } = inputs as Record<string, TensorInfo>;
    if (h?.shape.length !== 3 || dz?.shape.length !== 3) return undefined;
    const [batch, time, units] = h.shape as [number, number, number];
    const width = dz.shape[2] as number;
    if (!isOfShape(h0, [batch, units]) || !isOfShape(dz, [batch, time, width])) return undefined;
    if (reset !== undefined && (!isOfShape(reset, h.shape) || width <= units)) return undefined;
    if (!isSupported(h, h0, dz, reset)) return undefined;
    const steps = batch * time;
    const before = pool.scratch(steps * units * 4 + splitScratchBytes(units, width, steps));
    pool.run('recurrentShift', [batch, time, units, address(h0), address(h), before], steps * units * 2);
    const out = backend.makeOutput([units, width], 'float32');
    const columns = (state: number, first: number, count: number) =>
      runGemmSplit(
        pool,
        {
          a: state,
          b: address(dz) + 4 * first,
          c: address(out) + 4 * first,
          m: units,
          n: count,
          k: steps,
          aRows: linear(1),
          aCols: linear(units),
          bRows: linear(width),
          bCols: linear(1),
          cRows: linear(width),
        },
        before + steps * units * 4,
      );
    if (reset === undefined) {
      columns(before, 0, width);
    } else {
      columns(before, 0, width - units);
      columns(address(reset), width - units, units);
    }
    return out;
  },
};
