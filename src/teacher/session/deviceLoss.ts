import type { GpuDevice } from '../../runtime/gpu.ts';
import type { Ort, OrtDevice } from '../../runtime/ort.ts';

/** How long to wait for the news that a GPU is lost, where a run on it failed. */
const LOSS_MS = 250;

interface Gpu {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
}

/**
 * Watches runs on a GPU: onnxruntime leaves them pending when it is lost, and fails on others before it says why.
 * What is watched ends with the loss, where there was one.
 */
export function watchDevice(ort: Ort, device: OrtDevice, gpuDevice: GpuDevice | undefined) {
  if (device !== 'webgpu') return <T>(running: Promise<T>): Promise<T> => running;
  let loss: Error | undefined;
  let tell: ((error: Error) => void) | undefined;
  const getting = gpuDevice ?? (ort.env.webgpu.device as unknown as Promise<Gpu>);
  Promise.resolve(getting)
    .then((gpu) => gpu.lost)
    .then(({ reason, message }) => {
      loss = new Error(`the GPU was lost (${message || reason || 'no reason was given'})`);
      tell?.(loss);
    })
    .catch(() => undefined);

  /** A promise of the loss itself would keep the results of every run that was raced against it. */
  function unlessLost<T>(running: Promise<T>): Promise<T> {
    if (loss !== undefined) return Promise.reject(loss);
    return new Promise<T>((resolve, reject) => {
      tell = reject;
      running.then(resolve, reject);
    }).finally(() => {
      tell = undefined;
    });
  }

  /** A run on a lost GPU may end before its loss is told. */
  function lossToldSoon(): Promise<void> {
    return new Promise((resolve) => {
      if (loss !== undefined) resolve();
      tell = () => resolve();
      setTimeout(resolve, LOSS_MS);
    });
  }

  return async <T>(running: Promise<T>): Promise<T> => {
    try {
      return await unlessLost(running);
    } catch (error) {
      await lossToldSoon();
      throw loss ?? error;
    }
  };
}
