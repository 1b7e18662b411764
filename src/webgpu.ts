// For pages on which a teacher or a student may work on a GPU: import 'limbeck/webgpu'. It tells limbeck where the files for
// WebGPU and WebNN lie, and makes bundlers carry them. Nothing is fetched before a GPU is used.
import { addWebGpuFiles } from './core/webgpuFiles.ts';

// Each a literal expression, because bundlers recognise files only in this form.
addWebGpuFiles({
  'ort.webgpu.min.mjs': new URL('./ort.webgpu.min.mjs', import.meta.url).href,
  'ort-wasm-simd-threaded.asyncify.mjs': new URL('./ort-wasm-simd-threaded.asyncify.mjs', import.meta.url).href,
  'ort-wasm-simd-threaded.asyncify.wasm': new URL('./ort-wasm-simd-threaded.asyncify.wasm', import.meta.url).href,
  'tfjs-backend-webgpu.js': new URL('./tfjs-backend-webgpu.js', import.meta.url).href,
});
