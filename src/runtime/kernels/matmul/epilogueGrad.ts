import { util } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { EPILOGUES } from './gemm.ts';

/** Approximate values in a chunk of rows: three streams of it fit into a second-level cache. */
const CHUNK_VALUES = 16_384;
const MOST_CHUNKS = 256;

const ACTIVATIONS = ['linear', 'relu', 'relu6', 'gelu'] as const;

/**
 * Backward through bias and activation in one pass: the first part of the gradients of fused products and convolutions.
 * Shapes    dy [..., C], y [..., C] (the activated output, of gelu its slopes; of linear not read) → dx [..., C] (not of
 *           linear), bias [C]
 * Units     float32; activations linear, relu, relu6, gelu
 * Throws    nothing: other dtypes and activations give no result
 * Source    the chain rule; tfjs gives dy · step(y), then sums it
 */
export const epilogueGrad: Kernel = {
  kernelName: 'EpilogueGrad',
  run({ backend, pool, address }, { dy, y }, attrs) {
    const activation = ACTIVATIONS.find((name) => name === attrs?.['activation']);
    if (dy === undefined || y === undefined || activation === undefined || !isSupported(dy, y)) return undefined;
    const columns = dy.shape.at(-1);
    if (columns === undefined || !util.arraysEqual(dy.shape, y.shape)) return undefined;
    const size = util.sizeFromShape(dy.shape);
    const rows = size / columns;
    const chunks = Math.min(MOST_CHUNKS, rows, Math.ceil(size / CHUNK_VALUES));
    const before = activation === 'linear' ? undefined : backend.makeOutput(dy.shape, 'float32');
    const bias = backend.makeOutput([columns], 'float32');
    const partials = chunks === 1 ? address(bias) : pool.scratch(chunks * columns * 4);
    const words = [
      address(dy),
      address(y),
      before === undefined ? 0 : address(before),
      address(bias),
      partials,
      rows,
      columns,
      EPILOGUES[activation],
      chunks,
    ];
    pool.run('epilogueGrad', words, size);
    if (chunks > 1) pool.run('epilogueGradSum', words, chunks * columns);
    return before === undefined ? [bias] : [before, bias];
  },
};
