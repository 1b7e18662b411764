// What the package exports; the public.ts of each folder lists its names.
import './core/dispose.ts';

export { type Configuration, configure, type WorkerSource } from './core/configure.ts';
export { LimbeckError, type LimbeckErrorCode } from './core/errors.ts';
export type { Run } from './core/run.ts';
export { type NamedArrays, type NdArray, ndArray } from './core/shape.ts';
export type { BackendDescription, BackendOptions } from './runtime/backends/backend.ts';
export { type Capabilities, detectCapabilities, type SimdLevel } from './runtime/capabilities.ts';
export type { NodeThread } from './core/nodeThread.ts';
export type { WorkerOption } from './workers/host.ts';
export type { ModelIntegrity } from './network/integrity.ts';
export * from './core/sound/public.ts';
export * from './core/text/public.ts';

export * from './data/public.ts';
export * from './storage/public.ts';
export * from './onnx/public.ts';
export * from './teacher/public.ts';
export * from './student/public.ts';
export * from './losses/public.ts';
export * from './train/public.ts';
export * from './distill/public.ts';
export * from './adapt/public.ts';
export * from './export/public.ts';
export * from './predict/public.ts';
export * from './generate/public.ts';
export * from './bench/public.ts';
