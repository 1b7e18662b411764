import { ready, setBackend, version_core as tfjsVersion } from '../tf.ts';
import type { OpenBackend } from './backend.ts';

export async function openCpu(known: { isIsolated: boolean; notices: readonly string[] }): Promise<OpenBackend> {
  await setBackend('cpu');
  await ready();
  return {
    description: { backend: 'cpu', threads: 1, simdLevel: 'none', hasKernels: false, tfjsVersion, ...known },
    heapBytes: () => 0,
    dispose: () => undefined,
  };
}
