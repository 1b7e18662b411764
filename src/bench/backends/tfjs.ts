import { isNode } from '../../core/node.ts';
import { webGpuFilesObstacle } from '../../core/webgpuFiles.ts';
import { findGpu } from '../../runtime/ortDevices.ts';
import type { BackendFamily } from '../backendFamily.ts';
import type { TfjsPlace } from '../session/task.ts';

/** Plain JavaScript: the reference for students. */
export const tfjsCpu = family('cpu', 'everywhere', async () => undefined);

/**
 * As tfjs comes, without limbeck's kernels: on one thread, or with its threaded build by the file tfjs-backend-wasm-threaded.js of limbeck's
 * package, which nothing else loads. It cannot train a convolution.
 */
export const tfjsWasm = family('wasm', 'everywhere', async (threads) =>
  threads > 1 && isNode() ? 'tfjs’s threads start in pages only.' : undefined,
);

/** By the file tfjs-backend-webgl.js of limbeck's package, which nothing else loads. */
export const tfjsWebgl = family('webgl', 'pages', async () =>
  typeof OffscreenCanvas === 'undefined'
    ? 'There is no OffscreenCanvas here, on which tfjs uses WebGL in a worker.'
    : undefined,
);

/** By the files that `limbeck/webgpu` brings along. */
export const tfjsWebgpu = family('webgpu', 'pages', async () => (await findGpu()).obstacle ?? webGpuFilesObstacle());

/** Each runs and trains students. */
function family(
  engine: TfjsPlace['engine'],
  usual: BackendFamily['usual'],
  obstacle: BackendFamily['obstacle'],
): BackendFamily {
  return {
    name: `tfjs-${engine}`,
    hasThreads: engine === 'wasm',
    hasLevels: false,
    isOnGpu: engine === 'webgl' || engine === 'webgpu',
    usual,
    obstacle,
    place: (threads) => ({ tfjs: { engine, threads } }),
  };
}
