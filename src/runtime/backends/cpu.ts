import { ready, setBackend } from '../tf.ts';
import type { OpenBackend } from './backend.ts';

export async function openCpu(known: { isIsolated: boolean; notices: readonly string[] }): Promise<OpenBackend> {
  await setBackend('cpu');
  await ready();
  return {
    description: { backend: 'cpu', threads: 1, simdLevel: 'none', hasKernels: false, ...known },
    heapBytes: () => 0,
    dispose: () => undefined,
  };
}
