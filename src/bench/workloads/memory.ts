import { inference } from './inference.ts';

/**
 * What a model occupies while it answers: the times are those of `inference`, and `peakBytes` is the heap of WebAssembly or what
 * the GPU holds, `sessionBytes` what opening the model added to it.
 */
export const memory = { ...inference, name: 'memory' } as const;
