// The shipped file tfjs-backend-webgpu.js: tfjs's WebGPU backend and its kernels, for the tfjs-core that it is given.
import '@tensorflow/tfjs-backend-webgpu/dist/flags_webgpu.js';
import '@tensorflow/tfjs-backend-webgpu/dist/register_all_kernels.js';

// Not the package's entry: that one registers a backend which makes a device of its own.
export { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu/dist/backend_webgpu.js';
