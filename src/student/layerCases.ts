// What the tests of layers share. Only tests import this file.
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { builtAssets } from '../runtime/assetCases.ts';
import type { OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import * as tf from '../runtime/tf.ts';

/** A backend, wasm with kernels, for the tests of a `describe`, each of which must leave as many tensors as it found. */
export function onBackend(backend: 'cpu' | 'wasm'): void {
  let opened: OpenBackend | undefined;
  let tensorsBefore = 0;
  beforeAll(async () => {
    opened = await openBackendHere(
      backend === 'cpu' ? { backend } : { backend, simdLevel: 'simd', assetBase: builtAssets() },
    );
  });
  beforeEach(() => {
    tensorsBefore = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensorsBefore));
  afterAll(() => opened?.dispose());
}
