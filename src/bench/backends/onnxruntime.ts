import { webGpuFilesObstacle } from '../../core/webgpuFiles.ts';
import type { OrtDevice } from '../../runtime/ort.ts';
import { findGpu, nativeObstacle, webnnObstacle } from '../../runtime/ortDevices.ts';
import type { BackendFamily } from '../backendFamily.ts';

export const onnxruntimeWasm = family('wasm', 'everywhere', async () => undefined);

/** On the GPU, by the files that `limbeck/webgpu` brings along. */
export const onnxruntimeWebgpu = family(
  'webgpu',
  'pages',
  async () => (await findGpu()).obstacle ?? webGpuFilesObstacle(),
);

export const onnxruntimeWebnn = family('webnn', 'pages', async () => webnnObstacle() ?? webGpuFilesObstacle());

/** onnxruntime-node, where it is installed. */
export const onnxruntimeNative = family('native', 'node', async () => nativeObstacle());

/** Each runs ONNX files only: a student's too, as `toOnnx` writes it. */
function family(
  device: OrtDevice,
  usual: BackendFamily['usual'],
  obstacle: () => Promise<string | undefined>,
): BackendFamily {
  const hasThreads = device === 'wasm' || device === 'native';
  return {
    name: `onnxruntime-${device}`,
    hasThreads,
    hasLevels: false,
    isOnGpu: device === 'webgpu' || device === 'webnn',
    usual,
    obstacle,
    place: (threads) => ({ onnx: { device, threads } }),
  };
}
