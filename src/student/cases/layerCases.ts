// What the tests of layers share. Only tests import this file.
import { afterAll, beforeAll } from 'vitest';
import type { OpenBackend } from '../../runtime/backends/backend.ts';
import { openBackendHere } from '../../runtime/backends/open.ts';
import { builtAssets } from '../../runtime/cases/assetCases.ts';
import { expectNoTensorsLeft } from '../../runtime/cases/tensorsLeftCases.ts';

/** Opens a backend (wasm with kernels) for the tests of a `describe`; each must leave as many tensors as it found. */
export function onBackend(backend: 'cpu' | 'wasm'): void {
  let opened: OpenBackend | undefined;
  beforeAll(async () => {
    opened = await openBackendHere(
      backend === 'cpu' ? { backend } : { backend, simdLevel: 'simd', assetBase: builtAssets() },
    );
  });
  expectNoTensorsLeft();
  afterAll(() => opened?.dispose());
}
