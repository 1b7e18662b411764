// For pages that only run a student: no tfjs, no training, and onnxruntime-web only in a worker.
import './core/dispose.ts';

export { type Configuration, configure, type WorkerSource } from './core/configure.ts';
export { LimbeckError, type LimbeckErrorCode } from './core/errors.ts';
export { type NamedArrays, type NdArray, ndArray } from './core/shape.ts';
export * from './core/sound/public.ts';
export * from './core/text/public.ts';
export { type CachedModel, type ModelCache, type ModelCacheOptions, modelCache } from './network/cache/modelCache.ts';
export type { ModelIntegrity } from './network/integrity.ts';
export * from './predict/public.ts';
export { type OpenStoreOptions, openStore } from './storage/openStore.ts';
export type { Store } from './storage/store.ts';
