// The one door to tfjs. Gradients are registered here, because tfjs-core alone registers none.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
// tfjs-layers calls some operations as methods: its orthogonal initializer does.
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-backend-cpu';
import { env } from '@tensorflow/tfjs-core';
import { isNode } from '../core/node.ts';

// In Node tfjs's cpu backend prints advice to install another tfjs, which limbeck would not use.
if (isNode()) env().set('PROD', true);

export {
  type BackendWasm,
  getThreadsCount,
  setThreadsCount,
  setWasmPaths,
  version_wasm as versionWasm,
} from '@tensorflow/tfjs-backend-wasm';
export * from '@tensorflow/tfjs-core';
export {
  initializers,
  input,
  type LayersModel,
  layers,
  loadLayersModel,
  model,
  type Sequential,
  type SymbolicTensor,
  sequential,
  version_layers as versionLayers,
} from '@tensorflow/tfjs-layers';
