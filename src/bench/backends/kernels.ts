import { kernelsObstacle } from '../../teacher/session/devices.ts';
import type { BackendFamily } from '../backendFamily.ts';

/** limbeck's kernels: the engine of ONNX files, and what students run and train on. */
export const kernels: BackendFamily = {
  name: 'kernels',
  hasThreads: true,
  hasLevels: true,
  isOnGpu: false,
  usual: 'everywhere',
  obstacle: kernelsObstacle,
  place: (threads, simdLevel) => ({
    onnx: { device: 'kernels', threads, simdLevel },
    tfjs: { engine: 'kernels', threads, simdLevel },
  }),
};
