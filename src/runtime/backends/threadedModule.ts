// The shipped file tfjs-backend-wasm-threaded.js: how tfjs's threaded WebAssembly build starts, and the script of its threads.
export { default as start } from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js';
// @ts-expect-error: tfjs has no types for it
export { wasmWorkerContents as script } from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js';
